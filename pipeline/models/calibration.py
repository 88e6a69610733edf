"""Whether calibrating a model's probabilities helps: shown on training rows the model did not see, never assumed."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import DataError
from pipeline.measures.measure import CalibrationTrial
from pipeline.measures.metrics import SMALLEST_PROBABILITY, log_losses

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.pipeline import Pipeline

Folds = list[tuple[NDArray[np.int64], NDArray[np.int64]]]

FOLDS = 5
# One-sided p < 0.07. A sigmoid has two parameters, so keeping it wrongly costs next to nothing; a stricter bar would leave
# visibly tilted probabilities alone in small tables.
KEPT_ABOVE_Z = 1.5


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


def try_calibration(
    pipeline: "Pipeline", x: "pd.DataFrame", y: NDArray[np.int8], groups: NDArray[np.int64] | None, folds: Folds
) -> tuple[CalibrationTrial, NDArray[np.float64]]:
    """Log loss of out-of-fold probabilities, raw against calibrated by a sigmoid fitted on the other folds.

    Returns the trial, and the out-of-fold probability of churn of each row (calibrated where that is kept), shape (n,): what the model
    would have said of customers it had not seen.

    Sigmoid only: isotonic regression needs thousands of rows and ties scores, which costs ROC-AUC.

    Args:
        pipeline: unfitted; fitted once per fold on a copy.
        x: training rows, shape (n, features).
        y: outcomes, 1 is churn, shape (n,).
        groups: as for `cross_fit_folds`; rows of one customer count as one observation in the z score.
        folds: from `cross_fit_folds`.

    Source: Platt (1999), "Probabilistic Outputs for Support Vector Machines".
    """
    raw, response = _out_of_fold(pipeline, x, y, folds)
    calibrated = _cross_fitted_sigmoid(response, y, folds)
    losses = log_losses(y, raw), log_losses(y, calibrated)
    z = _z(losses[0] - losses[1], groups)
    trial = _trial(*losses, z, kept=z > KEPT_ABOVE_Z)
    return trial, calibrated if trial.kept else raw


def try_recalibration(p: NDArray[np.float64], y: NDArray[np.int8], folds: Folds) -> CalibrationTrial:
    """Log loss of a model's probabilities `p` for rows it has not seen against the same after a sigmoid fitted on the other folds.

    It is kept whatever it shows, because it was asked for: the gate decides.
    """
    from scipy.special import logit

    calibrated = _cross_fitted_sigmoid(logit(np.clip(p, SMALLEST_PROBABILITY, 1 - SMALLEST_PROBABILITY)), y, folds)
    losses = log_losses(y, p), log_losses(y, calibrated)
    return _trial(*losses, _z(losses[0] - losses[1], None), kept=True)


def calibrated_model(pipeline: "Pipeline", folds: Folds) -> "CalibratedClassifierCV":
    """The unfitted pipeline with a sigmoid fitted on out-of-fold scores; one pipeline fitted on all rows, so ranks stay."""
    from sklearn.calibration import CalibratedClassifierCV

    return CalibratedClassifierCV(pipeline, method="sigmoid", cv=folds, ensemble=False)


def _out_of_fold(pipeline: Any, x: "pd.DataFrame", y: NDArray[np.int8], folds: Folds) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Probability of churn, and the score CalibratedClassifierCV would calibrate (decision function where there is one)."""
    from sklearn.base import clone

    raw = np.empty(y.size)
    response = np.empty(y.size)
    for train, test in folds:
        fitted = clone(pipeline).fit(x.iloc[train], y[train])
        raw[test] = fitted.predict_proba(x.iloc[test])[:, 1]
        response[test] = fitted.decision_function(x.iloc[test]) if hasattr(fitted, "decision_function") else raw[test]
    return raw, response


def _cross_fitted_sigmoid(response: NDArray[np.float64], y: NDArray[np.int8], folds: Folds) -> NDArray[np.float64]:
    from sklearn.linear_model import LogisticRegression

    score = response[:, None]
    calibrated = np.empty(y.size)
    for train, test in folds:
        calibrated[test] = LogisticRegression(C=np.inf).fit(score[train], y[train]).predict_proba(score[test])[:, 1]
    return calibrated


def _trial(raw: NDArray[np.float64], calibrated: NDArray[np.float64], z: float, *, kept: bool) -> CalibrationTrial:
    return CalibrationTrial(
        method="sigmoid", log_loss_raw=float(raw.mean()), log_loss_calibrated=float(calibrated.mean()), z=z, n=raw.size, kept=kept
    )


def _z(gain: NDArray[np.float64], groups: NDArray[np.int64] | None) -> float:
    sums = gain if groups is None else np.bincount(groups, weights=gain)
    spread = float(sums.std(ddof=1))
    return float(sums.mean() / (spread / np.sqrt(sums.size))) if spread > 0 else 0.0
