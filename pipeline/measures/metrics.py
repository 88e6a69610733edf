"""How good a model is on labelled rows, and whether another does better on the same rows; with intervals where one is known."""

import math
from itertools import pairwise
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.errors import DataError
from pipeline.measures.delong import delong
from pipeline.measures.measure import Comparison, Measure, Metrics, Reliability, ReliabilityBin

CALIBRATION_BINS = 10
_RELIABILITY_CONFIDENCE = 0.95
# Of fewer rows a share is a guess: at 20 its interval is already up to 40 points wide. And few rows could point at a person.
_BIN_ROWS = 20
# A forest may say exactly 0 or 1; without a limit one such row would decide the trial alone.
SMALLEST_PROBABILITY = 1e-6


def measure(y: ArrayLike, p: ArrayLike, threshold: float, confidence: float, weights: ArrayLike | None = None) -> Metrics:
    """All metrics of one model.

    Args:
        y: outcomes, 1 is churn, shape (n,).
        p: probabilities of churn in 0-1, shape (n,).
        threshold: a row at or above it is predicted to churn.
        confidence: of the intervals, such as 0.95. ROC-AUC has DeLong's, proportions have Wilson's, the rest none.
        weights: for how many rows each stands, shape (n,); None: each for itself. Intervals are those of as many rows as tell as much.

    Precision without a predicted churner is 0 on n = 0 rows, with the interval 0 to 1.

    Raises:
        DataError: fewer than two rows of a class, or a probability outside 0-1.

    >>> found = measure([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], threshold=0.5, confidence=0.95)
    >>> found.roc_auc.value, found.recall.value, found.precision.value
    (0.75, 0.5, 1.0)
    """
    from sklearn import metrics as sk

    outcome, probability = _judgeable(y), _probabilities(p)
    weight = np.ones(outcome.size) if weights is None else np.asarray(weights, dtype=np.float64)
    predicted, left = probability >= threshold, outcome == 1
    rows, all_ = outcome.size, np.ones(outcome.size, dtype=bool)
    auc, covariance = delong(outcome, probability[None, :], weight)
    reach = _deviates(confidence) * math.sqrt(covariance[0, 0])
    return Metrics(
        n=rows,
        churners=int(outcome.sum()),
        threshold=threshold,
        roc_auc=Measure(value=auc[0], n=rows, low=max(0.0, auc[0] - reach), high=min(1.0, auc[0] + reach)),
        pr_auc=Measure(value=sk.average_precision_score(outcome, probability, sample_weight=weights), n=rows),
        accuracy=_proportion(predicted == left, all_, weight, confidence),
        f1=Measure(value=sk.f1_score(outcome, predicted, zero_division=0.0, sample_weight=weights), n=rows),
        precision=_proportion(left, predicted, weight, confidence),
        recall=_proportion(predicted, left, weight, confidence),
        log_loss=Measure(value=sk.log_loss(outcome, probability, labels=[0, 1], sample_weight=weights), n=rows),
        brier=Measure(value=sk.brier_score_loss(outcome, probability, sample_weight=weights), n=rows),
        calibration_error=Measure(value=calibration_error(outcome, probability, weight), n=rows),
    )


def compare(y: ArrayLike, p_candidate: ArrayLike, p_champion: ArrayLike, confidence: float, weights: ArrayLike | None = None) -> Comparison:
    """ROC-AUC of candidate minus champion on the same rows, with DeLong's paired interval.

    Args:
        y: outcomes, 1 is churn, shape (n,).
        p_candidate: probabilities of churn, shape (n,).
        p_champion: probabilities of churn for the same rows in the same order, shape (n,).
        confidence: of the interval, such as 0.95.
        weights: as in `measure`.

    Raises:
        DataError: fewer than two rows of a class, or a probability outside 0-1.

    >>> compare([0, 0, 1, 1], [0.1, 0.2, 0.7, 0.8], [0.1, 0.4, 0.35, 0.8], confidence=0.95).difference
    0.25
    """
    outcome = _judgeable(y)
    aucs, covariance = delong(outcome, np.stack([_probabilities(p_candidate), _probabilities(p_champion)]), weights)
    difference = float(aucs[0] - aucs[1])
    # Rounding can leave the variance of two equal models a hair below zero.
    variance = max(0.0, float(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]))
    reach = _deviates(confidence) * math.sqrt(variance)
    return Comparison(difference=difference, low=difference - reach, high=difference + reach, n=outcome.size)


def calibration_error(y: NDArray[np.int8], p: NDArray[np.float64], weights: NDArray[np.float64] | None = None) -> float:
    """Mean distance between predicted and observed churn over ten bins of equally many rows, weighted by rows, or by how many each stands for;
    0 is perfect.

    Equal scores share a bin, so the order of rows does not matter.

    >>> round(calibration_error(np.array([1, 0, 0, 0]), np.array([0.25, 0.25, 0.25, 0.25])), 6)
    0.0
    >>> round(calibration_error(np.array([1, 1, 0, 0]), np.array([0.25, 0.25, 0.25, 0.25])), 6)
    0.25
    """
    edges = np.quantile(p, np.linspace(0, 1, CALIBRATION_BINS + 1)[1:-1])
    bins = np.searchsorted(edges, p, side="right")
    weight = np.ones(p.size) if weights is None else weights
    return float(np.abs(np.bincount(bins, weights=weight * (p - y))).sum() / weight.sum())


