"""A model others fitted is taken for what it gives: probabilities of churn, or one sentence that says why not."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression, RidgeClassifier

from pipeline.atomic_files import digest_of_folder
from pipeline.models.adopted import churn_probabilities, load_adopted
from pipeline.models.mlflow_folder import ModelError, describe
from pipeline.tables.schema import Schema
from tests.pipeline.own_models import SCIKIT_LEARN, fitted, save_pyfunc, save_sklearn, second_column
from tests.pipeline.small_tables import COLUMNS, small_table

ROWS, NEW = small_table(200, 1), small_table(40, 2)
MODEL = fitted(ROWS, COLUMNS)
EXPECTED = MODEL.predict_proba(NEW[list(COLUMNS.features)])[:, 1]


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_sklearn(MODEL, tmp_path_factory.mktemp("own") / "model")


def test_a_scikit_learn_model_scores_as_it_did_before_it_was_saved(saved: Path) -> None:
    assert (load_adopted(saved, COLUMNS).predict_proba(NEW)[:, 1] == EXPECTED).all()


@pytest.mark.parametrize(
    "answer",
    [
        second_column,
        lambda model, x: model.predict_proba(x),
        lambda model, x: pd.DataFrame({"p": model.predict_proba(x)[:, 1]}),
        lambda model, x: list(model.predict_proba(x)[:, 1]),
    ],
    ids=["vector", "two columns", "a frame's column", "a list"],
)
def test_a_pyfunc_may_answer_in_any_of_the_usual_shapes(tmp_path: Path, answer: Any) -> None:
    model = load_adopted(save_pyfunc(answer, tmp_path / "model", MODEL), COLUMNS)
    assert np.allclose(model.predict_proba(NEW)[:, 1], EXPECTED)


def test_columns_go_to_the_model_in_the_order_of_its_training(tmp_path: Path) -> None:
    frame = ROWS[["charges", "tenure"]].fillna(0)
    plain = LogisticRegression().fit(frame, ROWS["churned"])
    model = load_adopted(save_sklearn(plain, tmp_path / "model"), COLUMNS)
    new = NEW.fillna({"charges": 0.0})
    assert (model.predict_proba(new)[:, 1] == plain.predict_proba(new[["charges", "tenure"]])[:, 1]).all()


def test_a_signature_of_whole_numbers_takes_the_floats_of_a_typed_table(tmp_path: Path) -> None:
    from mlflow.models import infer_signature

    seen = pd.DataFrame({"tenure": [1, 2, 3]})
    signature = infer_signature(seen)
    folder = save_pyfunc(lambda _, x: np.full(len(x), 0.25 if x["tenure"].dtype == "int64" else 0.5), tmp_path / "model", None, signature)
    whole = NEW.assign(tenure=NEW["tenure"].round())
    assert set(load_adopted(folder, COLUMNS).predict_proba(whole)[:, 1]) == {0.25}


def test_loading_leaves_the_folder_as_it_was_and_nothing_beside_it(saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    before = digest_of_folder(saved)
    load_adopted(saved, COLUMNS).predict_proba(NEW)
    assert digest_of_folder(saved) == before == describe(saved).digest
    assert list(tmp_path.iterdir()) == []


def test_what_it_says_of_itself_is_read_without_loading_it(saved: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(saved, tmp_path / "model"))
    (copy / "model.pkl").write_bytes(b"no pickle")
    described = describe(copy)
    assert (described.flavour, described.versions["scikit-learn"]) == ("sklearn", SCIKIT_LEARN)
    with pytest.raises(ModelError, match=r"cannot be loaded here .* scikit-learn"):
        load_adopted(copy, COLUMNS)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (np.zeros((3, 3)), r"shape \(3, 3\)"),
        (np.zeros(2), r"shape \(2,\)"),
        (0.5, r"shape \(\)"),
        (["yes", "no", "no"], "no numbers"),
        (np.array([0.1, 1.2, 0.3]), "not probabilities"),
        (np.array([0.1, np.nan, 0.3]), "not probabilities"),
        (np.full((3, 2), 0.7), "do not add up to one"),
    ],
)
def test_an_answer_that_is_no_probability_of_churn_is_refused(raw: object, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        churn_probabilities(raw, 3)


def test_a_column_the_workspace_does_not_have_is_named(saved: Path) -> None:
    fewer = Schema(target="churned", positive="yes", numerical=("tenure",), categorical=("contract", "payment"))
    with pytest.raises(ModelError, match="does not name as features: charges"):
        load_adopted(saved, fewer).predict_proba(NEW.drop(columns="charges"))


def test_a_classifier_without_probabilities_is_refused(tmp_path: Path) -> None:
    model = RidgeClassifier().fit(ROWS[["tenure"]], ROWS["churned"])
    with pytest.raises(ModelError, match="no predict_proba"):
        load_adopted(save_sklearn(model, tmp_path / "model"), COLUMNS)


def test_a_model_that_does_not_say_its_columns_is_refused(tmp_path: Path) -> None:
    model = LogisticRegression().fit(ROWS[["tenure", "tenure"]].to_numpy(), ROWS["churned"])
    with pytest.raises(ModelError, match="does not say which columns"):
        load_adopted(save_sklearn(model, tmp_path / "model"), COLUMNS)


def test_a_folder_that_is_no_mlflow_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="not an MLflow model"):
        describe(tmp_path)
    (tmp_path / "MLmodel").write_text("flavors: {onnx: {}}\n")
    with pytest.raises(ModelError, match="but onnx"):
        describe(tmp_path)
    (tmp_path / "MLmodel").write_text("- [")
    with pytest.raises(ModelError, match="cannot be read"):
        describe(tmp_path)


@pytest.mark.parametrize("elsewhere", ["../../model.pkl", "/tmp/model.pkl"])
def test_a_model_that_reaches_outside_its_folder_is_refused(saved: Path, tmp_path: Path, elsewhere: str) -> None:
    copy = Path(shutil.copytree(saved, tmp_path / "model"))
    described = copy / "MLmodel"
    described.write_text(described.read_text().replace("pickled_model: model.pkl", f"pickled_model: {elsewhere}"))
    with pytest.raises(ModelError, match="outside its folder"):
        load_adopted(copy, COLUMNS)


def test_a_link_in_the_folder_is_refused(saved: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(saved, tmp_path / "model"))
    (copy / "more").symlink_to(tmp_path)
    with pytest.raises(ModelError, match="byte for byte"):
        describe(copy)
