"""A model in one file, as joblib or pickle wrote it: made a folder that describes itself, as MLflow's models do. Loading it runs code."""

import json
import shutil
import warnings
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pipeline.models.mlflow_folder import FILE_FLAVOUR, MLMODEL

_FILE = "model.joblib"


def folder_of(file: Path, features: Sequence[str], place: Path) -> None:
    """Copy the file into the new folder `place`, beside a description. The file is loaded once, for the version that is only in there.

    Args:
        file: as `joblib.dump` or `pickle.dump` left it.
        features: the columns it takes, in its order; none where the model says so itself.
        place: created here.

    Raises:
        Exception: whatever loading it raises.
    """
    from sklearn.exceptions import InconsistentVersionWarning

    place.mkdir()
    shutil.copyfile(file, place / _FILE)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        load_pickled(place)
    older = [one.message.original_sklearn_version for one in warned if isinstance(one.message, InconsistentVersionWarning)]
    said = {"data": _FILE, "features": list(features), "sklearn_version": older[0] if older else version("scikit-learn")}
    # JSON is YAML, and the same bytes for the same model.
    (place / MLMODEL).write_text(json.dumps({"flavors": {FILE_FLAVOUR: said}}, indent=2) + "\n", encoding="utf-8")


def load_pickled(folder: Path) -> Any:
    """What is in the file of such a folder. joblib reads what pickle wrote, too."""
    import joblib

    return joblib.load(folder / _FILE)
