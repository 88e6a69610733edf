"""Differences between two models for which no formula tells how sure they are: the same rows drawn again and again, for both alike."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.errors import DataError
from pipeline.measures.campaign_value import profits
from pipeline.measures.customer_terms import Terms
from pipeline.measures.measure import Comparison, Measure

Numbers = NDArray[np.float64]
Statistic = Callable[[Numbers], float]
_DRAWS = 400  # the ends of a 95% interval then lie at the tenth draw from either side
THOUSAND = 1000  # customers, of which profit is told


def average_precision(y: ArrayLike, p: ArrayLike) -> Statistic:
    """Average precision as a function of how often each row counts, shape (n,); as scikit-learn's, sorted once for all draws.

    >>> average_precision([1, 0, 1], [0.9, 0.8, 0.7])(np.ones(3))
    0.8333333333333333
    """
    outcome, scores = np.asarray(y, dtype=np.float64), np.asarray(p, dtype=np.float64)
    order = np.argsort(-scores, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(scores[order])), scores.size - 1)  # equal scores are one step
    left = outcome[order]

    def of(weights: Numbers) -> float:
        weight = weights[order]
        true, all_ = np.cumsum(weight * left)[ends], np.cumsum(weight)[ends]
        steps = np.diff(true, prepend=0.0)
        return float((steps * true / np.maximum(all_, 1e-12)).sum() / true[-1])

    return of


def profit_per_thousand(y: ArrayLike, p: ArrayLike, value: Terms) -> Statistic:
    """What a campaign by the scores `p` earns of a thousand customers, as a function of how often each row counts."""
    outcome, scores = np.asarray(y, dtype=np.float64), np.asarray(p, dtype=np.float64)
    if value.capacity == 1:  # who gets an offer depends on nobody else
        earned = profits(outcome, scores, value, np.ones(outcome.size))
        return lambda weights: THOUSAND * float(weights @ earned / weights.sum())
    return lambda weights: THOUSAND * float(weights @ profits(outcome, scores, value, weights) / weights.sum())


def bootstrap(
    statistics: tuple[Statistic, ...], y: ArrayLike, confidence: float, seed: int, weights: ArrayLike | None = None
) -> tuple[tuple[Measure, ...], tuple[Comparison, ...]]:
    """Each statistic with its percentile interval, and the first minus each of the others on the same draws.

    Args:
        statistics: of how often each row counts, the candidate's first.
        y: outcomes, 1 is churn, shape (n,); a draw without a churner is drawn again.
        confidence: of the intervals, such as 0.95.
        seed: of the draws.
        weights: for how many rows each stands, shape (n,); None: each for itself.

    Raises:
        DataError: nobody churned.

    Source: Efron and Tibshirani (1993), "An Introduction to the Bootstrap", chapter 13.
    """
    outcome = np.asarray(y, dtype=np.float64)
    rows, lots = outcome.size, np.random.default_rng(seed)
    if not outcome.any():
        raise DataError(
            f"None of the {rows} customers who judge churned, so no campaign among them could have earned anything.",
            "Wait for more outcomes.",
        )
    stands = np.ones(rows) if weights is None else np.asarray(weights, dtype=np.float64)
    drawn: list[list[float]] = []
    while len(drawn) < _DRAWS:
        counts = np.bincount(lots.integers(rows, size=rows), minlength=rows) * stands
        if counts @ outcome > 0:
            drawn.append([of(counts) for of in statistics])
    draws, known = np.array(drawn), np.array([of(stands) for of in statistics])
    ends = (0.5 - confidence / 2, 0.5 + confidence / 2)
    low, high = np.quantile(draws, ends, axis=0)
    measured = tuple(
        Measure(value=float(value), n=rows, low=float(low[place]), high=float(high[place])) for place, value in enumerate(known)
    )
    behind = draws[:, :1] - draws[:, 1:]
    least, most = np.quantile(behind, ends, axis=0) if len(statistics) > 1 else (np.empty(0), np.empty(0))
    compared = tuple(
        Comparison(difference=float(known[0] - value), low=float(least[place]), high=float(most[place]), n=rows)
        for place, value in enumerate(known[1:])
    )
    return measured, compared
