"""Why the champion's measure fell: every mechanism undone, alone and with others, on the customers whose outcome is known.

Few mechanisms are asked, not every column: each broken column (its repair is made, and the champion scores again; without a repair, a model that never saw the
column scores), the mix of customers (`customer_mix`), the churn level of all, and changed behaviour (`behaviour_change`), of the one group that stands out and of the
others. A coalition is a set of them undone at once; its value is the champion's measure on those rows then. Shapley values split the way from
nothing undone to everything undone, so nothing depends on an order. What they leave of the way to what was promised is chance, or not explained.

Whatever the champion's probabilities got wrong before is in the promise too, so stale calibration is no mechanism of its own: a calibration that got worse is level
or behaviour. Customers who were contacted are not among the rows, so what a team's own offers brought is not either.

Intervals are drawn: rows of both sides are drawn again (Poisson bootstrap), and behaviour, before and now, as far as it is unknown.

Source: Shapley (1953), "A Value for n-Person Games"; Zhang, Singh, Ghassemi and Joshi (2023), "Why did the Model Fail? Attributing Model Performance
Changes to Distribution Shifts", for mechanisms as players and the measure as value.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.diagnosis.attribution.attribution import POINTS, AttributedMeasure, Attribution, Mechanism
from pipeline.diagnosis.attribution.behaviour_change import BehaviourChange, fit_behaviour_change
from pipeline.diagnosis.attribution.customer_mix import CustomerMix, fit_customer_mix, moved_most
from pipeline.diagnosis.attribution.drawn_share import DrawnShare, interval, joined
from pipeline.diagnosis.attribution.scored_rows import PER, ScoredRows
from pipeline.diagnosis.attribution.scores_undone import scores_undone
from pipeline.diagnosis.attribution.shapley import shapley_values
from pipeline.diagnosis.finding import Finding
from pipeline.diagnosis.observed import SEED, Observed
from pipeline.diagnosis.outcomes.calibration_line import from_log_odds, log_odds
from pipeline.diagnosis.outcomes.expected_churn import ExpectedChurn, expected_churn
from pipeline.diagnosis.outcomes.expected_outcomes import one_row_each
from pipeline.diagnosis.outcomes.segments import SCORE, cut_up
from pipeline.diagnosis.population.crosstab import crosstab
from pipeline.diagnosis.population.domain_classifier import Domain, fit_domain_classifier
from pipeline.diagnosis.repairs.repair import Repair
from pipeline.measures.campaign_value import expected_value, reachable
from pipeline.shown_text import plain
from pipeline.workspace.value_settings import ValueSettings

Numbers = NDArray[np.float64]
Mask = NDArray[np.bool_]

_MEASURES: tuple[AttributedMeasure, ...] = ("profit", "roc_auc", "log_loss")
_ROWS = 10_000  # with a known outcome: more take longer and narrow nothing that matters
_DRAWS = 150
_BEYOND_CHANCE = 1.645  # standard errors, one-sided 95%
_BANDS = 16  # of the score, whose shares the mix is fitted to
_OTHERS = "any other value"
_COVERED = 0.5  # of the rows; where the reference covers fewer, nobody knows how such customers behaved


@dataclass(frozen=True)
class _Player:
    what: Mechanism
    where: str | None


@dataclass(frozen=True)
class _Drawn:
    """One draw of everything that is not known for sure: what each row stands for as they came and with the mix undone, the log-odds of churn as in the reference,
    the level, and what the group and the others add, what outcomes hold beyond it, and how often each reference row was drawn."""

    kept: Numbers
    mixed: Numbers
    before: Numbers
    level: float
    group: Numbers
    others: Numbers
    left: Numbers
    reference: Numbers


def attribute(
    observed: Observed,
    repaired: Observed,
    repairs: Sequence[Repair],
    suspects: Sequence[str],
    found: Sequence[Finding],
    value: ValueSettings,
    *,
    only_losses: bool = False,
) -> Attribution | None:
    """The change of the campaign's profit against what was promised, and of ROC-AUC and log loss, split into shares.

    Args:
        observed: the window as it was sent.
        repaired: the same with `repairs` made, seen by a model that never saw the `suspects`.
        repairs: those that return.
        suspects: broken columns that nothing repairs.
        found: findings, of which `conditional_change` names the group that stands out.
        value: what offers cost and bring.
        only_losses: nothing is split where the profit did not fall beyond chance.

    None where outcomes or customers are too few to compare, or the reference hardly covers these.
    """
    base = one_row_each(repaired, _ROWS)
    base = replace(base, window=base.labelled.features[list(base.columns.features)], ids=base.labelled.ids, scores=base.labelled_scores)
    y, y_before = (rows.to_numpy(dtype=np.float64) for rows in (base.labelled.churned, base.reference[base.columns.target]))
    if not base.columns.features or min(y.size, y_before.size) < 1 or y.min() == y.max() or y_before.min() == y_before.max():
        return None
    if only_losses and not _fell(observed, base, y, y_before, value):
        return None
    domain = fit_domain_classifier(crosstab(base, base.reference), SEED)
    if domain is None or 1 - float(domain.unsupported[1].mean()) < _COVERED:
        return None
    return _Case(observed, base, domain, repairs, suspects, _group(base, found), value).attribution()


def _fell(observed: Observed, base: Observed, y: Numbers, y_before: Numbers, value: ValueSettings) -> bool:
    """Whether the champion's campaign earned less than promised, beyond chance."""
    sent = observed.labelled_scores[observed.labelled.features.index.get_indexer(base.labelled.features.index)]
    sides = (ScoredRows(sent, value), _stand_for(base), y), (ScoredRows(observed.reference_scores, value), np.ones(y_before.size), y_before)
    now, promised = (rows.measured("profit", weights, outcome) for rows, weights, outcome in sides)
    error = sum(rows.profit_error(weights, outcome) ** 2 for rows, weights, outcome in sides) ** 0.5
    return bool(now - promised < -_BEYOND_CHANCE * error)


