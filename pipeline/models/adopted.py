"""A model that others fitted, in a folder as MLflow saves it: what it says of itself, and its answers as probabilities of churn.

Reading what it says runs nothing; `load_adopted` unpickles, which runs whatever its author put there.
"""

import logging
import re
import shutil
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin

from pipeline.atomic_files import digest_of_folder
from pipeline.errors import ChurnopsError
from pipeline.models.earlier_names import answer_earlier_names
from pipeline.tables.schema import Schema

_MLMODEL = "MLmodel"
# Keys of MLmodel that name files. Of `model_code_path`, which tells where a script came from, MLflow takes the last part alone.
_FILES = frozenset({"code", "data", "model_path", "path", "pickled_model", "python_model"})
_WHOLE = frozenset({"integer", "long"})
_SAME = 1e-6  # how far two probabilities of one row may be from adding up to one
_AGAIN = "Save it again with MLflow, then try again."


class ModelError(ChurnopsError):
    """A model that others fitted is not one churnops can work with."""


@dataclass(frozen=True)
class Described:
    """What a model's folder says of itself. `inputs`: columns it takes, with MLflow's type or None, in its order; empty where it says nothing.
    `versions`: of Python and scikit-learn when it was saved, where that is on record. `digest`: over the folder's files."""

    flavour: Literal["sklearn", "pyfunc"]
    inputs: dict[str, str | None]
    versions: dict[str, str]
    digest: str


def describe(folder: Path) -> Described:
    """Read what an MLflow model says of itself, without loading it.

    Raises:
        ModelError: no MLflow model, of neither flavour, or one that reaches for files outside its folder.
    """
    if not (folder / _MLMODEL).is_file():
        raise ModelError(
            f"{folder} is not an MLflow model: there is no file {_MLMODEL} in it.", "Save it with `mlflow.sklearn.save_model`."
        )
    try:
        digest = digest_of_folder(folder)
    except ValueError as error:
        raise ModelError(f"The model cannot be copied byte for byte: {error}.", "Replace links by the files themselves.") from error
    with quiet():
        from mlflow.models import Model

        try:
            said = Model.load(str(folder))
            flavours: dict[str, Any] = dict(said.flavors)
            inputs = _inputs(said.signature)
        except Exception as error:  # whatever YAML and MLflow raise on a file that is none of theirs
            raise ModelError(f"{folder / _MLMODEL} cannot be read ({type(error).__name__}).", _AGAIN) from error
    if "sklearn" not in flavours and "python_function" not in flavours:
        raise ModelError(
            f"{folder} has neither the scikit-learn nor the pyfunc flavour, but {', '.join(sorted(flavours)) or 'none'}.",
            "Save it with `mlflow.sklearn.save_model` or `mlflow.pyfunc.save_model`.",
        )
    outside = sorted({name for name in _named_files(flavours) if Path(name).is_absolute() or ".." in Path(name).parts})
    if outside:
        raise ModelError(f"The model names files outside its folder: {', '.join(outside)}.", _AGAIN)
    return Described("sklearn" if "sklearn" in flavours else "pyfunc", inputs, _versions(folder, flavours), digest)


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
        except Exception as error:  # loading runs the model's own code
            made = ", ".join(f"{name} {number}" for name, number in described.versions.items()) or "versions it does not name"
            raise ModelError(
                f"The model cannot be loaded here ({type(error).__name__}: {_first_line(error)}); it was saved with {made}.",
                "Install what its requirements.txt names.",
            ) from error
    inputs = described.inputs
    if described.flavour == "sklearn":
        if not hasattr(model, "predict_proba"):
            raise ModelError(
                f"The model gives no probabilities: {type(model).__name__} has no predict_proba.", "Adopt a classifier that has."
            )
        inputs = dict.fromkeys(map(str, getattr(model, "feature_names_in_", inputs)))
        if not inputs:
            raise ModelError(
                "The model does not say which columns it takes, nor in which order.",
                "Fit it on a DataFrame, or save it with a signature.",
            )
    return AdoptedClassifier(model, described.flavour, inputs, columns, home)


