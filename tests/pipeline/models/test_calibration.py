"""Calibration is kept when out-of-fold rows show that it helps, and only then."""

import pickle

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.pipeline import Pipeline

from pipeline.errors import DataError
from pipeline.models.calibration import FOLDS, KEPT_ABOVE_Z, OutOfFold, calibrated_model, cross_fit_folds, out_of_fold, try_calibration
from pipeline.models.unfitted_model import build, fit_on_all_processors
from tests.pipeline.small_tables import COLUMNS, small_table

TABLE = small_table(500, 1)
Y = TABLE["churned"].to_numpy()


class Overconfident(ClassifierMixin, BaseEstimator):
    """A model whose order is right and whose probabilities are far too bold."""

    def __init__(self, exponent: float = 4.0) -> None:
        self.exponent = exponent

    def fit(self, x: object, y: np.ndarray) -> "Overconfident":
        self.model_ = build("logistic_regression", {}, 7, COLUMNS).fit(x, y)
        self.classes_ = self.model_.classes_
        return self

    def predict_proba(self, x: object) -> np.ndarray:
        odds = np.exp(self.exponent * self.model_.decision_function(x))
        return np.column_stack([1 / (1 + odds), odds / (1 + odds)])

    def predict(self, x: object) -> np.ndarray:
        return self.predict_proba(x)[:, 1] >= 0.5


def test_bold_probabilities_are_calibrated() -> None:
    folds = cross_fit_folds(Y, None, 7)
    trial, _ = try_calibration(out_of_fold(Pipeline([("bold", Overconfident())]), TABLE, Y, folds), Y, None, folds)
    assert trial.kept
    assert trial.z > KEPT_ABOVE_Z
    assert trial.log_loss_calibrated < trial.log_loss_raw
    assert (trial.method, trial.n) == ("sigmoid", 500)


def test_honest_probabilities_are_left_alone() -> None:
    folds = cross_fit_folds(Y, None, 7)
    trial, _ = try_calibration(out_of_fold(build("logistic_regression", {}, 7, COLUMNS), TABLE, Y, folds), Y, None, folds)
    assert not trial.kept
    assert trial.z <= KEPT_ABOVE_Z


@pytest.mark.slow
def test_the_trial_is_repeatable() -> None:
    pipeline = build("random_forest", {"n_estimators": 10, "max_depth": 4}, 7, COLUMNS)
    folds = cross_fit_folds(Y, None, 7)
    first, second = (try_calibration(out_of_fold(pipeline, TABLE, Y, folds), Y, None, folds)[0] for _ in range(2))
    assert first == second


def test_the_sigmoid_that_is_tried_is_the_sigmoid_that_is_kept() -> None:
    bold = Pipeline([("bold", Overconfident())])
    folds = cross_fit_folds(Y, None, 7)
    found = out_of_fold(bold, TABLE, Y, folds)
    tried, _ = try_calibration(found, Y, None, folds)
    fresh = small_table(4000, 2)
    p = calibrated_model(bold.fit(TABLE, Y), found, Y).predict_proba(fresh)[:, 1]
    kept = -np.mean(np.log(np.where(fresh["churned"] == 1, p, 1 - p)))
    assert kept == pytest.approx(tried.log_loss_calibrated, abs=0.05)
    assert tried.log_loss_raw > kept + 0.2


@pytest.mark.parametrize(("rows", "expected"), [(3000, "isotonic"), (1200, "sigmoid")])
def test_isotonic_regression_is_kept_where_rows_are_enough_and_no_sigmoid_follows_the_curve(rows: int, expected: str) -> None:
    random = np.random.default_rng(4)
    response = random.random(rows)
    y = (random.random(rows) < np.where(response < 0.3, 0.1, np.where(response < 0.7, 0.45, 0.9))).astype(np.int8)
    trial, p = try_calibration(OutOfFold(response, response), y, None, cross_fit_folds(y, None, 7))
    assert (trial.method, trial.kept) == (expected, True)
    assert (np.unique(p).size < 200) == (expected == "isotonic")


def test_where_a_sigmoid_fits_it_stays_however_many_rows_there_are() -> None:
    random = np.random.default_rng(5)
    margin = random.normal(0, 1, 6000)
    y = (random.random(6000) < 1 / (1 + np.exp(-margin))).astype(np.int8)
    bold = 1 / (1 + np.exp(-3 * margin))
    assert try_calibration(OutOfFold(bold, 3 * margin), y, None, cross_fit_folds(y, None, 7))[0].method == "sigmoid"


