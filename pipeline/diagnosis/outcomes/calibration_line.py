"""Probabilities as log-odds, and a line of outcomes on them: what calibration is fitted and measured by."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import DataError

Numbers = NDArray[np.float64]

# A forest may say exactly 0 or 1 where it has ten customers to go by; nobody knows a customer better than this.
_CERTAIN = 1e-3
_STEPS = 50
_TIGHT = 1e-9
_LONGEST_STEP = 4.0


@dataclass(frozen=True)
class Line:
    """A logistic regression of outcomes on one number: log-odds = intercept + slope * number. `covariance`: of both, shape (2, 2)."""

    intercept: float
    slope: float
    covariance: Numbers

    def at(self, number: Numbers) -> Numbers:
        """Probabilities, shape of `number`."""
        return from_log_odds(self.intercept + self.slope * number)


def log_odds(p: Numbers) -> Numbers:
    """Logarithm of the odds, of probabilities no more certain than one in a thousand."""
    kept = np.clip(p, _CERTAIN, 1 - _CERTAIN)
    return np.asarray(np.log(kept / (1 - kept)))


def from_log_odds(x: Numbers) -> Numbers:
    """Probabilities."""
    return np.asarray(1 / (1 + np.exp(-x)))


def fit_line(x: Numbers, y: Numbers, weights: Numbers | None = None) -> Line:
    """Maximum likelihood by Newton's method, held to slopes that exist: a tiny penalty keeps separable outcomes finite. `weights` of the rows
    have the mean 1; None weighs all alike.

    Raises:
        DataError: one outcome only.
    """
    if y.min(initial=1) == y.max(initial=0):
        raise DataError("All known outcomes are the same.", "Wait for more outcomes.")
    design = np.stack([np.ones_like(x), x], axis=1)
    found, ridge = np.zeros(2), 1e-6 * np.eye(2) * len(x)
    weights = np.ones_like(x) if weights is None else weights
    for _ in range(_STEPS):
        p = from_log_odds(design @ found)
        information = design.T @ (design * (weights * p * (1 - p))[:, None]) + ridge
        step = np.linalg.solve(information, design.T @ (weights * (y - p)) - ridge @ found)
        found = found + step * min(1.0, _LONGEST_STEP / max(_LONGEST_STEP, float(np.abs(step).max())))
        if np.abs(step).max() < _TIGHT:
            break
    return Line(float(found[0]), float(found[1]), np.asarray(np.linalg.inv(information), dtype=np.float64))


def at_level(p: Numbers, y: Numbers, weights: Numbers | None = None) -> Numbers:
    """The probabilities with one number added to all log-odds, so that they expect as many churners as there are, both by the `weights` of the
    rows, which None leaves alike."""
    x, shift, weights = log_odds(p), 0.0, np.ones_like(p) if weights is None else weights
    for _ in range(_STEPS):
        moved = from_log_odds(x + shift)
        step = float(weights @ (y - moved) / (weights @ (moved * (1 - moved))))
        shift += min(1.0, max(-1.0, step))
        if abs(step) < _TIGHT:
            break
    return from_log_odds(x + shift)
