"""Two columns from near: which values came together before and come together now, and the customers in whom one of them is missing."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel

from pipeline.diagnosis.group_measures import MOST_GROUPS, parts_of, short
from pipeline.diagnosis.observed import Observed
from pipeline.errors import DataError
from pipeline.shown_text import FOLD_BELOW, plain

_COMMON = 6  # values of a category that are told apart
_OTHERS = "(others)"


class PairCell(BaseModel, frozen=True):
    """Customers with one value of each: share of all, 0-1, in the reference and in the window; None where they are fewer than ten."""

    first: str
    second: str
    reference: float | None
    window: float | None


class MissingRows(BaseModel, frozen=True):
    """Customers in whom `missing` is empty (one column, or both): share of all, 0-1, and their mean score now; None where they are fewer than ten."""

    missing: str
    reference: float | None
    window: float | None
    mean_score: float | None


class PairView(BaseModel, frozen=True):
    """Two features together. `tie_*`: how far one tells the other (Cramér's V, 0-1, chance taken off); `equal_*`: share of the customers with the same
    value in both, None where the features are of different kinds; `cells` the commonest, `elided` did not fit."""

    first: str
    second: str
    tie_reference: float | None
    tie_window: float | None
    equal_reference: float | None
    equal_window: float | None
    cells: tuple[PairCell, ...]
    elided: int
    missing: tuple[MissingRows, ...]


def inspect_pair(observed: Observed, first: str, second: str) -> PairView:
    """How two features belong together in the drift reference and in the window's sample.

    Raises:
        DataError: there is no such feature, or both are one.
    """
    features = observed.columns.features
    for name in (first, second):
        if name not in features:
            raise DataError(f"There is no feature {name[:64]!r}.", f"Features are: {', '.join(features)}.")
    if first == second:
        raise DataError(f"{first[:64]!r} is one feature.", "Name two.")
    before, now = observed.before, observed.window
    parts = [_pairs(observed, frame, first, second) for frame in (before, now)]
    tables = [pd.crosstab(one, other) for one, other in parts]
    counts = pd.concat([pd.Series(1, index=pd.MultiIndex.from_arrays(part)).groupby(level=[0, 1]).sum() for part in parts], axis=1).fillna(
        0
    )
    counts = counts[counts.max(axis=1) >= FOLD_BELOW]
    counts = counts.loc[counts.sum(axis=1).sort_values(ascending=False, kind="stable").index]
    cells = tuple(
        PairCell(
            first=plain(str(one), 80), second=plain(str(other), 80),
            reference=_share(int(was), len(before)), window=_share(int(is_), len(now)),
        )
        for (one, other), was, is_ in counts.head(MOST_GROUPS).itertuples()
    )  # fmt: skip
    alike = observed.columns.kind(first) == observed.columns.kind(second)
    equal = [
        _share(int((frame[first].astype(object) == frame[second].astype(object)).sum()), len(frame)) if alike else None
        for frame in (before, now)
    ]
    return PairView(
        first=first,
        second=second,
        tie_reference=_tie(tables[0].to_numpy(dtype=np.float64)),
        tie_window=_tie(tables[1].to_numpy(dtype=np.float64)),
        equal_reference=equal[0],
        equal_window=equal[1],
        cells=cells,
        elided=max(0, len(counts) - MOST_GROUPS),
        missing=_missing(observed, first, second),
    )


def _pairs(observed: Observed, frame: pd.DataFrame, first: str, second: str) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
    return _common(observed, frame, first), _common(observed, frame, second)


def _common(observed: Observed, frame: pd.DataFrame, name: str) -> NDArray[np.object_]:
    parts = parts_of(observed, name, frame[name])
    if observed.columns.kind(name) == "numerical":
        return parts
    # The commonest of both, so that a category that is new is seen.
    counts = pd.concat([observed.before[name], observed.window[name]]).astype(object).value_counts()
    told = {str(value) for value in counts.index[:_COMMON]} | {"(missing)"}
    return np.array([part if part in told else _OTHERS for part in parts], dtype=object)


def _missing(observed: Observed, first: str, second: str) -> tuple[MissingRows, ...]:
    found = []
    for label, one, other in ((first, True, False), (second, False, True), ("both", True, True)):
        masks = [
            ((frame[first].isna() == one) & (frame[second].isna() == other)).to_numpy() for frame in (observed.before, observed.window)
        ]
        if not any(mask.any() for mask in masks):
            continue
        shares = [_share(int(mask.sum()), mask.size) for mask in masks]
        scored = float(observed.scores[masks[1]].mean()) if masks[1].sum() >= FOLD_BELOW else None
        found.append(MissingRows(missing=plain(label, 200), reference=shares[0], window=shares[1], mean_score=short(scored)))
    return tuple(found)


def _share(customers: int, of: int) -> float | None:
    """None where they are so few that they could be pointed at."""
    return None if 0 < customers < FOLD_BELOW or not of else round(customers / of, 4)


def _tie(table: NDArray[np.float64]) -> float | None:
    """Cramér's V, bias-corrected. Source: Bergsma (2013), "A bias-correction for Cramér's V and Tschuprow's T"."""
    rows, (r, c) = table.sum(), table.shape
    if rows < 2 * FOLD_BELOW or min(r, c) < 2:
        return None
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / rows
    phi = float(((table - expected) ** 2 / expected).sum() / rows)
    corrected = max(0.0, phi - (r - 1) * (c - 1) / (rows - 1))
    r, c = r - (r - 1) ** 2 / (rows - 1), c - (c - 1) ** 2 / (rows - 1)
    return round(float(np.sqrt(corrected / max(1e-12, min(r, c) - 1))), 3)
