"""From a model's response to a probability: what calibration and recalibration put behind a classifier."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from pipeline.measures.metrics import SMALLEST_PROBABILITY

Numbers = NDArray[np.float64]

# Each computes in scikit-learn's order of operations, so that the last bit is the same.


def probability(response: Numbers) -> Numbers:
    """Of a forest: its response is a probability. A response less one of its parts may leave 0-1, and is drawn back."""
    return response.clip(0.0, 1.0)


def logistic(response: Numbers) -> Numbers:
    """Of a logistic regression: its response is a margin."""
    return np.asarray(expit(response))


@dataclass(frozen=True)
class Platt:
    """Of CalibratedClassifierCV with a sigmoid: in place of the classifier's own link where that has margins, after it where not."""

    a: float
    b: float

    def __call__(self, response: Numbers) -> Numbers:
        """Probabilities, shape as given."""
        return np.asarray(expit(-(self.a * response + self.b)))


@dataclass(frozen=True)
class Isotonic:
    """Of CalibratedClassifierCV with isotonic regression: a line of pieces through what was observed, level beyond its ends."""

    line: Callable[[Numbers], Numbers]
    low: float
    high: float

    def __call__(self, response: Numbers) -> Numbers:
        """Probabilities, shape as given."""
        return np.asarray(self.line(np.clip(response, self.low, self.high)))


@dataclass(frozen=True)
class OnLogOdds:
    """Of `pipeline.models.recalibration`: a line through the log-odds of probabilities."""

    slope: float
    intercept: float

    def __call__(self, response: Numbers) -> Numbers:
        """Probabilities, shape as given."""
        inside = response.clip(SMALLEST_PROBABILITY, 1 - SMALLEST_PROBABILITY)
        return np.asarray(expit(logit(inside) * self.slope + self.intercept))


Link = Callable[[Numbers], Numbers]  # shape as given
