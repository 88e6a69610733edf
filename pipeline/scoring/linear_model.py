"""A logistic regression as one dot product."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.scoring.customer_row import too_great

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class LinearModel:
    """`weights` and `centre`, the average encoded customer of the reference, have the shape (width,)."""

    weights: Numbers
    intercept: float
    centre: Numbers

    def response(self, encoded: Numbers) -> float:
        """The margin (log-odds before any calibration) of a customer encoded by `RowEncoder.encode`, shape (width,).

        Raises:
            DataError: a number that is infinite once it is scaled.
        """
        if not np.isfinite(encoded).all():
            raise too_great()
        return float(encoded @ self.weights) + self.intercept

    def explained(self, encoded: Numbers) -> tuple[float, Numbers]:
        """The margin, and what each encoded column adds to that of the average customer, shape (width,); they add up to it. Arguments and
        errors as `response`."""
        return self.response(encoded), self.weights * (encoded - self.centre)


def linear_of(classifier: Any, centre: Numbers) -> LinearModel:
    """The weights of a fitted LogisticRegression of the classes (stays, churns)."""
    return LinearModel(np.ascontiguousarray(classifier.coef_[0]), float(classifier.intercept_[0]), centre)