def load_within(folder: Path, columns: Mapping[str, Any]) -> "AdoptedClassifier":
    """As `load_adopted`, for the script of a recalibrated model, which is handed the columns as JSON.

    This module, this name, the two arguments and `predict_proba` of what it gives are frozen: every recalibrated model stored since names
    them in its bytes, and bytes cannot be changed. What moves goes around them.
    """
    return load_adopted(folder, Schema.model_validate(columns))


class AdoptedClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """The classifier that scikit-learn's parts and ours expect, around a model of either flavour. Its parameters are those of
    `load_adopted`; `home` keeps the loaded files until the model is gone."""

    classes_ = np.array([0, 1])

    def __init__(self, model: Any, flavour: str, inputs: dict[str, str | None], columns: Schema, home: Any) -> None:
        self.model = model
        self.flavour = flavour
        self.inputs = inputs
        self.columns = columns
        self.home = home

    def fit(self, x: pd.DataFrame, y: NDArray[np.int8]) -> "AdoptedClassifier":
        """It was fitted by others, and stays as it is; scikit-learn takes nothing for a classifier that has no `fit`."""
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def predict_proba(self, x: pd.DataFrame) -> NDArray[np.float64]:
        """Probabilities of (stays, churns) for each row of a typed frame, shape (n, 2).

        Raises:
            ModelError: a column it takes is missing, it fails on these rows, or what it gives are no probabilities of churn.
        """
        given = x[[name for name in self.inputs if name in x.columns] or list(self.columns.features)]
        # MLflow refuses a whole number that comes as a float, as all numbers of a typed frame do.
        whole = {name: "int64" for name in given.columns if self.inputs.get(name) in _WHOLE and (given[name] % 1 == 0).all()}
        with quiet():
            try:
                raw = self.model.predict_proba(given) if self.flavour == "sklearn" else self.model.predict(given.astype(whole))
            except Exception as error:  # the model's own code
                missing = [name for name in self.inputs if name not in x.columns]
                if missing:
                    raise ModelError(
                        f"The model takes columns that [data] in churnops.toml does not name as features: {', '.join(missing)}.",
                        "Start a workspace whose features are the model's, with `churnops init`.",
                    ) from error
                raise ModelError(f"The model cannot score these rows ({type(error).__name__}: {_first_line(error)}).", _AGAIN) from error
        p = churn_probabilities(raw, len(x))
        return np.column_stack([1 - p, p])


def churn_probabilities(raw: Any, rows: int) -> NDArray[np.float64]:
    """What a model gave for `rows` rows, as probabilities of churn, shape (rows,). Of two columns the second is churn.

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
    return found.reshape(rows, -1)[:, -1]


@contextmanager
def quiet() -> Iterator[None]:
    """Work with MLflow while it says nothing on standard output or error; what matters of it churnops says itself."""
    logger = logging.getLogger("mlflow")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def _load(folder: Path, flavour: str) -> Any:
    import mlflow.pyfunc
    import mlflow.sklearn

    answer_earlier_names()
    return mlflow.sklearn.load_model(str(folder)) if flavour == "sklearn" else mlflow.pyfunc.load_model(str(folder))


def _inputs(signature: Any) -> dict[str, str | None]:
    schema = None if signature is None else signature.inputs
    if schema is None or not schema.has_input_names():
        return {}
    return {str(column.name): getattr(column.type, "name", None) for column in schema.inputs}


def _versions(folder: Path, flavours: dict[str, Any]) -> dict[str, str]:
    found = {"python": flavours.get("python_function", {}).get("python_version")}
    found["scikit-learn"] = flavours.get("sklearn", {}).get("sklearn_version") or _required(folder)
    return {name: str(number) for name, number in found.items() if number}


def _required(folder: Path) -> str | None:
    listed = folder / "requirements.txt"
    text = listed.read_text(encoding="utf-8", errors="replace") if listed.is_file() else ""
    pinned = re.search(r"^scikit-learn==([0-9][\w.]*)", text, re.MULTILINE)
    return pinned.group(1) if pinned else None


def _named_files(said: Any) -> Sequence[str]:
    """Every file that the description names, at any depth."""
    if not isinstance(said, dict):
        return []
    here = [value for key, value in said.items() if key in _FILES and isinstance(value, str)]
    return [*here, *(name for value in said.values() for name in _named_files(value))]


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else "no reason given"
