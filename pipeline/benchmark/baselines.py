"""What teams do without a diagnosis, on the same questions: never, always, by the share of drifted columns, by PSI."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from pipeline.benchmark.instance import Answer
from pipeline.drift.scores import PSI, score_column, score_profiles
from pipeline.models.artifact import Artifact
from pipeline.profiles.counting import exact_values
from pipeline.windows.baseline import baseline_of
from pipeline.windows.window import Window
from pipeline.workspace.policy import Policy

_PSI = 0.2  # "significant change" in the credit-scoring rule of thumb
_RETRAIN = Answer(cause="covariate_harmful", action="retrain", mode="combined")
_QUIET = Answer(cause="none", action="monitor")


def never(window: Window, champion: Artifact, policy: Policy) -> Answer:
    """Nothing is ever done."""
    return _QUIET


def always(window: Window, champion: Artifact, policy: Policy) -> Answer:
    """Retrained at every look."""
    return Answer(cause="concept_drift", action="retrain", mode="combined")


def by_share(window: Window, champion: Artifact, policy: Policy) -> Answer:
    """Retrained where Evidently's share of drifted columns lies above the policy's bands; between them where outcomes are there to train
    on, which are otherwise collected. A column without any value counts as drifted."""
    baseline = baseline_of(champion)
    exact = exact_values((baseline.source, baseline.restriction), (window.source, window.restriction), window.columns)
    scores = score_profiles(baseline.profile, window.profile, exact)
    features = window.columns.features
    share = sum(name not in scores or scores[name].drifted for name in features) / len(features)
    band = policy.band(share, window.rows)
    if band in ("monitor", "not_enough_data"):
        return _QUIET
    rules = policy.training
    if window.labelled_rows >= rules.min_labelled_rows and window.labelled_churners >= rules.min_labelled_churners:
        return _RETRAIN
    return Answer(cause="covariate_harmful", action="collect_labels")


def by_psi(window: Window, champion: Artifact, policy: Policy) -> Answer:
    """Retrained where the PSI of any column exceeds 0.2."""
    before, after = baseline_of(champion).profile, window.profile
    numbers = [score_column(one, other, method=PSI) for one, other in zip(before.numerical, after.numerical, strict=True)]
    words = [score_column(one, other, method=PSI) for one, other in zip(before.categorical, after.categorical, strict=True)]
    return _RETRAIN if any(score is None or score.score > _PSI for score in (*numbers, *words)) else _QUIET


BASELINES: Mapping[str, Callable[[Window, Artifact, Policy], Answer]] = MappingProxyType(
    {"never": never, "always": always, "share": by_share, "psi": by_psi}
)
