"""The families of models that can be trained, by name; a further family is one more entry."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pipeline.errors import TrainingError
from pipeline.tables.schema import Schema
from pipeline.workspace.settings import EstimatorName

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline


@dataclass(frozen=True)
class Hyperparameter:
    """One setting of an estimator: its default, and whether it must be a whole number. All are above zero."""

    default: float
    whole: bool


@dataclass(frozen=True)
class Estimator:
    """One family: its hyperparameters by name, and the unfitted classifier for their values and a seed."""

    hyperparameters: Mapping[str, Hyperparameter]
    classifier: Callable[[Mapping[str, Any], int], Any]


def _random_forest(values: Mapping[str, Any], seed: int) -> Any:
    from sklearn.ensemble import RandomForestClassifier

    # Only without threads is the sum over trees the same, bit for bit, in every batch size. Leaves of ten customers rank and
    # calibrate better than leaves of one (cross-validated on the Telco set's training rows: ROC-AUC +0.006, log loss -0.007).
    return RandomForestClassifier(**values, min_samples_leaf=10, n_jobs=None, random_state=seed)


def _logistic_regression(values: Mapping[str, Any], seed: int) -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(**values, max_iter=1000, random_state=seed)


ESTIMATORS: Mapping[EstimatorName, Estimator] = MappingProxyType(
    {
        "random_forest": Estimator(
            {"n_estimators": Hyperparameter(200, whole=True), "max_depth": Hyperparameter(10, whole=True)}, _random_forest
        ),
        "logistic_regression": Estimator({"C": Hyperparameter(1.0, whole=False)}, _logistic_regression),
    }
)


def hyperparameters_of(estimator: EstimatorName, given: Mapping[str, float]) -> dict[str, int | float]:
    """All hyperparameters of an estimator: its defaults with the `given` values laid over them.

    Raises:
        TrainingError: a name the estimator does not have, a value that is not above zero, or a fraction where a whole number belongs.
    """
    known = ESTIMATORS[estimator].hyperparameters
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise TrainingError(f"{estimator} has no hyperparameter {', '.join(unknown)}.", f"It takes: {', '.join(known)}.")
    return {name: _checked(name, given.get(name, known[name].default), known[name].whole) for name in known}


def build(estimator: EstimatorName, given: Mapping[str, float], seed: int, columns: Schema) -> "Pipeline":
    """The unfitted pipeline, from a typed frame with at least `columns.features` to probabilities of (stays, churns).

    Missing numbers become the training median. A missing category is a category of its own, because that it is missing
    often says something; a category never seen in training counts as none of the known ones.

    Raises:
        TrainingError: as `hyperparameters_of`.
    """
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import Pipeline, make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    values = hyperparameters_of(estimator, given)
    # A numerical column without any value in training stays, as zeros; else scikit-learn warns at every fit and prediction.
    numerical = make_pipeline(SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler())
    categorical = make_pipeline(SimpleImputer(strategy="constant", fill_value="missing"), OneHotEncoder(handle_unknown="ignore"))
    prepare = ColumnTransformer(
        [("numerical", numerical, list(columns.numerical)), ("categorical", categorical, list(columns.categorical))]
    )
    return Pipeline([("prepare", prepare), ("classify", ESTIMATORS[estimator].classifier(values, seed))])


def _checked(name: str, value: float, whole: bool) -> int | float:
    if isinstance(value, bool) or not math.isfinite(value) or value <= 0:
        raise TrainingError(f"Hyperparameter {name} is {value}.", "It must be a number above zero.")
    if not whole:
        return float(value)
    if value != int(value):
        raise TrainingError(f"Hyperparameter {name} is {value}.", "It must be a whole number.")
    return int(value)
