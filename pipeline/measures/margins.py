"""By how much one model's probabilities beat another's on the same rows: what ROC-AUC, which sees ranks alone, cannot tell."""

from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.measures.campaign_value import gain
from pipeline.measures.customer_terms import Terms
from pipeline.measures.measure import Comparison, Margins
from pipeline.measures.metrics import log_losses


def measure_margins(
    y: ArrayLike, p: ArrayLike, p_other: ArrayLike, value: Terms, confidence: float, weights: ArrayLike | None = None
) -> Margins:
    """Losses and profit by the scores `p` minus those by `p_other`.

    Args:
        y: outcomes, 1 is churn, shape (n,), both classes present.
        p: the candidate's probabilities of churn, shape (n,).
        p_other: the other model's for the same rows in the same order, shape (n,).
        value: what a campaign costs and brings.
        confidence: of the intervals, such as 0.95; they are of a mean of paired differences.
        weights: for how many rows each stands, shape (n,); None: each for itself.

    >>> from pipeline.workspace.value_settings import ValueSettings
    >>> margins = measure_margins([1, 0, 1, 0], [0.9, 0.1, 0.8, 0.2], [0.6, 0.4, 0.6, 0.4], ValueSettings(), confidence=0.95)
    >>> round(margins.brier.difference, 3)  # below 0: the first is better
    -0.135
    """
    outcome = np.asarray(y, dtype=np.int8)
    mine, other = (np.asarray(scores, dtype=np.float64) for scores in (p, p_other))
    deviates = NormalDist().inv_cdf((1 + confidence) / 2)
    weight = np.ones(outcome.size) if weights is None else np.asarray(weights, dtype=np.float64)
    earned = gain(outcome, mine, other, value, weight)
    reach = deviates * earned.error
    return Margins(
        log_loss=_mean(log_losses(outcome, mine) - log_losses(outcome, other), weight, deviates),
        brier=_mean((mine - outcome) ** 2 - (other - outcome) ** 2, weight, deviates),
        profit=Comparison(difference=earned.percent, low=earned.percent - reach, high=earned.percent + reach, n=earned.n),
    )


def _mean(differences: NDArray[np.float64], weights: NDArray[np.float64], deviates: float) -> Comparison:
    rows, part = differences.size, weights / weights.sum()
    mean = float(part @ differences)
    reach = deviates * float(np.sqrt(np.sum((part * (differences - mean)) ** 2) * rows / (rows - 1)))
    return Comparison(difference=mean, low=mean - reach, high=mean + reach, n=rows)
