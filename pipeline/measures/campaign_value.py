"""What a retention campaign is worth, so that two scorings of the same customers can be compared by what they would earn.

An offer to a customer who would leave with probability p brings acceptance · p · margin and costs offer_cost, taken or not. A campaign makes
an offer to everybody for whom that is more than nothing; with a capacity, to so many of the riskiest among these. The maximum is earned by offers
to as many churners alone; what a scoring earns is told as a percentage of that, so that windows of any size and currency can be compared, and as an amount.

Where customers are worth different amounts, the terms are those of each row, and with a capacity it goes to those for whom it pays most.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.errors import DataError
from pipeline.measures.customer_terms import CustomerTerms, Terms
from pipeline.measures.measure import CampaignReach, Campaigns
from pipeline.workspace.value_settings import ValueSettings

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Worth:
    """Percent of the maximum profit (or a difference of two such), and its standard error, on `n` rows; `amount` is the same per customer, in the
    team's currency, with `amount_error`."""

    percent: float
    error: float
    n: int
    amount: float = 0.0
    amount_error: float = 0.0

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


def expected_value(p: ArrayLike, value: Terms) -> Numbers:
    """What an offer to a customer is expected to bring, in the team's currency, for each probability of churn; shape of `p`.

    >>> expected_value([0.1, 0.9], ValueSettings(margin=500, offer_cost=50, acceptance=0.3)).round(6).tolist()
    [-35.0, 85.0]
    """
    return np.asarray(value.acceptance * value.margin * np.asarray(p, dtype=np.float64) - value.offer_cost)


def offered(p: ArrayLike, value: Terms, weights: ArrayLike | None = None) -> Numbers:
    """Which part of an offer each customer gets, 0-1, shape of `p`: all of it where it pays; with a capacity, all of it among so many of the
    riskiest, or where customers differ in value, of those for whom it pays most, if it pays, as `contact_list.reached` has it. Those who are alike share what is left. `weights`: for how
    many customers each stands; None: each for itself.

    >>> offered([0.9, 0.6, 0.6, 0.1], ValueSettings(margin=500, offer_cost=50, acceptance=0.3)).tolist()
    [1.0, 1.0, 1.0, 0.0]
    >>> offered([0.9, 0.6, 0.6, 0.1], ValueSettings(margin=500, offer_cost=50, acceptance=0.3, capacity=0.5)).tolist()
    [1.0, 0.5, 0.5, 0.0]
    >>> offered([0.9, 0.2, 0.2, 0.1], ValueSettings(margin=500, offer_cost=50, acceptance=0.3, capacity=0.5)).tolist()
    [1.0, 0.0, 0.0, 0.0]
    """
    risk = np.asarray(p, dtype=np.float64)
    worth_ = expected_value(risk, value)
    pays = (worth_ > 0).astype(np.float64)
    if value.capacity == 1:
        return pays
    weight = np.ones(risk.shape) if weights is None else np.asarray(weights, dtype=np.float64)
    return _first(worth_ if isinstance(value, CustomerTerms) else risk, weight, value.capacity) * pays


def _first(height: Numbers, weights: Numbers, capacity: float) -> Numbers:
    """Which part of each row is among the highest `capacity` of all, 0-1; equal rows share what is left."""
    _, place = np.unique(-height, return_inverse=True)
    many = np.bincount(place, weights=weights)
    left = capacity * weights.sum() - (np.cumsum(many) - many)
    # Rows that stand for none, as in a resample, may leave a place empty.
    return np.asarray(np.clip(left / np.where(many > 0, many, 1.0), 0.0, 1.0)[place])


def reachable(churners: float, customers: float, value: ValueSettings) -> float:
    """How many of the `churners` among the `customers` a campaign can reach at most."""
    return min(churners, value.capacity * customers)


def campaigns(y: ArrayLike, p: ArrayLike, p_before: ArrayLike, value: Terms, weights: ArrayLike | None = None) -> Campaigns:
    """Whom a campaign by the scores `p` and one by `p_before` would contact of the same customers; arguments and errors as `gain`.

    >>> offers = ValueSettings(margin=500, offer_cost=50, acceptance=0.3)
    >>> both = campaigns([1, 1, 0, 0], [0.9, 0.8, 0.2, 0.1], [0.9, 0.2, 0.8, 0.1], offers)
    >>> both.candidate.caught, both.champion.caught, both.champion.contacted, round(both.maximum, 6)
    (1.0, 0.5, 0.5, 50.0)
    """
    outcome = np.asarray(y, dtype=np.float64)
    weight = np.ones(outcome.size) if weights is None else np.asarray(weights, dtype=np.float64)
    churners, customers = _churners_of(outcome, weight), float(weight.sum())

    def reach(scores: ArrayLike) -> CampaignReach:
        sent = weight * offered(scores, value, weight)
        return CampaignReach(contacted=float(sent.sum()) / customers, caught=float((sent * outcome).sum()) / churners)

    most = float((weight * _most(outcome, value, weight)).sum())
    return Campaigns(candidate=reach(p), champion=reach(p_before), maximum=most / customers)


