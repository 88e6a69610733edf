"""Who decides in a replay: the diagnosis, and what teams do without one."""

from collections.abc import Callable, Mapping

from pipeline.benchmark.baselines import always, by_psi, never
from pipeline.benchmark.instance import Answer
from pipeline.diagnosis.diagnose import diagnose
from pipeline.diagnosis.observed import observe
from pipeline.replay.error_monitor import has_grown
from pipeline.replay.look import Look
from pipeline.windows.baseline import baseline_of
from pipeline.workspace.policy import Policy
from pipeline.workspace.value_settings import ValueSettings

Decide = Callable[[Look], Answer]

OPERATOR = "diagnosis"
ORACLE = "oracle"
EVERY = 3  # batches: a quarter where they are months, the rhythm of many teams
_QUIET = Answer(cause="none", action="monitor")
_RETRAIN = Answer(cause="concept_drift", action="retrain", mode="combined")


def strategies(policy: Policy, value: ValueSettings) -> Mapping[str, Decide]:
    """The operator first, then the simple ones, by name."""
    return {
        OPERATOR: lambda look: _diagnosed(look, policy, value),
        "never": lambda look: never(look.recent, look.champion, policy),
        "always": lambda look: always(look.recent, look.champion, policy),
        f"every {EVERY}": lambda look: _QUIET if look.number % EVERY else _RETRAIN,
        "psi": lambda look: by_psi(look.recent, look.champion, policy),
        "errors": by_errors,
    }


def by_errors(look: Look) -> Answer:
    """Retrained where the champion errs more often than before, on all outcomes it was not trained on."""
    if look.matured.empty:
        return _QUIET
    manifest = look.champion.manifest
    said = look.champion.scores(look.matured) >= manifest.threshold
    return _RETRAIN if has_grown(said != (look.matured[manifest.columns.target] == 1)) else _QUIET


def _diagnosed(look: Look, policy: Policy, value: ValueSettings) -> Answer:
    found = diagnose(observe(look.champion, baseline_of(look.champion), look.window), policy, value=value)
    return Answer.of(found)
