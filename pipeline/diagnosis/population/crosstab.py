"""Every column in a few cells and every two columns as a table, of window and reference: one measure for columns of both kinds."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.diagnosis.observed import Observed
from pipeline.diagnosis.repeated_customers import customers_of, effective_rows

_BINS = 8  # equally full, of a numerical column
_CATEGORIES = 12  # and one more cell for all rarer ones
_RARE = 0.01  # of the reference's rows
_FEWEST = 10  # rows; fewer say nothing, and could point at a person
_COLUMNS = 60  # those of the highest importance: pairs grow with the square of their number

Codes = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Crosstab:
    """`reference` and `window` hold the cell of each row in each of the columns `names`, from 0, shapes (rows, columns). Side by side,
    the cells of all columns make a row of indicators, column k's being those in `spans[k]`. `customers` numbers the window's customers,
    shape (window rows,); `effective` is what its rows are worth (`repeats`).
    """

    names: tuple[str, ...]
    spans: tuple[slice, ...]
    reference: Codes
    window: Codes
    customers: Codes
    effective: float

    def moved(self, place: int) -> float:
        """Share of the rows, 0-1, that would have to be in another cell of the column at this place for both sides to agree."""
        cells = self.spans[place].stop - self.spans[place].start
        was, now = (np.bincount(codes[:, place], minlength=cells) / len(codes) for codes in (self.reference, self.window))
        return float(np.abs(was - now).sum() / 2)

    def indicators(self, codes: Codes) -> Floats:
        """One 1 per row and column in the cell that `codes`, shape (rows, columns), names; shape (rows, cells)."""
        rows = np.zeros((len(codes), self.spans[-1].stop))
        for place, span in enumerate(self.spans):
            rows[np.arange(len(codes)), span.start + codes[:, place]] = 1.0
        return rows


def enough(observed: Observed) -> bool:
    """Whether there is anything to count: a column, and ten rows on either side."""
    return bool(observed.columns.features) and min(len(observed.window), len(observed.before), len(observed.reference)) >= _FEWEST


def crosstab(observed: Observed, before: pd.DataFrame | None = None) -> Crosstab:
    """The window and what came before it, or other rows `before` with the same features, on the same cells: eighths of a numerical column by the reference, the categories that at least 1% of it
    have and one cell for all others, and one for missing. Of more than 60 columns, those that matter most to the champion."""
    columns = observed.columns
    names = sorted(columns.features, key=lambda name: -observed.importances.get(name, 0.0))[:_COLUMNS]
    names.sort(key=columns.features.index)
    before = observed.before if before is None else before
    coded = [
        _quantiles(before[name], observed.window[name])
        if columns.kind(name) == "numerical"
        else _categories(before[name], observed.window[name])
        for name in names
    ]
    starts = np.cumsum([0, *(int(max(was.max(), now.max())) + 1 for was, now in coded)])
    customers = customers_of(observed.window, before, observed.ids)
    return Crosstab(
        names=tuple(names),
        spans=tuple(slice(int(start), int(stop)) for start, stop in pairwise(starts)),
        reference=np.stack([was for was, _ in coded], axis=1),
        window=np.stack([now for _, now in coded], axis=1),
        customers=customers,
        effective=effective_rows(customers),
    )


def _quantiles(before: pd.Series, after: pd.Series) -> tuple[Codes, Codes]:
    known = before.dropna().to_numpy(dtype="float64")
    edges = np.unique(np.quantile(known, np.arange(1, _BINS) / _BINS)) if known.size else np.array([])
    # A value that an edge lies on goes below it, so that a bin is never only the values above the largest one.
    return _together(
        *(np.where(part.isna(), edges.size + 1, np.searchsorted(edges, part.to_numpy(dtype="float64"))) for part in (before, after))
    )


def _categories(before: pd.Series, after: pd.Series) -> tuple[Codes, Codes]:
    counts = before.value_counts()
    common = pd.Index(counts.index[counts >= _RARE * len(before)][:_CATEGORIES])
    coded = []
    for part in (before, after):
        found = common.get_indexer(part)
        coded.append(np.where(part.isna(), len(common) + 1, np.where(found < 0, len(common), found)))
    return _together(coded[0], coded[1])


def _together(before: Codes, after: Codes) -> tuple[Codes, Codes]:
    """Codes without gaps: a cell that neither has is none."""
    _, codes = np.unique(np.concatenate([before, after]), return_inverse=True)
    return codes[: before.size], codes[before.size :]
