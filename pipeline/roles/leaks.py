"""Columns that know the outcome: filled in because a customer left, or another model's answer."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.roles.column import TableColumn
from pipeline.tables.schema import Schema

TELLING = 0.99  # ROC-AUC of one column alone from which it knows the outcome rather than foretells it
_BINS = 50
_FEWEST_CHURNERS = 10  # on either side; fewer rank perfectly by luck
_CHURN = frozenset({"attrition", "churn", "churned", "churner"})
_AFTERWARDS = frozenset(
    {"cancel", "cancellation", "cancelled", "canceled", "cltv", "closed", "closure", "clv", "deactivated", "deactivation"}
) | frozenset({"ended", "exit", "leave", "leaving", "ltv", "reason", "termination", "terminated", "winback"})
_SCORES = frozenset({"probability", "propensity", "risk", "score"})
_MODELS = frozenset({"model", "predicted", "prediction", "propensity", "probability"})


@dataclass(frozen=True)
class Leak:
    """`certain`: the column is left out. `why`: in words that follow the column's name."""

    certain: bool
    why: str


def find_leak(column: TableColumn, churned: NDArray[np.bool_]) -> Leak | None:
    """Whether a column knows the outcome. `churned`: shape (rows,)."""
    missing = column.text.isna().to_numpy()
    if missing.any() and (np.array_equal(missing, churned) or np.array_equal(~missing, churned)):
        who = "every churner and nobody else" if np.array_equal(~missing, churned) else "everybody but the churners"
        return Leak(True, f"it is filled for {who}: known only afterwards")
    alone = roc_auc_alone(column.values, churned)
    if alone is not None and alone >= TELLING:
        return Leak(True, f"it alone tells who churned (ROC-AUC {alone:.3f}): known only afterwards, or the target in other words")
    if column.says(_CHURN):
        return Leak(True, "its name speaks of churn: known only afterwards, or another model's answer")
    if column.says(_AFTERWARDS) or (column.says(_SCORES) and column.says(_MODELS)):
        return Leak(False, "by its name it may be known only afterwards, or be another model's answer")
    return None


def telling_features(frame: pd.DataFrame, columns: Schema) -> tuple[str, ...]:
    """The features of a typed, labelled table that alone tell who churned."""
    churned = frame[columns.target].to_numpy(dtype=bool)
    alone = {name: roc_auc_alone(frame[name], churned) for name in columns.features}
    return tuple(name for name, found in alone.items() if found is not None and found >= TELLING)


def roc_auc_alone(values: pd.Series, churned: NDArray[np.bool_]) -> float | None:
    """ROC-AUC of one column alone, out of fold: the share of churners of each value, or of each of 50 bins of numbers, missing being one,
    counted on every other row and asked of the rest, and the other way round. None with fewer than 10 churners or others in a half."""
    codes = _codes(values)
    half = _halves(churned)
    for side in (half, ~half):
        if min(int(churned[side].sum()), int((~churned[side]).sum())) < _FEWEST_CHURNERS:
            return None
    width = int(codes.max()) + 1
    scores, counts = [], []
    for counted in (half, ~half):
        base = churned[counted].mean()
        rows, churners = _counts(codes[counted], churned[counted], width)
        scores.append((churners + base) / (rows + 1))
        counts.append(_counts(codes[~counted], churned[~counted], width))
    asked, left = np.concatenate([rows for rows, _ in counts]), np.concatenate([churners for _, churners in counts])
    # Counted rows are ranked: rows of one value and half score alike, so a table of millions costs no more than its values.
    distinct, place = np.unique(np.concatenate(scores), return_inverse=True)
    stayers, leavers = (np.bincount(place, each, minlength=distinct.size) for each in (asked - left, left))
    below = np.cumsum(stayers) - stayers / 2
    return float(below @ leavers / (stayers.sum() * leavers.sum()))


def _counts(codes: NDArray[np.int64], churned: NDArray[np.bool_], width: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Rows and churners of each code, both of shape (width,)."""
    rows, churners = np.bincount(codes, minlength=width), np.bincount(codes, churned, minlength=width)
    return rows.astype(np.float64), churners.astype(np.float64)


def _halves(churned: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Every other churner and every other one of the rest."""
    half = np.zeros(len(churned), dtype=bool)
    for outcome in (False, True):
        half[np.flatnonzero(churned == outcome)[::2]] = True
    return half


def _codes(values: pd.Series) -> NDArray[np.int64]:
    """Number of the bin or category of each row, missing being the last."""
    if not pd.api.types.is_numeric_dtype(values):
        codes = pd.factorize(values)[0]
    else:
        known = values.to_numpy(dtype="float64")
        edges = np.unique(np.nanquantile(known, np.linspace(0, 1, _BINS + 1)[1:-1], method="lower"))
        # A number that is an edge has a bin of its own: many rows may share it.
        codes = np.where(np.isnan(known), -1, np.searchsorted(edges, known) + np.searchsorted(edges, known, side="right"))
    return np.where(codes < 0, codes.max() + 1, codes).astype(np.int64)
