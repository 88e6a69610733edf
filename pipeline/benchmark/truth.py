"""The truth about a world, found by doing: every remedy is carried out on the window and lived with in the future."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.benchmark.instance import Question, Remedy, Truth
from pipeline.benchmark.world import World
from pipeline.diagnosis.finding import Cause
from pipeline.families import family_named
from pipeline.measures.campaign_value import worth
from pipeline.models.unfitted_model import build, hyperparameters_of
from pipeline.workspace.value_settings import ValueSettings
from pipeline.worlds.scenarios import scenario_named

# In points: percent of the maximum, the profit of offers to the churners alone, in the same time. Looking costs nothing; whatever people must be
# asked for, check or approve costs about what a small real gain brings, so that none of it is right where nothing is wrong.
COST: dict[Remedy, float] = {
    "monitor": 0.0,
    "recalibrate": 1.2,
    "collect_labels": 1.2,
    "fix_data": 1.2,
    "retrain_combined": 1.5,
    "retrain_recent": 1.5,
    "fix_then_retrain": 2.7,
}
TOLERANCE = 1.0  # points below the best remedy within which another is as good
BROKEN_FOR = 0.5  # of the future, until a fault is fixed without being reported
COLLECTING = 0.25  # of the future, until more outcomes are there
_FITTED: tuple[Remedy, ...] = ("recalibrate", "retrain_combined", "retrain_recent")
_FEWEST, _FEWEST_PER_CLASS = 60, 15  # known outcomes below which nothing can be fitted on them
_MEMBERS = 80  # of an ensemble, enough to rank remedies
_ROUNDS = 100  # of expectation and maximisation; by then the share stands

Scores = NDArray[np.float64]
Gains = Mapping[Remedy, float]
Model = Callable[[pd.DataFrame], Scores]


def find_truth(question: Question, world: World, free: Gains, value: ValueSettings) -> Truth:
    """Carry out every remedy and judge each by the future.

    `free` is what `gained_by_rows` finds in a twin world where nothing changed: the worth of more rows, not of having noticed. It is
    subtracted, but for a fault, on whose rows nothing may be trained anyway.
    """
    scenario = scenario_named(question.kind)
    fault, label_fault = scenario.truth == "data_fault", scenario.truth == "label_fault"
    life = _Life(world, value)
    monitor = life.percent(life.champion)
    now = life.refitted(world.known, free)
    later = now if np.array_equal(world.known, world.matured) else life.refitted(world.matured, free)
    scores: dict[Remedy, float | None] = {"monitor": monitor}
    scores |= {remedy: None if now[remedy] is None else now[remedy] - COST[remedy] for remedy in _FITTED}  # type: ignore[operator]
    scores["fix_data"] = life.once_fixed(life.champion) - COST["fix_data"]
    scores["fix_then_retrain"] = life.fixed_then_retrained(scenario.also is not None, free) - COST["fix_then_retrain"] if fault else None
    after = max([monitor, *(gained - COST[remedy] for remedy, gained in later.items() if gained is not None and not fault)])
    scores["collect_labels"] = COLLECTING * monitor + (1 - COLLECTING) * after - COST["collect_labels"]
    helped = max((gained for remedy, gained in later.items() if remedy != "recalibrate" and gained is not None), default=monitor) - monitor
    cause: Cause = scenario.truth
    if cause in ("covariate_benign", "covariate_harmful"):
        cause = "covariate_harmful" if helped > COST["retrain_combined"] else "covariate_benign"
    return Truth(
        cause=cause,
        also=scenario.also,
        columns=world.change.columns,
        worth=scores,
        acceptable=_acceptable(scores, fault, label_fault, scenario.also is not None),
        unsafe=fault or label_fault,
        invisible=question.labels == "none" and world.change.only_behaviour,
    )


def _acceptable(scores: dict[Remedy, float | None], fault: bool, label_fault: bool, two: bool) -> tuple[Remedy, ...]:
    safe = {remedy: score for remedy, score in scores.items() if score is not None and not ((fault or label_fault) and remedy in _FITTED)}
    right = {remedy for remedy, score in safe.items() if score >= max(safe.values()) - TOLERANCE}
    # A fault that does no harm is fixed all the same, but not where more is to be done and helps.
    fixed, more = safe["fix_data"], safe.get("fix_then_retrain", -np.inf)
    if fault and (not two or fixed >= more - TOLERANCE):
        right.add("fix_data")
    if label_fault:
        right.add("collect_labels")
    return tuple(remedy for remedy in scores if remedy in right)


def gained_by_rows(world: World, value: ValueSettings) -> Gains:
    """Points that each way of refitting gains in a world where nothing changed; what is not known yet counts as matured where nothing is."""
    life = _Life(world, value)
    monitor = life.percent(life.champion)
    refitted = life.refitted(world.matured if np.isnan(world.known).all() else world.known, {})
    return {remedy: max(0.0, score - monitor) for remedy, score in refitted.items() if score is not None}


class _Life:
    """The future of one world, as seen by models."""

    def __init__(self, world: World, value: ValueSettings) -> None:
        self._world, self._value = world, value
        self._scored: dict[int, Scores] = {}

    def champion(self, rows: pd.DataFrame) -> Scores:
        """The champion's scores of one of the world's frames, found out once."""
        if id(rows) not in self._scored:
            self._scored[id(rows)] = self._world.exhibit.champion.scores(rows)
        return self._scored[id(rows)]

    def percent(self, model: Model) -> float:
        """Worth of a campaign by a model that lives through the fault, if there is one, until it is fixed."""
        if self._world.broken is None:
            return self.once_fixed(model)
        return BROKEN_FOR * self._campaign(model, self._world.broken) + (1 - BROKEN_FOR) * self.once_fixed(model)

    def once_fixed(self, model: Model) -> float:
        """The same where every column says what it means."""
        return self._campaign(model, self._world.future)

    def refitted(self, outcomes: Scores, free: Gains) -> dict[Remedy, float | None]:
        """Worth of what can be fitted on the window with these outcomes (NaN: not known), without what it gains for `free`."""
        found: dict[Remedy, float | None] = {}
        for remedy in _FITTED:
            model = self._fit(remedy, self._world.features, outcomes)
            found[remedy] = None if model is None else self.percent(model) - free.get(remedy, 0.0)
        return found

    def fixed_then_retrained(self, another_cause: bool, free: Gains) -> float:
        """Worth of fixing the data, and then of the better retraining on what the window's rows should have said. Where the fault is the only
        cause, or too few outcomes are known, that is as good as the champion once fixed."""
        champion, world = self.once_fixed(self.champion), self._world
        if not another_cause or world.sound is None:
            return champion
        ways: tuple[Remedy, ...] = ("retrain_combined", "retrain_recent")
        models = {remedy: self._fit(remedy, world.sound, world.sound_known) for remedy in ways}
        fitted = [self.once_fixed(model) - free.get(remedy, 0.0) for remedy, model in models.items() if model is not None]
        return max(fitted, default=champion)

    def _campaign(self, model: Model, rows: pd.DataFrame) -> float:
        return worth(self._world.expected, model(rows), self._value).percent

    def _fit(self, remedy: Remedy, seen: pd.DataFrame, outcomes: Scores) -> Model | None:
        known = ~np.isnan(outcomes)
        churners = int(np.nansum(outcomes))
        enough = known.sum() >= _FEWEST and min(churners, int(known.sum()) - churners) >= _FEWEST_PER_CLASS
        if remedy == "recalibrate":
            return self._recalibrated(outcomes, known) if enough else self._moved_to_prior()
        if not enough:
            return None
        champion = self._world.exhibit.champion
        columns, estimator = champion.manifest.columns, champion.manifest.family
        features, target = list(columns.features), columns.target
        rows = seen[known].assign(**{target: outcomes[known].astype("int8")})
        if remedy == "retrain_combined":
            rows = pd.concat([champion.reference()[[*features, target]], rows], ignore_index=True)
        size = family_named(estimator).quick(hyperparameters_of(estimator, {}), _MEMBERS)
        model = build(estimator, size, champion.manifest.seed, columns).fit(rows[features], rows[target])
        return lambda frame: np.asarray(model.predict_proba(frame[features])[:, 1])

    def _recalibrated(self, outcomes: Scores, known: NDArray[np.bool_]) -> Model:
        from sklearn.linear_model import LogisticRegression

        said = _log_odds(self.champion(self._world.features))[:, None]
        fitted = LogisticRegression(C=np.inf).fit(said[known], outcomes[known])
        return lambda frame: np.asarray(fitted.predict_proba(_log_odds(self.champion(frame))[:, None])[:, 1])

    def _moved_to_prior(self) -> Model:
        """The champion's scores moved to the share of churners that they themselves suggest for the window.

        Source: Saerens, Latinne and Decaestecker (2002), "Adjusting the Outputs of a Classifier to New a Priori Probabilities".
        """
        manifest = self._world.exhibit.champion.manifest
        p, prior = self.champion(self._world.features), manifest.churners / manifest.rows
        share = prior
        for _ in range(_ROUNDS):
            share = float(_moved(p, share, prior).mean())
        return lambda frame: _moved(self.champion(frame), share, prior)


def _moved(p: Scores, share: float, prior: float) -> Scores:
    churns, stays = p * share / prior, (1 - p) * (1 - share) / (1 - prior)
    return np.asarray(churns / (churns + stays))


def _log_odds(p: Scores) -> Scores:
    kept = np.clip(p, 1e-4, 1 - 1e-4)
    return np.asarray(np.log(kept / (1 - kept)))
