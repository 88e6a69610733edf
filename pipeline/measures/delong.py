"""Uncertainty of ROC-AUC: DeLong's covariance in O(n log n), the one statistic here that scikit-learn does not have."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def delong(y: ArrayLike, scores: ArrayLike, weights: ArrayLike | None = None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """ROC-AUC of `k` score columns on the same rows, and the covariance of those estimates.

    Args:
        y: 0/1, shape (n,), with at least two rows of each class.
        scores: higher means more likely 1, shape (k, n); ties count half.
        weights: for how many rows each stands, shape (n,); None: each for itself. Rows that stand for more make the estimate less sure.

    Returns:
        AUCs, shape (k,), and their covariance, shape (k, k). Perfect separation has variance 0.

    Source: Sun & Xu (2014), "Fast Implementation of DeLong's Algorithm for Comparing the Areas Under Correlated ROC
    Curves", IEEE Signal Processing Letters 21(11), equations 4-8; weighted, each row's part in the sums is its weight.

    >>> areas, covariance = delong([0, 0, 1, 1], [[0.1, 0.4, 0.35, 0.8], [0.1, 0.2, 0.7, 0.8]])
    >>> areas.tolist(), covariance.shape
    ([0.75, 1.0], (2, 2))
    """
    positive = np.asarray(y) == 1
    rows = np.asarray(scores, dtype=np.float64)
    weight = np.ones(positive.size) if weights is None else np.asarray(weights, dtype=np.float64)
    # Share of stayers below each churner, and of churners above each stayer.
    of_churners = np.stack([_below(one[~positive], weight[~positive], one[positive]) for one in rows])
    of_stayers = 1 - np.stack([_below(one[positive], weight[positive], one[~positive]) for one in rows])
    areas = np.average(of_churners, axis=1, weights=weight[positive])
    covariance = _covariance(of_churners, areas, weight[positive]) + _covariance(of_stayers, areas, weight[~positive])
    return areas, covariance


def _below(others: NDArray[np.float64], weights: NDArray[np.float64], scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of the others, by weight, that score lower than each score; equal ones count half."""
    order = np.argsort(others, kind="stable")
    mass, ascending = np.append(0.0, np.cumsum(weights[order])), others[order]
    lower, equal = (mass[np.searchsorted(ascending, scores, side=side)] for side in ("left", "right"))
    return np.asarray((lower + equal) / 2 / mass[-1])


def _covariance(parts: NDArray[np.float64], areas: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    off = (parts - areas[:, None]) * (weights / weights.sum())
    return np.asarray(off @ off.T * (weights.size / (weights.size - 1)))
