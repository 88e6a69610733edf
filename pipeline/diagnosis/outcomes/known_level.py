"""Outcomes of the reference at the level that its champion was recalibrated to.

A recalibrated champion keeps its training rows, whose outcomes are those of before the level moved. Beside its probabilities they would tell of the
same move for ever.
"""

import numpy as np
from numpy.typing import NDArray

from pipeline.diagnosis.outcomes.calibration_line import fit_line, log_odds

Numbers = NDArray[np.float64]


def outcomes_at_level_of(p: Numbers, y: NDArray[np.int8], seed: int) -> NDArray[np.int8]:
    """The outcomes `y` with as few of them turned round, by lot, as it takes for the probabilities `p` to be right about them; all of shape (rows,).

    What customers of one kind do beside another stays as it was: of those with one probability, each churner or each stayer is turned by the same
    chance.
    """
    if not y.size or y.min() == y.max():
        return y
    usual = fit_line(log_odds(p), y.astype(np.float64)).at(log_odds(p))
    turned = np.where(y == 1, np.maximum(0.0, 1 - p / usual), np.maximum(0.0, 1 - (1 - p) / (1 - usual)))
    return np.where(np.random.default_rng(seed).random(y.size) < turned, 1 - y, y).astype(np.int8)
