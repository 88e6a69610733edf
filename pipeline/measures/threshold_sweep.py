"""What every threshold would mean: whom it calls churners, how many of them are, and what offers to them would earn."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from pydantic import BaseModel

from pipeline.measures.campaign_value import expected_value
from pipeline.measures.customer_terms import Terms


class AtThreshold(BaseModel, frozen=True):
    """One threshold. `contacts`: share of the customers at or above it; `precision`: share of them that churned, None where there are none;
    `recall`: share of all churners among them; `profit`: of an offer to each of them, per 1,000 customers, in the team's currency, with its
    standard error."""

    threshold: float
    contacts: float
    precision: float | None
    recall: float
    profit: float
    profit_error: float


def sweep(y: ArrayLike, p: ArrayLike, thresholds: Sequence[float], value: Terms) -> tuple[AtThreshold, ...]:
    """Measure each threshold.

    Args:
        y: outcomes, 1 is churn, shape (n,), at least one of them.
        p: probabilities of churn by models that had not seen the rows, shape (n,).
        thresholds: in 0-1.
        value: what offers cost and bring.

    >>> (at,) = sweep([1, 1, 0, 0], [0.9, 0.2, 0.8, 0.1], [0.5], ValueSettings(margin=500, offer_cost=50, acceptance=0.3))
    >>> at.contacts, at.precision, at.recall, at.profit
    (0.5, 0.5, 0.5, 12500.0)
    """
    outcome, risk = np.asarray(y, dtype=np.float64), np.asarray(p, dtype=np.float64)
    earned = expected_value(outcome, value)
    found = []
    for threshold in thresholds:
        called = risk >= threshold
        profits = 1000 * called * earned
        found.append(
            AtThreshold(
                threshold=threshold,
                contacts=float(called.mean()),
                precision=float(outcome[called].mean()) if called.any() else None,
                recall=float(outcome[called].sum() / outcome.sum()),
                profit=float(profits.mean()),
                profit_error=float(profits.std() / np.sqrt(profits.size)),
            )
        )
    return tuple(found)


def proposed(
    measured: Sequence[AtThreshold], *, paying: float, capacity: float = 1.0, min_precision: float = 0.0, min_recall: float = 0.0
) -> AtThreshold | None:
    """The threshold that earns most among those that contact no more than `capacity` of the customers and reach both shares; None where none
    does. Where the one from which an offer pays, `paying`, earns as much within a standard error, it is that one: the rest is chance."""
    allowed = [at for at in measured if 0 < at.contacts <= capacity and at.recall >= min_recall and (at.precision or 0.0) >= min_precision]
    best = max(allowed, key=lambda at: at.profit, default=None)
    usual = next((at for at in allowed if at.threshold == paying), None)
    return usual if best and usual and best.profit - usual.profit <= best.profit_error else best