def reliability(y: ArrayLike, p: ArrayLike) -> Reliability:
    """What share churned of those given about the same probability: at most ten bins, as equally full as ties allow.

    Args:
        y: outcomes, 1 is churn, shape (n,).
        p: probabilities of churn in 0-1, shape (n,).

    Equal scores share a bin, and a bin holds at least 20 rows, so that ties and few rows leave fewer bins; fewer than 20 rows are one.

    Raises:
        DataError: fewer than two rows of a class, or a probability outside 0-1.
    """
    outcome, probability = _judgeable(y), _probabilities(p)
    order = np.argsort(probability, kind="stable")
    outcome, probability = outcome[order], probability[order]
    rows = outcome.size
    ends = np.append(np.flatnonzero(np.diff(probability)) + 1, rows)  # where a bin may end without tearing a tie apart
    cuts = [0]
    for bins_left in range(min(CALIBRATION_BINS, rows // _BIN_ROWS), 1, -1):
        full = cuts[-1] + max(_BIN_ROWS, -(-(rows - cuts[-1]) // bins_left))
        end = int(ends[np.searchsorted(ends, full)])
        if rows - end < _BIN_ROWS:
            break
        cuts.append(end)
    return Reliability(bins=tuple(_bin(outcome[start:end], probability[start:end]) for start, end in pairwise([*cuts, rows])))


def _bin(outcome: NDArray[np.int8], ascending: NDArray[np.float64]) -> ReliabilityBin:
    low, high = wilson(int(outcome.sum()), outcome.size, _RELIABILITY_CONFIDENCE)
    # Rounding must not carry a mean past the scores it is of.
    mean = float(np.clip(ascending.mean(), ascending[0], ascending[-1]))
    return ReliabilityBin(predicted=mean, observed=float(outcome.mean()), low=low, high=high, rows=outcome.size)


def _proportion(hits: NDArray[np.bool_], of: NDArray[np.bool_], weights: NDArray[np.float64], confidence: float) -> Measure:
    """A share of rows by weight, with Wilson's interval (Wilson 1927), which holds for few rows and near 0 and 1; of as many rows as tell as
    much (Kish 1965)."""
    if not of.any():
        return Measure(value=0.0, n=0, low=0.0, high=1.0)
    total = weights[of].sum()
    share, worth = float(weights[of & hits].sum() / total), float(total**2 / (weights[of] ** 2).sum())
    low, high = wilson(share * worth, worth, confidence)
    return Measure(value=share, n=int(of.sum()), low=low, high=high)


def wilson(hits: float, rows: float, confidence: float) -> tuple[float, float]:
    """Ends, in 0-1, of the interval of a share of at least one row.

    Source: Wilson (1927), "Probable Inference, the Law of Succession, and Statistical Inference".
    """
    z = _deviates(confidence)
    share = hits / rows
    centre = (share + z * z / (2 * rows)) / (1 + z * z / rows)
    reach = z / (1 + z * z / rows) * math.sqrt(share * (1 - share) / rows + z * z / (4 * rows * rows))
    # At the ends rounding would leave the share itself a hair outside.
    return 0.0 if hits == 0 else centre - reach, 1.0 if hits == rows else centre + reach


def _deviates(confidence: float) -> float:
    return NormalDist().inv_cdf((1 + confidence) / 2)


def _judgeable(y: ArrayLike) -> NDArray[np.int8]:
    outcome = np.asarray(y, dtype=np.int8)
    churners = int(outcome.sum())
    if min(churners, outcome.size - churners) < 2:
        raise DataError(
            f"Of the {outcome.size} rows that judge the model {churners} churned; at least two of each outcome are needed.",
            "Wait for more outcomes, or give more rows.",
        )
    return outcome


def _probabilities(p: ArrayLike) -> NDArray[np.float64]:
    probability = np.asarray(p, dtype=np.float64)
    # Written so that NaN fails it too.
    if not bool(((probability >= 0) & (probability <= 1)).all()):
        raise DataError("The model gave a score that is not a probability between 0 and 1.", "Train it again; the fit did not converge.")
    return probability


def log_losses(y: NDArray[np.int8], p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log loss of each row, shape (n,); a probability of 0 or 1 counts as one in a million from it.

    >>> log_losses(np.array([1, 0], dtype=np.int8), np.array([0.5, 0.1])).round(4).tolist()
    [0.6931, 0.1054]
    """
    said = np.clip(np.where(y == 1, p, 1 - p), SMALLEST_PROBABILITY, 1)
    return np.asarray(-np.log(said))
