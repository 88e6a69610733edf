"""What a champion's scores are worth on rows that stand for several customers each and churn by a probability: sorted once, measured often."""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pipeline.diagnosis.attribution.attribution import AttributedMeasure
from pipeline.measures.campaign_value import expected_value
from pipeline.measures.metrics import log_losses
from pipeline.workspace.value_settings import ValueSettings

Numbers = NDArray[np.float64]

PER = 1_000  # customers, by which profit is told


class ScoredRows:
    """Rows in the order of their `scores`, shape (rows,), probabilities of churn; `value` is what offers cost and bring."""

    def __init__(self, scores: Numbers, value: ValueSettings) -> None:
        self._scores, self._value = scores, value
        self._gain, self._cost = float(expected_value(1.0, value) - expected_value(0.0, value)), -float(expected_value(0.0, value))

    def measured(self, measure: AttributedMeasure, weights: Numbers, p: Numbers) -> float:
        """ROC-AUC, log loss in nats per customer, or the profit of a campaign per 1,000 customers in the currency of [value], where row i stands for
        `weights[i]` customers who churn with the probability `p[i]`; both of shape (rows,)."""
        if measure == "profit":
            sent = weights * self._offered(weights)
            return PER * float(sent @ (self._gain * p - self._cost)) / float(weights.sum())
        if measure == "log_loss":
            churned, stayed = self._losses
            return float(weights @ (p * churned + (1 - p) * stayed)) / float(weights.sum())
        churn, stay = (np.bincount(self._place, weights * share) for share in (p, 1 - p))
        return float(churn @ (np.cumsum(stay) - stay / 2)) / max(1e-12, float(churn.sum() * stay.sum()))

    def profit_error(self, weights: Numbers, p: Numbers) -> float:
        """The standard error of the profit; arguments as of `measured`."""
        earned = PER * self._offered(weights) * (self._gain * p - self._cost)
        apart = earned - float(weights @ earned) / float(weights.sum())
        return float(np.sqrt(np.sum((weights * apart) ** 2))) / float(weights.sum())

    def _offered(self, weights: Numbers) -> Numbers:
        """As `campaign_value.offered`, without sorting again."""
        if self._value.capacity == 1:
            return self._pays
        many = np.bincount(self._place, weights)
        above = weights.sum() - np.cumsum(many)
        left = self._value.capacity * weights.sum() - above
        return np.asarray(np.clip(left / np.maximum(many, 1e-12), 0.0, 1.0)[self._place]) * self._pays

    @cached_property
    def _place(self) -> NDArray[np.int64]:
        return np.unique(self._scores, return_inverse=True)[1]

    @cached_property
    def _pays(self) -> Numbers:
        return (expected_value(self._scores, self._value) > 0).astype(np.float64)

    @cached_property
    def _losses(self) -> tuple[Numbers, Numbers]:
        churned, stayed = (log_losses(np.full(self._scores.size, outcome, dtype=np.int8), self._scores) for outcome in (1, 0))
        return churned, stayed
