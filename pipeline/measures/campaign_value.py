"""What a retention campaign is worth, so that two scorings of the same customers can be compared by what they would earn.

An offer to a customer who would leave with probability p brings acceptance · p · margin and costs offer_cost, taken or not. A campaign makes
an offer to everybody for whom that is more than nothing. The maximum is earned by offers to the churners alone; what a scoring earns is
told as a percentage of that, so that windows of any size and currency can be compared.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.errors import DataError
from pipeline.workspace.settings import ValueSettings

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Worth:
    """Percent of the maximum profit (or a difference of two such), and its standard error, on `n` rows."""

    percent: float
    error: float
    n: int

    @property
    def z(self) -> float:
        """How many standard errors it lies above zero; 0 where nothing varies."""
        return self.percent / self.error if self.error > 0 else 0.0


def break_even(value: ValueSettings) -> float:
    """Probability of churn at which an offer pays for itself; above 1 where no offer ever does.

    >>> round(break_even(ValueSettings(margin=500, offer_cost=50, acceptance=0.3)), 3)
    0.333
    """
    return value.offer_cost / (value.acceptance * value.margin)


def expected_value(p: ArrayLike, value: ValueSettings) -> Numbers:
    """What an offer to a customer is expected to bring, in the team's currency, for each probability of churn; shape of `p`.

    >>> expected_value([0.1, 0.9], ValueSettings(margin=500, offer_cost=50, acceptance=0.3)).round(6).tolist()
    [-35.0, 85.0]
    """
    return np.asarray(value.acceptance * value.margin * np.asarray(p, dtype=np.float64) - value.offer_cost)


def worth(y: ArrayLike, p: ArrayLike, value: ValueSettings) -> Worth:
    """What a campaign by the scores `p` would have earned of customers whose outcome is known.

    Args:
        y: outcomes, 1 is churn, shape (n,).
        p: probabilities of churn by which the offers are made, shape (n,).
        value: what offers cost and bring.

    The standard error is that of a ratio of two sums over the same rows (linearised). Where no offer can pay, 0 percent.

    Raises:
        DataError: nobody churned, so that the maximum is nothing to compare with.

    >>> offers = ValueSettings(margin=500, offer_cost=50, acceptance=0.3)
    >>> worth([1, 1, 0, 0], [0.9, 0.2, 0.8, 0.1], offers).percent  # one churner reached, one offer for nothing
    25.0
    """
    outcome = np.asarray(y, dtype=np.float64)
    return _ratio(_profits(outcome, p, value), outcome, value)


def gain(y: ArrayLike, p: ArrayLike, p_before: ArrayLike, value: ValueSettings) -> Worth:
    """What a campaign by the scores `p` would have earned beyond one by `p_before` on the same rows; arguments and errors as `worth`.

    >>> offers = ValueSettings(margin=500, offer_cost=50, acceptance=0.3)
    >>> gain([1, 1, 0, 0], [0.9, 0.8, 0.2, 0.1], [0.9, 0.2, 0.8, 0.1], offers).percent
    75.0
    """
    outcome = np.asarray(y, dtype=np.float64)
    return _ratio(_profits(outcome, p, value) - _profits(outcome, p_before, value), outcome, value)


def _profits(outcome: Numbers, p: ArrayLike, value: ValueSettings) -> Numbers:
    return np.where(expected_value(p, value) > 0, expected_value(outcome, value), 0.0)


def _ratio(profits: Numbers, outcome: Numbers, value: ValueSettings) -> Worth:
    if not outcome.any():
        raise DataError(
            f"None of the {outcome.size} customers churned, so no campaign could have earned anything.", "Wait for more outcomes."
        )
    most = outcome * max(0.0, float(expected_value(1.0, value)))
    if not most.any():
        return Worth(0.0, 0.0, outcome.size)
    share = profits.sum() / most.sum()
    error = np.sqrt(np.sum((profits - share * most) ** 2)) / most.sum()
    return Worth(float(100 * share), float(100 * error), outcome.size)
