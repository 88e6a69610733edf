"""Models as a team has them: saved by MLflow, by other hands than churnops'."""

import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.models.mlflow_folder import quiet
from pipeline.models.unfitted_model import build
from pipeline.tables.schema import Schema

SCIKIT_LEARN = version("scikit-learn")


def fitted(rows: pd.DataFrame, columns: Schema) -> Any:
    """A quick pipeline that gives probabilities."""
    return build("logistic_regression", {}, 1, columns).fit(rows[list(columns.features)], rows[columns.target])


def save_sklearn(model: Any, folder: Path, scikit_learn: str = SCIKIT_LEARN) -> Path:
    """With scikit-learn's flavour; `scikit_learn` is the version it says it was saved with."""
    with quiet():
        import mlflow.sklearn

        mlflow.sklearn.save_model(
            model, str(folder), serialization_format="cloudpickle", pip_requirements=[f"scikit-learn=={scikit_learn}"]
        )
    described = folder / "MLmodel"
    described.write_text(described.read_text().replace(f"sklearn_version: {SCIKIT_LEARN}", f"sklearn_version: {scikit_learn}"))
    return folder


def save_pyfunc(predict: Any, folder: Path, model: Any = None, signature: Any = None) -> Path:
    """With the pyfunc flavour alone; `predict` takes `model` and a frame."""
    with quiet():
        import mlflow.pyfunc
        from mlflow.pyfunc.model import PythonModel

        class Own(PythonModel):
            def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> Any:
                return predict(model, model_input)

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            mlflow.pyfunc.save_model(
                str(folder), python_model=Own(), signature=signature, pip_requirements=[f"scikit-learn=={SCIKIT_LEARN}"]
            )
    return folder


def second_column(model: Any, x: pd.DataFrame) -> Any:
    """What many a pyfunc does: probabilities of churn, shape (n,)."""
    return model.predict_proba(x)[:, 1]