def worth(y: ArrayLike, p: ArrayLike, value: Terms, weights: ArrayLike | None = None) -> Worth:
    """What a campaign by the scores `p` would have earned of customers whose outcome is known.

    Args:
        y: outcomes, 1 is churn, shape (n,).
        p: probabilities of churn by which the offers are made, shape (n,).
        value: what offers cost and bring.
        weights: for how many rows each stands, shape (n,); None: each for itself.

    The standard error is that of a ratio of two sums over the same rows (linearised). Where no offer can pay, 0 percent.

    Raises:
        DataError: nobody churned, so that the maximum is nothing to compare with.

    >>> offers = ValueSettings(margin=500, offer_cost=50, acceptance=0.3)
    >>> worth([1, 1, 0, 0], [0.9, 0.2, 0.8, 0.1], offers).percent  # one churner reached, one offer for nothing
    25.0
    """
    outcome = np.asarray(y, dtype=np.float64)
    weight = np.ones(outcome.size) if weights is None else np.asarray(weights, dtype=np.float64)
    return _ratio(profits(outcome, p, value, weight), outcome, value, weight)


def gain(y: ArrayLike, p: ArrayLike, p_before: ArrayLike, value: Terms, weights: ArrayLike | None = None) -> Worth:
    """What a campaign by the scores `p` would have earned beyond one by `p_before` on the same rows; arguments and errors as `worth`. `weights`:
    for how many rows each stands, shape (n,); None: each for itself.

    >>> offers = ValueSettings(margin=500, offer_cost=50, acceptance=0.3)
    >>> gain([1, 1, 0, 0], [0.9, 0.8, 0.2, 0.1], [0.9, 0.2, 0.8, 0.1], offers).percent
    75.0
    """
    outcome = np.asarray(y, dtype=np.float64)
    weight = np.ones(outcome.size) if weights is None else np.asarray(weights, dtype=np.float64)
    return _ratio(profits(outcome, p, value, weight) - profits(outcome, p_before, value, weight), outcome, value, weight)


def profits(outcome: Numbers, p: ArrayLike, value: Terms, weights: Numbers) -> Numbers:
    """What a campaign by the scores `p` earns of each row, in the team's currency; all of shape (n,)."""
    return offered(p, value, weights) * expected_value(outcome, value)


def _ratio(earned: Numbers, outcome: Numbers, value: Terms, weights: Numbers) -> Worth:
    most, total = _most(outcome, value, weights), weights.sum()
    if not most.any():
        return Worth(0.0, 0.0, outcome.size)
    share, amount = (weights * earned).sum() / (weights * most).sum(), (weights * earned).sum() / total
    error = np.sqrt(np.sum((weights * (earned - share * most)) ** 2)) / (weights * most).sum()
    amount_error = np.sqrt(np.sum((weights * (earned - amount)) ** 2)) / total
    return Worth(float(100 * share), float(100 * error), outcome.size, float(amount), float(amount_error))


def _most(outcome: Numbers, value: Terms, weights: Numbers) -> Numbers:
    """What the best campaign earns of each row, shape (n,)."""
    churners, customers = _churners_of(outcome, weights), float(weights.sum())
    if isinstance(value, CustomerTerms):
        best = outcome * np.maximum(0.0, expected_value(1.0, value))
        return best if value.capacity == 1 else _first(best, weights, value.capacity) * best
    reached = reachable(churners, customers, value)
    # Of the churners, or where they are too many to be reached, of the customers.
    return (outcome if reached == churners else np.full(outcome.size, reached / customers)) * max(0.0, float(expected_value(1.0, value)))


def _churners_of(outcome: Numbers, weights: Numbers) -> float:
    if not outcome.any():
        raise DataError(
            f"None of the {outcome.size} customers churned, so no campaign could have earned anything.", "Wait for more outcomes."
        )
    return float((weights * outcome).sum())
