"""A model that others fitted, in a folder as MLflow saves it, and its answers as probabilities of churn.

`load_adopted` unpickles, which runs whatever its author put there.
"""

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin

from pipeline.models.asked_model import AskedModel, asked, library_of
from pipeline.models.earlier_names import answer_earlier_names
from pipeline.models.mlflow_folder import FILE_FLAVOUR, SAVE_AGAIN, Described, ModelError, describe, quiet
from pipeline.models.own_types import OwnType, encoded_types, in_own_types, signed_types
from pipeline.models.pickled_file import load_pickled
from pipeline.tables.schema import Schema

_SAME = 1e-6  # how far two probabilities of one row may be from adding up to one
# What pip installs for a package that is imported and not there.
_EXTRAS = {name: f"churnops[{name}]" for name in ("lightgbm", "xgboost", "catboost")}


def load_adopted(folder: Path, columns: Schema) -> "AdoptedClassifier":
    """Load the model in `folder`, which runs code from it.

    It is loaded from a copy, because MLflow and Python write into the folder they load from, and the bytes there are vouched for.

    Raises:
        ModelError: not an MLflow model, one that the installed packages cannot load, or one that says nothing about the columns it takes.
    """
    described = describe(folder)
    home = tempfile.TemporaryDirectory(prefix="churnops-model-")
    copy = shutil.copytree(folder, Path(home.name) / "model")
    with quiet():
        try:
            model = _load(copy, described.flavour)
            way = AskedModel((), model.predict, ()) if described.flavour == "pyfunc" else asked(model)
        except ModelError:
            raise
        except Exception as error:  # loading runs the model's own code
            raise not_loaded(error, described) from error
    signed = signed_types(described.inputs)
    if described.flavour == "pyfunc":
        return AdoptedClassifier(model, way, {name: signed.get(name) for name in described.inputs}, columns, home)
    takes = _with_blanks(way.takes, columns) if library_of(model) == "lightgbm" else way.takes
    inputs = dict.fromkeys(takes) or dict.fromkeys(described.inputs)
    if not inputs:
        raise ModelError(
            "The model does not say which columns it takes, nor in which order.",
            "Name them with --features (a model in a file), fit it on a DataFrame, or save it with a signature.",
        )
    if described.flavour == FILE_FLAVOUR and described.inputs and list(described.inputs) != list(inputs):
        raise ModelError(
            f"--features names other columns than the model itself, which takes {', '.join(inputs)} in this order.", "Leave --features out."
        )
    # What an encoder saw is what it knows, whatever a signature says.
    types = {**signed, **encoded_types(model)}
    return AdoptedClassifier(model, way, {name: types.get(name) for name in inputs}, columns, home)


def load_within(folder: Path, columns: Mapping[str, Any]) -> "AdoptedClassifier":
    """As `load_adopted`, for the script of a recalibrated model, which is handed the columns as JSON.

    This module, this name, the two arguments and `predict_proba` of what it gives are frozen: every recalibrated model stored since names
    them in its bytes, and bytes cannot be changed. What moves goes around them.
    """
    return load_adopted(folder, Schema.model_validate(columns))


class AdoptedClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """The classifier that scikit-learn's parts and ours expect, around a model of any flavour, asked in its own `way`. `inputs` are the columns
    it takes and in which type, None where that is not on record; `home` keeps the loaded files until the model is gone."""

    classes_ = np.array([0, 1])

    def __init__(self, model: Any, way: AskedModel, inputs: dict[str, OwnType | None], columns: Schema, home: Any) -> None:
        self.model = model
        self.way = way
        self.inputs = inputs
        self.columns = columns
        self.home = home

    def fit(self, x: pd.DataFrame, y: NDArray[np.int8]) -> "AdoptedClassifier":
        """It was fitted by others, and stays as it is; scikit-learn takes nothing for a classifier that has no `fit`."""
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def predict_proba(self, x: pd.DataFrame) -> NDArray[np.float64]:
        """Probabilities of (stays, churns) for each row of a typed frame, or of one as its file has it, shape (n, 2).

        Raises:
            ModelError: a column it takes is missing, it fails on these rows, or what it gives are no probabilities of churn.
        """
        given = x[[name for name in self.inputs if name in x.columns] or list(self.columns.features)]
        with quiet():
            try:
                raw = self.way.probabilities(in_own_types(given, self.inputs))
            except Exception as error:  # the model's own code
                missing = [name for name in self.inputs if name not in x.columns]
                if missing:
                    raise ModelError(
                        f"The model takes columns that [data] in churnops.toml does not name as features: {', '.join(missing)}.",
                        "Start a workspace whose features are the model's, with `churnops init`.",
                    ) from error
                raise ModelError(
                    f"The model cannot score these rows ({type(error).__name__}: {_first_line(error)}).", SAVE_AGAIN
                ) from error
        positive = self.columns.positive
        p = churn_probabilities(raw, len(x), self.way.classes.index(positive) if positive in self.way.classes else -1)
        return np.column_stack([1 - p, p])


def churn_probabilities(raw: Any, rows: int, churn: int = -1) -> NDArray[np.float64]:
    """What a model gave for `rows` rows, as probabilities of churn, shape (rows,). `churn`: which of two columns is churn, the last where
    the model's classes do not say.

    Raises:
        ModelError: not numbers, of another shape than (rows,), (rows, 1) or (rows, 2), or not probabilities.
    """
    try:
        found = np.asarray(raw, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ModelError("The model gives no numbers where probabilities of churn are needed.", "Let it give probabilities.") from error
    if found.shape not in {(rows,), (rows, 1), (rows, 2)}:
        raise ModelError(
            f"The model gives an answer of shape {found.shape} for {rows:,} rows; one or two probabilities for each are needed.",
            "Let it give the probability of churn, or those of staying and churning.",
        )
    if not bool(((found >= 0) & (found <= 1)).all()):  # written so that NaN fails it too
        raise ModelError("The model gives scores that are not probabilities between 0 and 1.", "Let it give probabilities.")
    if found.shape == (rows, 2) and not np.allclose(found.sum(axis=1), 1, atol=_SAME):
        raise ModelError("The model gives two columns that do not add up to one.", "Let it give the probabilities of staying and churning.")
    return found[:, churn] if found.shape == (rows, 2) else found.reshape(rows)


def not_loaded(error: Exception, described: Described | None = None) -> ModelError:
    """Why a model could not be loaded here, and what would help."""
    if isinstance(error, ModuleNotFoundError) and error.name:
        package = error.name.partition(".")[0]
        install = f"Run `pip install '{_EXTRAS.get(package, package)}'`."
        if package not in _EXTRAS and package != "skops":
            install = f"Install the package that has {package}, where churnops is installed."
        return ModelError(f"The model needs {package}, which is not installed.", install)
    made = ", ".join(f"{name} {number}" for name, number in described.versions.items()) if described else ""
    return ModelError(
        f"The model cannot be loaded here ({type(error).__name__}: {_first_line(error)}); it was saved with "
        f"{made or 'versions it does not name'}.",
        "Install what it was saved with; a model of MLflow's lists it in its requirements.txt.",
    )


def _load(folder: Path, flavour: str) -> Any:
    answer_earlier_names()
    if flavour == FILE_FLAVOUR:
        return load_pickled(folder)
    return import_module(f"mlflow.{flavour}").load_model(str(folder))


def _with_blanks(takes: Sequence[str], columns: Schema) -> Sequence[str]:
    """LightGBM's columns as [data] spells them: it writes _ for a blank."""
    spelt = {name.replace(" ", "_"): name for name in columns.features}
    return [name if name in columns.features else spelt.get(name, name) for name in takes]


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else "no reason given"
