"""A model of our own training is loaded from bytes that can run nothing, and scores the same to the last bit."""

import os
import pickle
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cloudpickle
import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.preprocessing import FunctionTransformer

from pipeline.errors import IntegrityError
from pipeline.families import families
from pipeline.models.artifact import Manifest, open_artifact
from pipeline.models.calibration import calibrated_model, cross_fit_folds, out_of_fold
from pipeline.models.held_pickle import load_held
from pipeline.models.recalibration import recalibrate
from pipeline.models.unfitted_model import build
from pipeline.record.champion import require_champion
from pipeline.record.opened_workspace import Opened
from tests.pipeline.small_tables import COLUMNS, small_table

ROWS, NEW = small_table(300, 1), small_table(200, 2)[list(COLUMNS.features)]
X, Y = ROWS[list(COLUMNS.features)], ROWS["churned"].to_numpy()


@pytest.mark.parametrize("family", [name for name, family in families().items() if not family.packages])
def test_every_model_that_we_make_is_loaded_and_scores_the_same(family: str) -> None:
    unfitted = build(family, {}, 1, COLUMNS)
    plain = build(family, {}, 1, COLUMNS).fit(X, Y)
    calibrated = calibrated_model(plain, out_of_fold(unfitted, X, Y, cross_fit_folds(Y, None, 1)), Y)
    for model in (plain, calibrated, recalibrate(calibrated, X, Y).model):
        found = load_held(cloudpickle.dumps(model))
        assert (found.predict_proba(NEW) == model.predict_proba(NEW)).all()


class Calls:
    """Loading it calls something."""

    def __init__(self, what: Any, *given: Any) -> None:
        self.made = (what, given)

    def __reduce__(self) -> Any:
        return self.made


def own(x: Any) -> Any:
    return x


def attacks(sprung: Path) -> dict[str, Callable[[], bytes]]:
    touch = f"touch {sprung}"
    return {
        "os.system": lambda: pickle.dumps(Calls(os.system, touch)),
        "subprocess": lambda: pickle.dumps(Calls(subprocess.call, ["touch", str(sprung)])),
        "builtins.eval": lambda: pickle.dumps(Calls(eval, f"open({str(sprung)!r}, 'w')")),
        "builtins.getattr": lambda: pickle.dumps(Calls(getattr, "x", "upper")),
        "Path.touch": lambda: pickle.dumps(Calls(Path.touch, sprung)),
        "a module of scikit-learn's that has os": lambda: b"csklearn.datasets._base\nos\n.",
        "a function of scikit-learn's": lambda: b"csklearn.datasets._base\nfetch_file\n(S'http://x'\ntR.",
        "a name with a dot": lambda: b"\x80\x04\x8c\x16sklearn.datasets._base\x8c\tos.system\x93.",
        "numpy's loader of files": lambda: pickle.dumps(Calls(np.load, "x")),
        "a function of a team's in an estimator": lambda: cloudpickle.dumps(FunctionTransformer(own)),
        "a lambda": lambda: cloudpickle.dumps(FunctionTransformer(lambda x: x)),
        "an estimator that is none of scikit-learn's": lambda: cloudpickle.dumps(type("Mine", (BaseEstimator,), {})()),
    }


@pytest.mark.parametrize("name", attacks(Path()))
def test_bytes_that_name_anything_else_run_nothing(name: str, tmp_path: Path) -> None:
    sprung = tmp_path / "sprung"
    with pytest.raises(IntegrityError):
        load_held(attacks(sprung)[name]())
    assert not sprung.exists()


def test_the_champion_is_one_and_says_so(trained: Opened) -> None:
    artifact = open_artifact(trained.workspace, require_champion(trained.workspace, trained.ledger).digest)
    assert artifact.manifest.runs_code is False
    assert not artifact.manifest.loads_code
    earlier = artifact.manifest.model_copy(update={"runs_code": None})
    assert not earlier.loads_code
    assert "runs_code" not in Manifest.model_validate_json(earlier.model_dump_json()).model_dump()
    assert earlier.model_copy(update={"versions": {**earlier.versions, "lightgbm": "4"}}).loads_code, "of a family with packages of its own"
