"""Building a model: the hyperparameters of its family, and the pipeline that takes tables as they come."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pipeline.errors import TrainingError
from pipeline.families import Family, families, family_named
from pipeline.tables.schema import Schema

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray
    from sklearn.pipeline import Pipeline

MOST_CATEGORIES = 50  # of one column; a city or a postcode has thousands, of which a model would learn each by heart


def hyperparameters_of(estimator: str, given: Mapping[str, float]) -> dict[str, int | float]:
    """All hyperparameters of an estimator: its defaults with the `given` values laid over them.

    Raises:
        TrainingError: there is no such estimator, a name it does not have, a value that is not above zero, or a fraction where a whole number belongs.
    """
    known = family_named(estimator).hyperparameters
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise TrainingError(f"{estimator} has no hyperparameter {', '.join(unknown)}.", f"It takes: {', '.join(known)}.")
    return {name: _checked(name, given.get(name, known[name].default), known[name].whole) for name in known}


def successor_family(name: str) -> Family:
    """The family of which a champion's successors are, for whoever fits one beside the champion.

    Raises:
        TrainingError: it is no longer there.
    """
    if name not in families():
        raise TrainingError(
            f"Successors of this champion are of the family {name[:40]!r}, which is no longer in pipeline/families, so what retraining would bring "
            "cannot be found out.",
            f"Put its file back, or make a champion of another family ({', '.join(families())}) with `churnops train --estimator NAME`.",
        )
    return family_named(name)


def require_packages(estimator: str) -> None:
    """Refuse a family that cannot be fitted here.

    Raises:
        TrainingError: there is no such estimator, or it needs a package that is not installed.
    """
    family = family_named(estimator)
    if family.packages and not family.installed:
        others = ", ".join(name for name, other in families().items() if not other.packages)
        raise TrainingError(f"{estimator} needs {family.packages[0]}, which is not installed.", f"Install it, or choose another: {others}.")


def build(estimator: str, given: Mapping[str, float], seed: int, columns: Schema) -> "Pipeline":
    """The unfitted pipeline, from a typed frame with at least `columns.features` to probabilities of (stays, churns).

    Missing numbers become the training median, unless the family takes them as they are. A missing category is a category of its own, because that it is missing
    often says something. Of a column with more than 50 categories the rarest are folded into one, and a category never seen in training counts
    as one of those, or as none of the known ones. Derived numbers are computed from the numbers as they come, and then treated as these.

    Raises:
        TrainingError: as `hyperparameters_of` and `require_packages`.
    """
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import Pipeline, make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    family, values = family_named(estimator), hyperparameters_of(estimator, given)
    require_packages(estimator)

    def scaling() -> tuple[Any, ...]:
        # A numerical column without any value in training stays, as zeros; else scikit-learn warns at every fit and prediction.
        return () if family.native_missing else (SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler())

    numerical = make_pipeline(*scaling()) if scaling() else "passthrough"
    one_hot = OneHotEncoder(handle_unknown="infrequent_if_exist", max_categories=MOST_CATEGORIES)
    categorical = make_pipeline(SimpleImputer(strategy="constant", fill_value="missing"), one_hot)
    steps = [("numerical", numerical, list(columns.numerical)), ("categorical", categorical, list(columns.categorical))]
    if columns.derived:
        from pipeline.models.derived_columns import DerivedColumns

        computed = DerivedColumns(tuple(one.text for one in columns.derived.values()))
        steps.append(("derived", make_pipeline(computed, *scaling()), list(columns.numerical)))
    prepare = ColumnTransformer(
        steps,
        # A zero that is left out of a sparse matrix is a missing number to some libraries, and others take none.
        sparse_threshold=0.0 if family.native_missing else 0.3,
    )
    return Pipeline([("prepare", prepare), ("classify", family.classifier(family.native(values), seed))])


def fit_on_all_processors(pipeline: "Pipeline", x: "pd.DataFrame", y: "NDArray[np.int8]") -> "Pipeline":
    """Fit the pipeline, an ensemble's members side by side. Each member has a seed of its own, so the number of processors changes nothing;
    predicting stays in one thread, where the order of a sum would."""
    from joblib import parallel_config

    with parallel_config(backend="threading", n_jobs=-1):
        return pipeline.fit(x, y)


def _checked(name: str, value: float, whole: bool) -> int | float:
    if isinstance(value, bool) or not math.isfinite(value) or value <= 0:
        raise TrainingError(f"Hyperparameter {name} is {value}.", "It must be a number above zero.")
    if not whole:
        return float(value)
    if value != int(value):
        raise TrainingError(f"Hyperparameter {name} is {value}.", "It must be a whole number.")
    return int(value)