def _stand_for(base: Observed) -> Numbers:
    """How many customers each labelled row stands for, shape (labelled,)."""
    weights = base.labelled.weights
    return np.ones(len(base.labelled.churned)) if weights is None else weights.to_numpy(dtype=np.float64)


def _group(base: Observed, found: Sequence[Finding]) -> tuple[str | None, Mask]:
    """The group that stands out, for people, and its rows; nobody where no finding tells of one."""
    told = next((one for one in found if one.name == "conditional_change" and one.notable), None)
    nobody = None, np.zeros(len(base.window), dtype=bool)
    if told is None:
        return nobody
    for one in cut_up(base.reference, base.window, base.columns, base.reference_scores, base.scores):
        column = SCORE if one.column is None else plain(one.column)
        if told.segment == (column, one.said) and 0 < one.after.sum() < one.after.size:
            return f"{column} {one.said}", one.after
    return nobody


class _Case:
    """Everything that is fitted once."""

    def __init__(
        self,
        observed: Observed,
        base: Observed,
        domain: Domain,
        repairs: Sequence[Repair],
        suspects: Sequence[str],
        group: tuple[str | None, Mask],
        value: ValueSettings,
    ) -> None:
        self._base, self._value, tab = base, value, domain.tab
        self._y = base.labelled.churned.to_numpy(dtype=np.float64)
        self._y_before = base.reference[base.columns.target].to_numpy(dtype=np.float64)
        self._stand_for = _stand_for(base)
        # The promise is the champion's own, whoever stands in for it.
        self._promise = ScoredRows(observed.reference_scores, value)
        columns, self._scored = scores_undone(observed, base, repairs, suspects, value)
        self._churn: ExpectedChurn = expected_churn(base, domain)
        self._unknown = self._churn.design @ np.linalg.cholesky(self._churn.covariance)
        cells = tab.indicators(tab.window)
        bands = np.unique(np.quantile(base.reference_scores, np.arange(1, _BANDS) / _BANDS))
        now, before = (np.eye(bands.size + 1)[np.searchsorted(bands, scores)] for scores in (base.scores, base.reference_scores))
        self._mix: CustomerMix = fit_customer_mix(
            np.hstack([cells, now]), np.hstack([tab.indicators(tab.reference), before]), self._stand_for
        )
        fitted = fit_behaviour_change(self._churn.p, self._y, self._stand_for, cells, group[1])
        self._behaviour: BehaviourChange = fitted.alone(self._mix.weights(self._stand_for))
        # What is left of the outcomes is as likely to lie the other way.
        self._left = self._y - from_log_odds(log_odds(self._churn.p) + fitted.design @ fitted.terms)
        alone = [_Player("changed_behaviour", group[0])] if self._behaviour.group.any() else []
        self._players = (
            *(_Player("broken_column", name) for name in columns),
            _Player("customer_mix", moved_most(tab)),
            _Player("churn_level", None),
            *alone,
            _Player("changed_behaviour", _OTHERS if alone else None if group[0] is None else f"{group[0]} and others"),
        )

    def attribution(self) -> Attribution:
        rng = np.random.default_rng(SEED)
        drawn = [self._as_found(), *(self._redrawn(rng) for _ in range(_DRAWS))]
        profit, *others = (self._of(measure, drawn) for measure in _MEASURES)
        return profit.model_copy(update={"others": tuple(others)})

    def _of(self, measure: AttributedMeasure, drawn: Sequence[_Drawn]) -> Attribution:
        scale, unit = self._unit(measure)
        # What undoing brings back is what the mechanism took.
        amounts = -scale * shapley_values(np.array([self._values(measure, one) for one in drawn]))
        promised, measured = (
            scale
            * np.array(
                [
                    [
                        self._promise.measured(measure, one.reference, self._y_before),
                        self._scored[0].measured(measure, one.kept, self._y),
                    ]
                    for one in drawn
                ]
            ).T
        )
        total = measured - promised
        shares = [DrawnShare(player.what, player.where, own) for player, own in zip(self._players, amounts.T, strict=True)]
        shares.append(DrawnShare("unexplained", None, total - amounts.sum(axis=1)))
        as_told = joined(shares)
        low, high = interval(total)
        return Attribution(
            measure=measure,
            unit=unit,
            promised=float(promised[0]),
            measured=float(measured[0]),
            total=float(total[0]),
            low=low,
            high=high,
            shares=tuple(share.told() for share in shares),
            joined=tuple(share.told() for share in as_told) if as_told is not shares else (),
            rows=self._y.size,
        )

    def _unit(self, measure: AttributedMeasure) -> tuple[float, str]:
        if measure != "profit":
            return 1.0, "" if measure == "roc_auc" else "nats per customer"
        if self._value != ValueSettings():
            return 1.0, f"per {PER:,} customers"
        most = reachable(PER * float(self._y_before.mean()), PER, self._value) * float(expected_value(1.0, self._value))
        return (100 / most if most > 0 else 0.0), POINTS

    def _values(self, measure: AttributedMeasure, drawn: _Drawn) -> Numbers:
        """What the measure is with each set of players undone, shape (2 ** players,)."""
        of_columns = (len(self._scored) - 1).bit_length()
        moves = [drawn.level, *((drawn.group,) if self._behaviour.group.any() else ()), drawn.others]
        churn = []
        for undone in range(1 << len(moves)):
            kept = [0.0 if undone >> place & 1 else move for place, move in enumerate(moves)]
            churn.append(from_log_odds(drawn.before + sum(kept)) + drawn.left)
        found = np.empty(1 << len(self._players))
        for coalition in range(found.size):
            scored = self._scored[coalition & (len(self._scored) - 1)]
            mixed = coalition >> of_columns & 1
            found[coalition] = scored.measured(measure, drawn.mixed if mixed else drawn.kept, churn[coalition >> (of_columns + 1)])
        return found

    def _as_found(self) -> _Drawn:
        mixed = self._mix.weights(self._stand_for)
        level, group, others = self._behaviour.parts(self._behaviour.terms, mixed)
        return _Drawn(
            kept=self._stand_for,
            mixed=mixed,
            before=log_odds(self._churn.p),
            level=level,
            group=group,
            others=others,
            left=np.zeros(self._y.size),
            reference=np.ones(self._y_before.size),
        )

    def _redrawn(self, rng: np.random.Generator) -> _Drawn:
        kept = self._stand_for * np.asarray(rng.poisson(1.0, self._y.size), dtype=np.float64)
        reference = np.asarray(rng.poisson(1.0, self._y_before.size), dtype=np.float64)
        churn = self._churn
        apart = (log_odds(churn.by_score) - log_odds(churn.by_cell)) / 2
        move = self._unknown @ rng.standard_normal(self._unknown.shape[1]) + rng.standard_normal() * apart
        mixed = self._mix.weights(kept, self._mix.redrawn(kept, reference))
        level, group, others = self._behaviour.parts(self._behaviour.redrawn(rng, move), mixed, rng.standard_normal())
        return _Drawn(
            kept=kept,
            mixed=mixed,
            before=log_odds(churn.p) + move,
            level=level,
            group=group,
            others=others,
            left=self._left * rng.choice([-1.0, 1.0], self._y.size),
            reference=reference,
        )
