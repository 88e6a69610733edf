"""The script that MLflow runs to load an adopted model recalibrated: that model as it is, and a line through its log-odds.

A model of the team's own may not survive being pickled again, so it stays a folder within the folder. Loading it needs churnops.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel, PythonModelContext
from numpy.typing import NDArray
from scipy.special import expit, logit

from pipeline.measures.metrics import SMALLEST_PROBABILITY
from pipeline.models.adopted import load_adopted
from pipeline.tables.schema import Schema

CHAMPION = "champion"


class RecalibratedModel(PythonModel):
    """MLflow calls `load_context` once and `predict` for every frame of features."""

    def load_context(self, context: PythonModelContext) -> None:
        """Load the model within; `model_config` holds the columns, slope and intercept."""
        said: dict[str, Any] = context.model_config
        self._champion = load_adopted(Path(context.artifacts[CHAMPION]), Schema.model_validate(said["columns"]))
        self._slope, self._intercept = float(said["slope"]), float(said["intercept"])

    def predict(self, context: PythonModelContext, model_input: pd.DataFrame, params: Any = None) -> NDArray[np.float64]:
        """Probability of churn for each row, shape (n,)."""
        p = np.clip(self._champion.predict_proba(model_input)[:, 1], SMALLEST_PROBABILITY, 1 - SMALLEST_PROBABILITY)
        return np.asarray(expit(self._slope * logit(p) + self._intercept), dtype=np.float64)


set_model(RecalibratedModel())