def test_calibrating_keeps_the_order_of_customers() -> None:
    pipeline = build("random_forest", {"n_estimators": 20, "max_depth": 4}, 7, COLUMNS)
    fresh = small_table(200, 2)
    found = out_of_fold(pipeline, TABLE, Y, cross_fit_folds(Y, None, 7))
    raw = pipeline.fit(TABLE, Y).predict_proba(fresh)[:, 1]
    calibrated = calibrated_model(pipeline, found, Y).predict_proba(fresh)[:, 1]
    assert (np.diff(calibrated[np.argsort(raw, kind="stable")]) >= 0).all()


@pytest.mark.slow
@pytest.mark.parametrize("estimator", ["random_forest", "logistic_regression"])
def test_it_is_the_model_that_scikit_learn_makes_with_twice_the_fits(estimator: str) -> None:
    few = {"random_forest": {"n_estimators": 10, "max_depth": 4}, "logistic_regression": {}}[estimator]
    x, folds = TABLE[list(COLUMNS.features)], cross_fit_folds(Y, None, 7)
    fresh = small_table(200, 2)[list(COLUMNS.features)]
    theirs = CalibratedClassifierCV(build(estimator, few, 7, COLUMNS), method="sigmoid", cv=folds, ensemble=False).fit(x, Y)
    pipeline = build(estimator, few, 7, COLUMNS)
    ours = calibrated_model(pipeline.fit(x, Y), out_of_fold(pipeline, x, Y, folds), Y)
    assert (ours.predict_proba(fresh) == theirs.predict_proba(fresh)).all()
    assert vars(ours).keys() == vars(theirs).keys()
    assert ours.feature_names_in_.tolist() == theirs.feature_names_in_.tolist()
    assert b"pipeline.models" not in pickle.dumps(ours), "whoever loads it needs none of ours"


def test_the_number_of_processors_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    x, fresh = TABLE[list(COLUMNS.features)], small_table(200, 2)[list(COLUMNS.features)]
    one, more = (build("random_forest", {"n_estimators": 10, "max_depth": 4}, 7, COLUMNS) for _ in range(2))
    one.fit(x, Y)
    monkeypatch.setattr("joblib.parallel.cpu_count", lambda *_: 3)
    fit_on_all_processors(more, x, Y)
    assert (one.predict_proba(fresh) == more.predict_proba(fresh)).all()
    assert more["classify"].n_jobs is None, "what it predicts is added up in one order"


def test_folds_are_seeded_and_hold_every_row_once() -> None:
    first, again, other = cross_fit_folds(Y, None, 7), cross_fit_folds(Y, None, 7), cross_fit_folds(Y, None, 8)
    assert sorted(np.concatenate([test for _, test in first])) == list(range(500))
    assert all((a == b).all() for (_, a), (_, b) in zip(first, again, strict=True))
    assert any((a != b).any() for (_, a), (_, b) in zip(first, other, strict=True) if a.size == b.size)


def test_a_customer_lies_in_one_fold() -> None:
    groups = np.arange(500) % 120
    for train, test in cross_fit_folds(Y, groups, 7):
        assert not set(groups[train]) & set(groups[test])


@pytest.mark.slow
def test_copies_of_customers_are_no_further_evidence() -> None:
    bold = Pipeline([("bold", Overconfident(1.6))])
    rows = np.tile(np.arange(500), 4)
    copied, y, groups = TABLE.iloc[rows], Y[rows], rows
    folds = cross_fit_folds(y, groups, 7)
    found = out_of_fold(bold, copied, y, folds)
    (grouped, _), (naive, _) = try_calibration(found, y, groups, folds), try_calibration(found, y, None, folds)
    assert naive.z == pytest.approx(2 * grouped.z, rel=0.01)


@pytest.mark.parametrize("churners", [0, FOLDS - 1, 500 - FOLDS + 1])
def test_too_few_of_an_outcome_is_an_error_that_counts_them(churners: int) -> None:
    with pytest.raises(DataError, match=f"Of the 500 training rows {churners} churned; at least 5 of each"):
        cross_fit_folds((np.arange(500) < churners).astype(np.int8), None, 7)
