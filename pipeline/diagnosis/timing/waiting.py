"""Whether to train now or to see the next outcomes first: what either is worth, and from when on waiting costs."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, pi, sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from pipeline.diagnosis.timing.gain_forecast import Moment, SeenGain, forecast_gains
from pipeline.workspace.policy import RetrainingRules

Numbers = NDArray[np.float64]

_LONGEST = 12  # months that are looked ahead; nobody knows more of customers
_NEW, _LATER = " now", " later"  # names of models that are not there yet; no digest or version has a space


@dataclass(frozen=True)
class Standing:
    """The `model` that serves and its `age`; the age at which a new one begins (`lag`: how long outcomes take), and the `step` until the
    next outcomes. All in months."""

    model: str
    age: float
    lag: float
    step: float


@dataclass(frozen=True)
class Amount:
    """Points of a month's maximum, and their standard deviation."""

    points: float
    deviation: float


@dataclass(frozen=True)
class WeighedWait:
    """Beyond no training at all, and beyond its cost: a training `now`, or one at the `later` time, once the next outcomes are known, and only if it
    still pays then; `both`: now and again then. `a_month`: what a new model brings in the first month. `costs_in`: months from now until a training pays for itself within
    the months that are weighed; None where it does not within a year."""

    now: Amount
    later: Amount
    both: Amount
    a_month: Amount
    costs_in: int | None

    @property
    def pays_now(self) -> bool:
        """Whether to train now, once or with another training at the next outcomes, is worth more than to wait, and more than nothing."""
        return max(self.now.points, self.both.points) > max(0.0, self.later.points)


def weigh_waiting(seen: Sequence[SeenGain], stands: Standing, cost: float, rules: RetrainingRules) -> WeighedWait:
    """Weigh a training now against one after the next outcomes.

    Args:
        seen: gains of a fresh model over those that served, measured so far, oldest first.
        stands: the model that serves now.
        cost: of a training and its review, in points of a month's maximum.
        rules: how many months are weighed, and how gains change.

    What a new model brings in a month is what a fresh one would gain over the champion then, less what it would gain over the new one, which ages as
    well. The next outcomes tell something of that; how much is known ahead of them. To wait is worth the mean of what pays then: of a normal variable, the part
    above zero.

    Source: Raiffa and Schlaifer (1961), "Applied Statistical Decision Theory": preposterior analysis, the normal unit loss function.
    """
    months = np.arange(rules.months) + 1.0
    newest = seen[-1].at.age if seen else stands.age
    asked = [
        *(Moment(stands.model, stands.age + month) for month in months),
        *(Moment(_NEW, stands.lag + month) for month in months),
        *(Moment(_LATER, stands.lag + month - stands.step) for month in months),
        Moment(stands.model, newest + stands.step),
    ]
    found = forecast_gains(seen, asked, rules)
    late = np.clip(months - stands.step, 0.0, 1.0)  # of each month, the part in which a model of the next outcomes serves
    none = np.zeros(months.size)
    now = np.concatenate([none + 1, none - 1, none, [0.0]])
    later = np.concatenate([late, none, -late, [0.0]])
    both = np.concatenate([none + 1, late - 1, -late, [0.0]])
    first = np.concatenate([np.eye(months.size)[0], -np.eye(months.size)[0], none, [0.0]])
    error = seen[-1].error if seen else 0.0
    known = sqrt(float(found.covariance[-1, -1]) + error**2)
    told = abs(float(later @ found.covariance[:, -1])) / known if known > 0 else 0.0
    return WeighedWait(
        now=_amount(now, found.mean, found.covariance, cost),
        later=Amount(_above_zero(float(later @ found.mean) - cost, told), _amount(later, found.mean, found.covariance, cost).deviation),
        both=_amount(both, found.mean, found.covariance, 2 * cost),
        a_month=_amount(first, found.mean, found.covariance, 0.0),
        costs_in=_costs_in(seen, stands, cost, rules),
    )


def _costs_in(seen: Sequence[SeenGain], stands: Standing, cost: float, rules: RetrainingRules) -> int | None:
    months = np.arange(rules.months) + 1.0
    reach = np.arange(1, _LONGEST + rules.months + 1)
    asked = [*(Moment(stands.model, stands.age + month) for month in reach), *(Moment(_NEW, stands.lag + month) for month in months)]
    mean = forecast_gains(seen, asked, rules).mean
    stale, fresh = mean[: reach.size], float(mean[reach.size :].sum())
    return next((wait for wait in range(_LONGEST + 1) if float(stale[wait : wait + months.size].sum()) - fresh > cost), None)


def _amount(weights: Numbers, mean: Numbers, covariance: Numbers, cost: float) -> Amount:
    return Amount(float(weights @ mean) - cost, sqrt(max(0.0, float(weights @ covariance @ weights))))


def _above_zero(mean: float, deviation: float) -> float:
    """Mean of the part above zero of a normal variable."""
    if deviation <= 0:
        return max(0.0, mean)
    z = mean / deviation
    return mean * NormalDist().cdf(z) + deviation * exp(-z * z / 2) / sqrt(2 * pi)
