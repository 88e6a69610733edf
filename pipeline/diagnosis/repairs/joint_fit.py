"""How well a column's values fit the other columns of their rows, measured by what the reference's rows look like.

A decision tree on the other columns divides customers into a few groups that differ most in the column. In each group the column's cells
are counted in the reference and in the window. What is told is the share of the window's rows that would have to hold another value for both
to agree: other customers, who are found by their other columns, leave it at nothing; a broken column does not.

Source: total variation distance between conditional distributions; Breiman et al. (1984), "Classification and Regression Trees".
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.diagnosis.observed import SEED
from pipeline.tables.schema import Schema

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Lost = Callable[[pd.Series], "pd.Series[bool] | None"]

FITTED_ROWS = 3_000  # of the reference, and half of it at most; the groups are few
_GROUPS, _SMALLEST = 12, 50  # and rows of one
_BINS = 8  # equally full, of a numerical column
_CATEGORIES = 20  # the most frequent ones; all rarer ones are alike


@dataclass(frozen=True)
class Coder:
    """Cells of one column, fixed by the reference: `edges` of a numerical one with what lies beyond its range apart, or `common` categories."""

    edges: Floats | None
    common: pd.Index | None

    @property
    def cells(self) -> int:
        """The last one holds missing values."""
        return len(self.edges) + 2 if self.edges is not None else len(self.common if self.common is not None else ()) + 2

    def codes(self, values: pd.Series) -> Codes:
        """The cell of each value, shape (rows,)."""
        if self.edges is not None:
            numbers = values.to_numpy(dtype=np.float64)
            return np.where(np.isnan(numbers), self.cells - 1, np.searchsorted(self.edges, numbers)).astype(np.int64)
        assert self.common is not None
        found = self.common.get_indexer(pd.Index(values))
        return np.where(values.isna(), self.cells - 1, np.where(found < 0, self.cells - 2, found)).astype(np.int64)


def coder(values: pd.Series, numerical: bool) -> Coder:
    """Cells for a column of the reference."""
    if not numerical:
        return Coder(None, values.value_counts().index[:_CATEGORIES])
    known = values.dropna().to_numpy(dtype=np.float64)
    if not known.size:
        return Coder(np.zeros(0), None)
    inner = np.quantile(known, np.arange(1, _BINS) / _BINS)
    # A value on an edge goes below it, so the lowest edge lies under the least value.
    return Coder(np.unique([np.nextafter(known.min(), -np.inf), *inner, known.max()]), None)


class JointFit:
    """The fit of one column of a table to the columns `others`."""

    def __init__(self, reference: pd.DataFrame, columns: Schema, column: str, others: tuple[str, ...]) -> None:
        """Fitted on at most 3,000 rows of the reference and counted on the others: of the rows that it was fitted on, a tree learns by heart."""
        from sklearn.tree import DecisionTreeClassifier

        self._column, self._others, self._reference = column, others, reference
        self._coders = {name: coder(reference[name], name in columns.numerical) for name in (column, *others)}
        codes = self._coders[column].codes(reference[column])
        self._tree, self._nodes = None, 1
        if others and np.unique(codes).size > 1:
            order = np.random.default_rng(SEED).permutation(len(codes))
            drawn, counted = np.split(order, [min(FITTED_ROWS, len(order) // 2)])
            self._reference = reference.iloc[np.sort(counted)]
            tree = DecisionTreeClassifier(max_leaf_nodes=_GROUPS, min_samples_leaf=_SMALLEST, random_state=SEED)
            self._tree = tree.fit(self._beside(reference.iloc[drawn]), codes[drawn])
            self._nodes = int(self._tree.tree_.node_count)

    @property
    def telling(self) -> float:
        """How much the other columns say about the column: distance between a group's cells and everybody's beyond chance, 0-1, in the reference."""
        table = self._counts(*self._placed(self._reference, None))
        rows = table.sum(axis=1)
        table, rows = table[rows > 0], rows[rows > 0]
        everybody = table.sum(axis=0) / table.sum()
        by_chance = np.sqrt(2 / np.pi * everybody * (1 - everybody) * (1 / rows - 1 / rows.sum())[:, None]).sum(axis=1) / 2
        apart = np.abs(table / rows[:, None] - everybody).sum(axis=1) / 2
        return max(0.0, float(rows / rows.sum() @ (apart - by_chance)))

    def misfit(self, window: pd.DataFrame, lost: Lost | None = None) -> float:
        """Share of the rows of `window`, 0-1, whose value is not what the reference's customers of the same kind have, beyond chance. Rows whose
        value was `lost` on the way, or is missing then, count on neither side; where all were, 1: nothing is left that could fit."""
        before, now = (self._counts(*self._placed(frame, lost)) for frame in (self._reference, window))
        rows_before, rows = before.sum(axis=1), now.sum(axis=1)
        used = (rows_before > 0) & (rows > 0)
        if not rows.any():
            return 1.0
        if not used.any():
            return 0.0
        before, now, rows_before, rows = before[used], now[used], rows_before[used, None], rows[used, None]
        pooled = (before + now) / (rows_before + rows)
        by_chance = np.sqrt(2 / np.pi * pooled * (1 - pooled) * (1 / rows_before + 1 / rows)).sum(axis=1) / 2
        apart = np.abs(before / rows_before - now / rows).sum(axis=1) / 2
        return max(0.0, float(rows[:, 0] @ (apart - by_chance) / rows.sum()))

    def unlike(self, window: pd.DataFrame, values: Sequence[object], known: Sequence[object]) -> Floats:
        """How unlike the window's customers with each of the `values` are those of the reference with each of the `known` ones, by their groups:
        total variation distance, 0-1, shape (values, known)."""
        groups, groups_before = self._groups(window), self._groups(self._reference)
        now, was = (
            np.stack([_shares(np.bincount(of[(frame[self._column] == one).to_numpy()], minlength=self._nodes)) for one in ones])
            for of, frame, ones in ((groups, window, values), (groups_before, self._reference, known))
        )
        return np.asarray(np.abs(now[:, None, :] - was[None, :, :]).sum(axis=2) / 2)

    def put_in(self, window: pd.DataFrame, value: float | str) -> float:
        """Whether the rows of `window` with this value, which are more than in the reference, look as if it had been put in for anybody (above 0)
        or like customers who have it (below 0): difference of log-likelihoods of their groups, 0 where nothing tells."""
        groups, groups_before = self._groups(window), self._groups(self._reference)
        has, had = ((frame[self._column] == value).to_numpy() for frame in (window, self._reference))
        own, everybody, found, before = (
            np.bincount(part, minlength=self._nodes).astype(np.float64) for part in (groups_before[had], groups, groups[has], groups_before)
        )
        more = max(0.0, 1 - had.mean() / max(float(has.mean()), 1e-9))
        of_own, of_all = (_shares(part) for part in (own, everybody))
        # Other customers came: chosen by this column, or by what the other columns say.
        chosen = _shares(everybody * np.divide(own, before, out=np.zeros_like(own), where=before > 0))
        put_in = (1 - more) * of_own + more * of_all
        likelihoods = [float(found @ np.log(shares)) for shares in (put_in, of_own, chosen)]
        return likelihoods[0] - max(likelihoods[1:])

    def _placed(self, frame: pd.DataFrame, lost: Lost | None) -> tuple[Codes, Codes]:
        values = frame[self._column]
        gone = None if lost is None else lost(values)
        if gone is not None:
            frame = frame[values.notna() & ~gone]
        return self._groups(frame), self._coders[self._column].codes(frame[self._column])

    def _groups(self, frame: pd.DataFrame) -> Codes:
        if self._tree is None or frame.empty:
            return np.zeros(len(frame), dtype=np.int64)
        return np.asarray(self._tree.apply(self._beside(frame)), dtype=np.int64)

    def _beside(self, frame: pd.DataFrame) -> Codes:
        return np.stack([self._coders[name].codes(frame[name]) for name in self._others], axis=1)

    def _counts(self, groups: Codes, codes: Codes) -> Floats:
        cells = self._coders[self._column].cells
        return np.bincount(groups * cells + codes, minlength=self._nodes * cells).reshape(self._nodes, cells).astype(np.float64)


def _shares(counts: Floats | Codes) -> Floats:
    """No group is impossible: half a row is added to each."""
    return np.asarray((counts + 0.5) / (counts + 0.5).sum())
