"""Which of a model's two columns is churn, and what is said where its library is not there."""

from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from pipeline.errors import TrainingError
from pipeline.models import adopted
from pipeline.models.adopted import load_adopted
from pipeline.models.mlflow_folder import ModelError, describe
from pipeline.models.pickled_file import folder_of
from pipeline.models.unfitted_model import successor_family
from tests.pipeline.own_models import SCIKIT_LEARN, save_sklearn
from tests.pipeline.small_tables import COLUMNS, small_table

ROWS = small_table(200, 1)


@pytest.mark.parametrize("labels", [("active", "yes"), ("yes", "zealous")], ids=["churn sorts last", "churn sorts first"])
def test_where_classes_are_texts_the_workspaces_positive_label_is_churn(tmp_path: Path, labels: tuple[str, str]) -> None:
    stays = next(label for label in labels if label != COLUMNS.positive)
    named = np.where(ROWS["churned"] == 1, COLUMNS.positive, stays)
    model = LogisticRegression().fit(ROWS[["tenure"]], named)
    p = load_adopted(save_sklearn(model, tmp_path / "own"), COLUMNS).predict_proba(ROWS)[:, 1]
    assert p[ROWS["churned"] == 1].mean() > p[ROWS["churned"] == 0].mean()


@pytest.mark.parametrize(
    ("package", "said"),
    [
        ("lightgbm", r"needs lightgbm, which is not installed\. Run `pip install 'churnops\[lightgbm\]'`"),
        ("skops", r"needs skops, which is not installed\. Run `pip install 'skops'`"),
        ("their_features", r"needs their_features, which is not installed\. Install the package that has their_features"),
    ],
)
def test_a_library_that_is_not_there_is_named_with_what_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str, said: str
) -> None:
    folder = save_sklearn(LogisticRegression().fit(ROWS[["tenure"]], ROWS["churned"]), tmp_path / "own")

    def load(*_: object) -> None:
        raise ModuleNotFoundError(f"No module named '{package}'", name=f"{package}.inside")

    monkeypatch.setattr(adopted, "_load", load)
    with pytest.raises(ModelError, match=said):
        load_adopted(folder, COLUMNS)


def test_features_that_contradict_the_model_are_refused(tmp_path: Path) -> None:
    joblib.dump(LogisticRegression().fit(ROWS[["tenure"]], ROWS["churned"]), tmp_path / "own.joblib")
    folder_of(tmp_path / "own.joblib", ("charges",), tmp_path / "own")
    with pytest.raises(ModelError, match="which takes tenure in this order"):
        load_adopted(tmp_path / "own", COLUMNS)


def test_a_file_of_another_scikit_learn_says_of_which(tmp_path: Path) -> None:
    model = LogisticRegression().fit(ROWS[["tenure"]], ROWS["churned"])
    joblib.dump(model, tmp_path / "own.joblib")
    written = (tmp_path / "own.joblib").read_bytes()
    other = f"{SCIKIT_LEARN[:-1]}{(int(SCIKIT_LEARN[-1]) + 1) % 10}"
    (tmp_path / "own.joblib").write_bytes(written.replace(SCIKIT_LEARN.encode(), other.encode()))
    folder_of(tmp_path / "own.joblib", (), tmp_path / "own")
    assert describe(tmp_path / "own").versions["scikit-learn"] == other


def test_a_family_that_is_gone_says_what_cannot_be_found_out_and_what_to_do() -> None:
    with pytest.raises(TrainingError, match=r"family 'perceptron', which is no longer .*churnops train --estimator"):
        successor_family("perceptron")
