"""Whether calibrating a model's probabilities helps: shown on training rows the model did not see, never assumed."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin

from pipeline.errors import DataError
from pipeline.measures.measure import CalibrationTrial
from pipeline.measures.metrics import SMALLEST_PROBABILITY, log_losses
from pipeline.models.unfitted_model import fit_on_all_processors
from pipeline.tables.schema import Schema

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.pipeline import Pipeline

Folds = list[tuple[NDArray[np.int64], NDArray[np.int64]]]

FOLDS = 5
# One-sided p < 0.07. A sigmoid has two parameters, so keeping it wrongly costs next to nothing; a stricter bar would leave
# visibly tilted probabilities alone in small tables.
KEPT_ABOVE_Z = 1.5
# Of the rarer outcome. scikit-learn advises against isotonic regression below about a thousand rows; churners are what it has least of.
FEWEST_FOR_ISOTONIC = 1_000
Method = Literal["sigmoid", "isotonic"]


@dataclass(frozen=True)
class OutOfFold:
    """What models that had not seen a row say of it, both of shape (n,): `probability` of churn, and the `response` that scikit-learn would
    calibrate (the decision function where there is one, else the probability)."""

    probability: NDArray[np.float64]
    response: NDArray[np.float64]


def customer_groups(rows: "pd.DataFrame", columns: Schema) -> NDArray[np.int64] | None:
    """Customer of each row as numbers from 0, shape (rows,); a row without an id is a customer of its own. None where no customer repeats."""
    if columns.id is None or columns.id not in rows.columns or rows[columns.id].dropna().is_unique:
        return None
    codes, known = rows[columns.id].factorize()
    nameless = codes < 0
    codes[nameless] = len(known) + np.arange(int(nameless.sum()))
    return codes


def cross_fit_folds(y: NDArray[np.int8], groups: NDArray[np.int64] | None, seed: int) -> Folds:
    """Five seeded, stratified folds as (train, test) positions; rows of one group lie in one fold.

    Args:
        y: outcomes, 1 is churn, shape (n,).
        groups: customer of each row, shape (n,); None where no customer repeats.
        seed: shuffles the rows.

    Raises:
        DataError: fewer rows of a class than folds.
    """
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    churners = int(y.sum())
    if min(churners, y.size - churners) < FOLDS:
        raise DataError(
            f"Of the {y.size} training rows {churners} churned; at least {FOLDS} of each outcome are needed.",
            "Give more rows with outcomes.",
        )
    if groups is None:
        return list(StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(y, y))
    return list(StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed).split(y, y, groups))


def out_of_fold(pipeline: "Pipeline", x: "pd.DataFrame", y: NDArray[np.int8], folds: Folds, *, side_by_side: bool = False) -> OutOfFold:
    """Fit a copy of the unfitted pipeline once per fold, and ask it about the rows it was not given.

    Args:
        pipeline: unfitted, and stays so.
        x: training rows, shape (n, features).
        y: outcomes, 1 is churn, shape (n,).
        folds: from `cross_fit_folds`.
        side_by_side: fit the folds in processes of joblib's backend, instead of an ensemble's members in threads; the numbers are the same.
    """
    from joblib import Parallel, delayed

    fit = Parallel(n_jobs=-1 if side_by_side else 1)
    said = fit(delayed(_unseen)(pipeline, x.iloc[train], y[train], x.iloc[test], not side_by_side) for train, test in folds)
    raw, response = np.empty(y.size), np.empty(y.size)
    for (_, test), found in zip(folds, said, strict=True):
        raw[test], response[test] = found
    return OutOfFold(raw, response)


def _unseen(
    pipeline: "Pipeline", x: "pd.DataFrame", y: NDArray[np.int8], asked: "pd.DataFrame", threads: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    from sklearn.base import clone

    fitted = fit_on_all_processors(clone(pipeline), x, y) if threads else clone(pipeline).fit(x, y)
    raw = fitted.predict_proba(asked)[:, 1]
    return raw, fitted.decision_function(asked) if hasattr(fitted, "decision_function") else raw


def try_calibration(
    found: OutOfFold, y: NDArray[np.int8], groups: NDArray[np.int64] | None, folds: Folds
) -> tuple[CalibrationTrial, NDArray[np.float64]]:
    """Log loss of out-of-fold probabilities, raw against calibrated by a sigmoid, or by isotonic regression, fitted on the other folds.

    Returns the trial, and the out-of-fold probability of churn of each row (calibrated where that is kept), shape (n,): what the model
    would have said of customers it had not seen.

    Isotonic regression is tried from 1,000 rows of the rarer outcome on, and has to beat the sigmoid by as much as calibration has to beat none:
    it ties scores, which costs ROC-AUC.

    Args:
        found: from `out_of_fold`, with these folds.
        y: outcomes, 1 is churn, shape (n,).
        groups: as for `cross_fit_folds`; rows of one customer count as one observation in the z score.
        folds: from `cross_fit_folds`.

    Source: Platt (1999), "Probabilistic Outputs for Support Vector Machines"; Zadrozny and Elkan (2002) for isotonic regression.
    """
    raw = found.probability
    method: Method = "sigmoid"
    calibrated = _cross_fitted_sigmoid(found.response, y, folds)
    losses = log_losses(y, calibrated)
    if min(y.sum(), y.size - y.sum()) >= FEWEST_FOR_ISOTONIC:
        other = _cross_fitted_isotonic(found.response, y, folds)
        if _z(losses - log_losses(y, other), groups) > KEPT_ABOVE_Z:
            method, calibrated, losses = "isotonic", other, log_losses(y, other)
    before = log_losses(y, raw)
    z = _z(before - losses, groups)
    trial = _trial(before, losses, z, method, kept=z > KEPT_ABOVE_Z)
    return trial, calibrated if trial.kept else raw


def try_recalibration(p: NDArray[np.float64], y: NDArray[np.int8], folds: Folds) -> CalibrationTrial:
    """Log loss of a model's probabilities `p` for rows it has not seen against the same after a sigmoid fitted on the other folds.

    It is kept whatever it shows, because it was asked for: the gate decides.
    """
    from scipy.special import logit

    calibrated = _cross_fitted_sigmoid(logit(np.clip(p, SMALLEST_PROBABILITY, 1 - SMALLEST_PROBABILITY)), y, folds)
    losses = log_losses(y, p), log_losses(y, calibrated)
    return _trial(*losses, _z(losses[0] - losses[1], None), "sigmoid", kept=True)


class _AsGiven(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A classifier whose decision function is the one column it is given, whatever it is fitted on."""

    def fit(self, x: NDArray[np.float64], y: NDArray[np.int8]) -> "_AsGiven":
        self.classes_ = np.unique(y)
        return self

    def decision_function(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        return x[:, 0]

    def predict(self, x: NDArray[np.float64]) -> NDArray[np.int8]:
        """Nobody asks; scikit-learn takes nothing for a classifier that has no `predict`."""
        return np.asarray(self.classes_[(x[:, 0] > 0).astype(int)], dtype=np.int8)


def calibrated_model(fitted: "Pipeline", found: OutOfFold, y: NDArray[np.int8], method: Method = "sigmoid") -> "CalibratedClassifierCV":
    """The pipeline, fitted on all rows, with a sigmoid or isotonic regression fitted on what was said out of fold; so no two customers change places.

    It is what scikit-learn's `CalibratedClassifierCV(pipeline, method=method, cv=folds, ensemble=False).fit(x, y)` makes, without fitting
    the five folds and the whole a second time: scikit-learn fits the calibrator on the responses as they are, then gets the pipeline.
    """
    from sklearn.calibration import CalibratedClassifierCV

    model = CalibratedClassifierCV(_AsGiven(), method=method, cv=FOLDS, ensemble=False).fit(found.response[:, None], y)
    (pair,) = model.calibrated_classifiers_
    pair.estimator = model.estimator = fitted
    for name in ("n_features_in_", "feature_names_in_"):
        if hasattr(fitted, name):
            setattr(model, name, getattr(fitted, name))
    return model


def _cross_fitted_sigmoid(response: NDArray[np.float64], y: NDArray[np.int8], folds: Folds) -> NDArray[np.float64]:
    from sklearn.linear_model import LogisticRegression

    score = response[:, None]
    calibrated = np.empty(y.size)
    for train, test in folds:
        calibrated[test] = LogisticRegression(C=np.inf).fit(score[train], y[train]).predict_proba(score[test])[:, 1]
    return calibrated


def _cross_fitted_isotonic(response: NDArray[np.float64], y: NDArray[np.int8], folds: Folds) -> NDArray[np.float64]:
    from sklearn.isotonic import IsotonicRegression

    calibrated = np.empty(y.size)
    for train, test in folds:
        calibrated[test] = IsotonicRegression(out_of_bounds="clip").fit(response[train], y[train]).predict(response[test])
    return calibrated


def _trial(raw: NDArray[np.float64], calibrated: NDArray[np.float64], z: float, method: Method, *, kept: bool) -> CalibrationTrial:
    return CalibrationTrial(
        method=method, log_loss_raw=float(raw.mean()), log_loss_calibrated=float(calibrated.mean()), z=z, n=raw.size, kept=kept
    )


def _z(gain: NDArray[np.float64], groups: NDArray[np.int64] | None) -> float:
    sums = gain if groups is None else np.bincount(groups, weights=gain)
    spread = float(sums.std(ddof=1))
    return float(sums.mean() / (spread / np.sqrt(sums.size))) if spread > 0 else 0.0
