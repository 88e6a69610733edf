"""SHAP values as numbers, and how two rankings of the same features agree."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Unit = Literal["log-odds", "probability"]


@dataclass(frozen=True)
class Attributions:
    """`effects`: of each feature on each row, shape (rows, features); with `base`, the mean over the background, they add up to the response."""

    base: float
    effects: Numbers

    @property
    def response(self) -> Numbers:
        """The model's response before any calibration, shape (rows,)."""
        return np.asarray(self.base + self.effects.sum(axis=1))


def rank_correlation(first: Numbers, second: Numbers) -> float | None:
    """Spearman's, of two lists of effects on the same features, shape (features,); None where one has no ranks."""
    from scipy.stats import spearmanr

    if first.size < 2 or np.ptp(first) == 0 or np.ptp(second) == 0:
        return None
    return float(spearmanr(first, second).statistic)
