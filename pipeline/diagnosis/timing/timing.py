"""When to retrain, from the gains that this look and earlier ones measured."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from pipeline.diagnosis.finding import Finding
from pipeline.diagnosis.timing.gain_forecast import Moment, SeenGain
from pipeline.diagnosis.timing.retraining_time import RetrainingTime, TrainingWorth, When
from pipeline.diagnosis.timing.waiting import Amount, Standing, weigh_waiting
from pipeline.state.check_figures import GainFigure
from pipeline.windows.stretch import TwoWindows
from pipeline.workspace.policy import RetrainingRules

_MONTH = timedelta(days=30)
_SHORTEST, _LONGEST = timedelta(days=1), timedelta(days=90)  # of a batch of outcomes
_YOUNGEST = 1.0  # month: rows that a model was not trained on are newer than those it was, even where it was fitted late, on an old table
_REACH = 1.645  # standard errors of a 90% interval
_OF_FINDING = 2 * 1.96  # as many standard errors lie between the ends of a finding's interval
_BY_MODE = {"recalibrate": "gain_recalibrate", "combined": "gain_combined", "recent": "gain_recent", "newest": "gain_newest"}
_USUAL = ("gain_combined", "gain_recent")


@dataclass(frozen=True)
class Costs:
    """Of a training with its review, in points of a month's maximum campaign profit; `a_point`: what a point is in the team's currency, None where nobody
    can tell."""

    points: float
    a_point: float | None = None


def gain_seen(found: Iterable[Finding], mode: str | None, model: str, trained_at: datetime, windows: TwoWindows) -> GainFigure | None:
    """What a fresh model gains in this look: one made in `mode`, or where none is asked for, the likelier better of the usual two; None where no outcomes tell."""
    gains = {one.name: one for one in found if one.family == "challengers" and one.low is not None and one.high is not None}
    asked = [gains[name] for name in ((_BY_MODE[mode],) if mode in _BY_MODE else _USUAL) if name in gains]
    matured, lag = windows.matured, windows.lag
    if not asked or matured.since is None or matured.until is None or lag is None:
        return None
    best = max(asked, key=lambda one: one.z or 0.0)
    assert best.low is not None and best.high is not None  # asked above
    middle = matured.since + (matured.until - matured.since) / 2
    # What was known when it was trained ended `lag` earlier.
    age = max(_YOUNGEST, (middle - (trained_at - max(lag, timedelta()))) / _MONTH)
    return GainFigure(model=model, at=middle, age=age, points=best.strength, error=(best.high - best.low) / _OF_FINDING)


def retraining_time(
    seen: GainFigure, earlier: Iterable[GainFigure], windows: TwoWindows, costs: Costs, rules: RetrainingRules
) -> RetrainingTime | None:
    """Weigh a training now against one after the next outcomes. `earlier`: gains of other looks, in any order; of those whose outcomes are much the same one
    counts. None where the windows have no times."""
    newest, matured, lag = windows.recent.until, windows.matured, windows.lag
    if newest is None or matured.since is None or matured.until is None or lag is None:
        return None
    step = min(max(matured.until - matured.since, _SHORTEST), _LONGEST)
    known = _apart(seen, earlier, step)
    behind = (newest - seen.at) / _MONTH
    stands = Standing(seen.model, seen.age + behind, max(0.0, lag / _MONTH), step / _MONTH)
    found = weigh_waiting([SeenGain(Moment(one.model, one.age), one.points, one.error) for one in known], stands, costs.points, rules)
    best: When = "now" if found.pays_now else "next" if found.later.points > 0 and found.costs_in is not None else "never"
    costs_from = None if found.costs_in is None else newest + found.costs_in * _MONTH
    if best == "next" and costs_from is not None:
        costs_from = max(costs_from, newest + step)  # until then, what the outcomes are expected to tell is worth the wait
    return RetrainingTime(
        best=best,
        now=_worth(found.now),
        next=_worth(found.later),
        a_month=_worth(found.a_month),
        cost=costs.points,
        months=rules.months,
        looks=len(known),
        seen=seen,
        next_outcomes=newest + step,
        costs_from=costs_from,
        a_point=costs.a_point,
    )


def _apart(seen: GainFigure, earlier: Iterable[GainFigure], step: timedelta) -> list[GainFigure]:
    """Oldest first, of each model those that lie half a batch of outcomes apart, this look's always among them."""
    kept = [seen]
    for one in sorted(earlier, key=lambda gain: gain.at, reverse=True):
        if all(other.model != one.model or abs(other.at - one.at) >= step / 2 for other in kept):
            kept.append(one)
    return sorted(kept, key=lambda gain: gain.at)


def _worth(found: Amount) -> TrainingWorth:
    reach = _REACH * found.deviation
    return TrainingWorth(worth=found.points, low=found.points - reach, high=found.points + reach)
