import numpy as np
import pytest

from pipeline.models.calibration import calibrated_model, cross_fit_folds, out_of_fold
from pipeline.models.importance import Importance, measure_importance, weighted_share
from pipeline.models.unfitted_model import build
from pipeline.tables.schema import Schema
from tests.pipeline.small_tables import COLUMNS, small_table

FEATURES = list(COLUMNS.features)
TABLE = small_table(1200, 3)
OUTCOMES = TABLE["churned"].to_numpy()


def fitted(estimator: str = "random_forest"):  # type: ignore[no-untyped-def]
    return build(estimator, {"n_estimators": 20} if estimator == "random_forest" else {}, 7, COLUMNS).fit(TABLE[FEATURES], OUTCOMES)


def drops(importances: tuple[Importance, ...]) -> dict[str, float]:
    return {importance.feature: importance.auc_drop for importance in importances}


@pytest.mark.parametrize("estimator", ["random_forest", "logistic_regression"])
def test_the_columns_that_make_customers_churn_come_first(estimator: str) -> None:
    found = drops(measure_importance(fitted(estimator), TABLE[FEATURES], OUTCOMES, 1))
    assert list(found) == FEATURES
    assert max(found, key=lambda name: found[name]) == "tenure"
    assert found["tenure"] > 0.1 > found["payment"]


def test_a_column_the_model_never_saw_change_anything_has_no_importance() -> None:
    frame = TABLE.assign(noise=np.random.default_rng(1).choice(["x", "y"], len(TABLE)).astype(object))
    schema = Schema(target="churned", positive="yes", numerical=("tenure",), categorical=("noise",))
    x = frame[["tenure", "noise"]]
    model = build("logistic_regression", {"C": 0.01}, 7, schema).fit(x, OUTCOMES)
    assert abs(drops(measure_importance(model, x, OUTCOMES, 1))["noise"]) < 0.01


@pytest.mark.slow
def test_a_calibrated_model_has_importances_too() -> None:
    pipeline = build("logistic_regression", {}, 7, COLUMNS)
    found = out_of_fold(pipeline, TABLE[FEATURES], OUTCOMES, cross_fit_folds(OUTCOMES, None, 7))
    model = calibrated_model(pipeline.fit(TABLE[FEATURES], OUTCOMES), found, OUTCOMES)
    assert drops(measure_importance(model, TABLE[FEATURES], OUTCOMES, 1))["tenure"] > 0.1


def test_the_same_seed_gives_the_same_numbers_and_leaves_the_rows_as_they_were() -> None:
    before = TABLE[FEATURES].copy()
    model = fitted()
    first = measure_importance(model, TABLE[FEATURES], OUTCOMES, 1)
    assert measure_importance(model, TABLE[FEATURES], OUTCOMES, 1) == first
    assert measure_importance(model, TABLE[FEATURES], OUTCOMES, 2) != first
    assert before.equals(TABLE[FEATURES])


@pytest.mark.slow
def test_a_table_larger_than_the_budget_is_sampled() -> None:
    large = small_table(12_000, 4)
    asked = []

    class Counting:
        model = fitted()

        def predict_proba(self, x: object) -> np.ndarray:
            asked.append(len(x))  # type: ignore[arg-type]
            return self.model.predict_proba(x)

    found = drops(measure_importance(Counting(), large[FEATURES], large["churned"].to_numpy(), 1))
    assert max(asked) < 3 * 12_000 and sum(asked[1:]) <= 100_000
    assert found["tenure"] == pytest.approx(
        drops(measure_importance(fitted(), large[FEATURES].head(8000), large["churned"].head(8000).to_numpy(), 2))["tenure"], abs=0.03
    )


def test_drift_is_weighed_by_what_the_model_loses_without_the_column() -> None:
    importances = tuple(Importance(feature=name, auc_drop=drop) for name, drop in (("a", 0.06), ("b", 0.03), ("c", 0.01), ("d", -0.02)))
    assert weighted_share(importances, {"a"}) == pytest.approx(0.6)
    assert weighted_share(importances, {"b", "c"}) == pytest.approx(0.4)
    assert weighted_share(importances, {"d"}) == 0
    assert weighted_share(importances, {"a", "b", "c", "d"}) == pytest.approx(1)


def test_a_model_that_relies_on_nothing_has_no_weighted_share() -> None:
    assert weighted_share((Importance(feature="a", auc_drop=-0.01),), {"a"}) is None
    assert weighted_share((), set()) is None
