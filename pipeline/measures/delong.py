"""Uncertainty of ROC-AUC: DeLong's covariance in O(n log n), the one statistic here that scikit-learn does not have."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def delong(y: ArrayLike, scores: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """ROC-AUC of `k` score columns on the same rows, and the covariance of those estimates.

    Args:
        y: 0/1, shape (n,), with at least two rows of each class.
        scores: higher means more likely 1, shape (k, n); ties count half.

    Returns:
        AUCs, shape (k,), and their covariance, shape (k, k). Perfect separation has variance 0.

    Source: Sun & Xu (2014), "Fast Implementation of DeLong's Algorithm for Comparing the Areas Under Correlated ROC
    Curves", IEEE Signal Processing Letters 21(11), equations 4-8.

    >>> areas, covariance = delong([0, 0, 1, 1], [[0.1, 0.4, 0.35, 0.8], [0.1, 0.2, 0.7, 0.8]])
    >>> areas.tolist(), covariance.shape
    ([0.75, 1.0], (2, 2))
    """
    from scipy.stats import rankdata

    positive = np.asarray(y) == 1
    rows = np.asarray(scores, dtype=np.float64)
    churners, stayers = int(positive.sum()), int((~positive).sum())
    overall = rankdata(rows, axis=1)
    # Share of stayers below each churner, and of churners above each stayer.
    of_churners = (overall[:, positive] - rankdata(rows[:, positive], axis=1)) / stayers
    of_stayers = 1 - (overall[:, ~positive] - rankdata(rows[:, ~positive], axis=1)) / churners
    covariance = np.atleast_2d(np.cov(of_churners)) / churners + np.atleast_2d(np.cov(of_stayers)) / stayers
    return of_churners.mean(axis=1), covariance
