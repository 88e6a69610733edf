"""A champion recalibrated on recent outcomes: its ranks stay, slope and intercept of its log-odds are fitted.

Built from scikit-learn's own parts, so that whoever loads the model from the registry needs none of ours.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pipeline.measures.metrics import SMALLEST_PROBABILITY

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Recalibrated:
    """A champion with a sigmoid on top. `model`: fitted, from features to probabilities of (stays, churns). `slope` and `intercept` are
    what it makes of the champion's log-odds; 1 and 0 would leave them as they are."""

    model: Any
    slope: float
    intercept: float

    def passed_through(self, p: NDArray[np.float64]) -> NDArray[np.float64]:
        """What becomes of the champion's probabilities `p`, shape (n,)."""
        return np.asarray(self.model.final_estimator_.predict_proba(p[:, None])[:, 1], dtype=np.float64)


def recalibrate(champion: Any, x: "pd.DataFrame", y: NDArray[np.int8]) -> Recalibrated:
    """A champion's model with slope and intercept of its log-odds fitted to outcomes, unpenalised.

    Args:
        champion: fitted classifier.
        x: features it was trained on, of rows it has not seen, shape (n, features).
        y: their outcomes, 1 is churn, shape (n,), both classes present.

    Source: Platt (1999), on log-odds instead of margins, so that to leave all as it is is one of the choices.
    """
    from scipy.special import logit
    from sklearn.ensemble import StackingClassifier
    from sklearn.frozen import FrozenEstimator
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer

    inside = FunctionTransformer(np.clip, kw_args={"a_min": SMALLEST_PROBABILITY, "a_max": 1 - SMALLEST_PROBABILITY})
    sigmoid = make_pipeline(inside, FunctionTransformer(logit), LogisticRegression(C=np.inf))
    model = StackingClassifier([("champion", FrozenEstimator(champion))], sigmoid, cv="prefit", stack_method="predict_proba")
    model.fit(x, y)
    line = model.final_estimator_[-1]
    return Recalibrated(model, slope=float(line.coef_[0, 0]), intercept=float(line.intercept_[0]))
