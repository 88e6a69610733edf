"""The script that MLflow runs to load an adopted model recalibrated: that model as it is, and a line through its log-odds.

A model of the team's own may not survive being pickled again, so it stays a folder within the folder. Loading it needs churnops.

The script is copied into the model, so what it names of ours must never move: one function, which says that it is frozen.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel, PythonModelContext
from numpy.typing import NDArray
from scipy.special import expit, logit

from pipeline.models.adopted import load_within

CHAMPION = "champion"
SMALLEST_PROBABILITY = 1e-6  # as where the line was fitted; written out, because the line holds only with it


class RecalibratedModel(PythonModel):
    """MLflow calls `load_context` once and `predict` for every frame of features."""

    def load_context(self, context: PythonModelContext) -> None:
        """Load the model within; `model_config` holds the columns, slope and intercept."""
        said: dict[str, Any] = context.model_config
        self._champion = load_within(Path(context.artifacts[CHAMPION]), said["columns"])
        self._slope, self._intercept = float(said["slope"]), float(said["intercept"])

    def predict(self, context: PythonModelContext, model_input: pd.DataFrame, params: Any = None) -> NDArray[np.float64]:
        """Probability of churn for each row, shape (n,)."""
        p = np.clip(self._champion.predict_proba(model_input)[:, 1], SMALLEST_PROBABILITY, 1 - SMALLEST_PROBABILITY)
        return np.asarray(expit(self._slope * logit(p) + self._intercept), dtype=np.float64)


set_model(RecalibratedModel())
