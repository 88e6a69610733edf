"""What an MLflow model's folder says of itself. Reading it runs nothing that is in the folder."""

import logging
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.atomic_files import digest_of_folder
from pipeline.errors import ChurnopsError

MLMODEL = "MLmodel"
SAVE_AGAIN = "Save it again with MLflow, then try again."
FILE_FLAVOUR = "joblib"  # ours, not MLflow's: a file as joblib or pickle wrote it, see `pipeline.models.pickled_file`

_PYFUNC = "python_function"
# Flavours that are loaded as the library's own object, the first that a model has before all others, and under which key MLflow keeps the
# version of which package. Of a model that has none of them the pyfunc flavour is loaded.
_OWN = {
    "sklearn": ("sklearn_version", "scikit-learn"),
    "lightgbm": ("lgb_version", "lightgbm"),
    "xgboost": ("xgb_version", "xgboost"),
    "catboost": ("catboost_version", "catboost"),
    FILE_FLAVOUR: ("sklearn_version", "scikit-learn"),
}
# Keys of MLmodel that name files. Of `model_code_path`, which tells where a script came from, MLflow takes the last part alone.
_FILES = frozenset({"code", "data", "model_path", "path", "pickled_model", "python_model"})


class ModelError(ChurnopsError):
    """A model that others fitted is not one churnops can work with."""


@dataclass(frozen=True)
class Described:
    """What a model's folder says of itself. `flavour`: `sklearn`, `lightgbm`, `xgboost`, `catboost`, `joblib` or `pyfunc`. `inputs`: columns it
    takes, with MLflow's type or None, in its order; empty where it says nothing. `versions`: of Python and the library when it was saved,
    where that is on record. `digest`: over the folder's files."""

    flavour: str
    inputs: dict[str, str | None]
    versions: dict[str, str]
    digest: str


def describe(folder: Path) -> Described:
    """Read what an MLflow model says of itself, without loading it.

    Raises:
        ModelError: no MLflow model, of another flavour, or one that reaches for files outside its folder.
    """
    if not (folder / MLMODEL).is_file():
        raise ModelError(
            f"{folder} is not an MLflow model: there is no file {MLMODEL} in it.",
            "Save it with `mlflow.sklearn.save_model`, or give the file that joblib or pickle wrote.",
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
            own = next((name for name in _OWN if name in flavours), None)
            inputs = dict.fromkeys(map(str, flavours[FILE_FLAVOUR]["features"])) if own == FILE_FLAVOUR else _inputs(said.signature)
        except Exception as error:  # whatever YAML and MLflow raise on a file that is none of theirs
            raise ModelError(f"{folder / MLMODEL} cannot be read ({type(error).__name__}).", SAVE_AGAIN) from error
    if own is None and _PYFUNC not in flavours:
        raise ModelError(
            f"{folder} has none of the flavours scikit-learn, LightGBM, XGBoost, CatBoost and pyfunc, "
            f"but {', '.join(sorted(flavours)) or 'none'}.",
            "Save it with one of them, for instance with `mlflow.pyfunc.save_model`.",
        )
    outside = sorted({name for name in _named_files(flavours) if Path(name).is_absolute() or ".." in Path(name).parts})
    if outside:
        raise ModelError(f"The model names files outside its folder: {', '.join(outside)}.", SAVE_AGAIN)
    return Described(own or "pyfunc", inputs, _versions(folder, flavours, own), digest)


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


def _inputs(signature: Any) -> dict[str, str | None]:
    schema = None if signature is None else signature.inputs
    if schema is None or not schema.has_input_names():
        return {}
    return {str(column.name): getattr(column.type, "name", None) for column in schema.inputs}


def _versions(folder: Path, flavours: dict[str, Any], own: str | None) -> dict[str, str]:
    found = {"python": flavours.get(_PYFUNC, {}).get("python_version"), "scikit-learn": _required(folder)}
    if own is not None:
        key, package = _OWN[own]
        found[package] = flavours[own].get(key) or found.get(package)
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
