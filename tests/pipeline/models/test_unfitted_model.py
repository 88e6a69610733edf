"""The registry of estimators: names, defaults, bounds of sense, and one pipeline that takes tables as they come."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from pipeline.errors import TrainingError
from pipeline.families import families, installed_families
from pipeline.models.unfitted_model import build, hyperparameters_of
from tests.pipeline.small_tables import COLUMNS, small_table

QUICK: dict[str, dict[str, float]] = {
    "random_forest": {"n_estimators": 20, "max_depth": 4},
    "gradient_boosting": {"n_estimators": 20},
    "hist_gradient_boosting": {"n_estimators": 20},
    "lightgbm": {"n_estimators": 20},
    "logistic_regression": {},
    "xgboost": {"n_estimators": 20},
}

LIBRARIES = [name for name, family in families().items() if family.packages]
QUICKLY = pytest.mark.parametrize("estimator", [pytest.param(name, marks=[pytest.mark.slow] * (name in LIBRARIES)) for name in QUICK])


@pytest.fixture(autouse=True)
def _installed(request: pytest.FixtureRequest) -> None:
    if "estimator" in request.fixturenames and request.getfixturevalue("estimator") not in installed_families():
        pytest.skip("its library is not installed")


def test_every_family_is_tried_here() -> None:
    assert tuple(families()) == tuple(QUICK)


def test_defaults() -> None:
    assert hyperparameters_of("random_forest", {}) == {"n_estimators": 200, "max_depth": 10}
    assert hyperparameters_of("logistic_regression", {}) == {"C": 1.0}


def test_a_given_value_wins_and_a_whole_number_is_an_integer() -> None:
    values = hyperparameters_of("random_forest", {"n_estimators": 250.0})
    assert values == {"n_estimators": 250, "max_depth": 10}
    assert isinstance(values["n_estimators"], int)


def test_an_unknown_name_is_an_error_that_lists_the_known_ones() -> None:
    with pytest.raises(TrainingError, match=r"random_forest has no hyperparameter C, depth\. It takes: n_estimators, max_depth\."):
        hyperparameters_of("random_forest", {"depth": 3, "C": 1.0})


@pytest.mark.parametrize("value", [0, -5, float("nan"), float("inf"), 10.5, True])
def test_a_senseless_value_is_an_error(value: float) -> None:
    with pytest.raises(TrainingError, match=r"max_depth is .*\. It must be a"):
        hyperparameters_of("random_forest", {"max_depth": value})


@QUICKLY
def test_it_learns_from_numbers_and_categories_with_gaps(estimator: str) -> None:
    train, test = small_table(600, 1), small_table(600, 2)
    model = build(estimator, QUICK[estimator], 7, COLUMNS).fit(train, train["churned"])
    assert roc_auc_score(test["churned"], model.predict_proba(test)[:, 1]) > 0.75


@QUICKLY
def test_missing_and_new_values_still_get_a_probability(estimator: str) -> None:
    train, window = small_table(300, 1), small_table(20, 2)
    window["contract"] = "forever"
    window["payment"] = np.array([np.nan] * 20, dtype=object)
    window["charges"] = np.nan
    p = build(estimator, QUICK[estimator], 7, COLUMNS).fit(train, train["churned"]).predict_proba(window)
    assert np.isfinite(p).all()
    assert p.shape == (20, 2)


def test_that_a_category_is_missing_is_fitted() -> None:
    train = small_table(600, 1)
    train["churned"] = train["payment"].isna().astype(np.int8)
    model = build("logistic_regression", {}, 7, COLUMNS).fit(train, train["churned"])
    assert roc_auc_score(train["churned"], model.predict_proba(train)[:, 1]) > 0.99


@pytest.mark.parametrize("kinds", ["numerical", "categorical"])
def test_one_kind_of_feature_is_enough(kinds: str) -> None:
    train = small_table(200, 1)
    columns = COLUMNS.model_copy(update={"numerical" if kinds == "categorical" else "categorical": ()})
    assert build("random_forest", QUICK["random_forest"], 7, columns).fit(train, train["churned"]).predict_proba(train).shape == (200, 2)


@pytest.mark.filterwarnings("error")
def test_a_column_without_any_value_in_training_may_have_some_later() -> None:
    train = small_table(200, 1).assign(charges=np.nan)
    model = build("random_forest", QUICK["random_forest"], 7, COLUMNS).fit(train, train["churned"])
    assert np.isfinite(model.predict_proba(small_table(20, 2))).all()


def test_a_forest_is_the_same_to_the_bit_for_one_row_and_for_many() -> None:
    train, test = small_table(300, 1), small_table(50, 2)
    model = build("random_forest", QUICK["random_forest"], 7, COLUMNS).fit(train, train["churned"])
    together = model.predict_proba(test)[:, 1]
    alone = np.concatenate([model.predict_proba(test.iloc[[row]])[:, 1] for row in range(50)])
    assert (together == alone).all()


def test_the_seed_decides_the_forest() -> None:
    train = small_table(300, 1)

    def fitted(seed: int) -> list[float]:
        return list(build("random_forest", QUICK["random_forest"], seed, COLUMNS).fit(train, train["churned"]).predict_proba(train)[:, 1])

    assert fitted(7) == fitted(7)
    assert fitted(7) != fitted(8)
