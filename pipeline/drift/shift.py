"""How far a column moved, in its own unit and words people use: a distance says that it did, this says from where to where."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pipeline.drift.summary import Direction
from pipeline.profiles.profile import CategoricalProfile, NumericalProfile, Values
from pipeline.shown_text import FOLD_BELOW, plain, quoted
from pipeline.stored_record import StoredRecord

_NAMED = 5  # categories of one kind; a column of postcodes must not fill a report


class NumericalShift(StoredRecord):
    """From where to where a numerical column moved, in its own unit.

    `direction` is `up` or `down` where at least half of the Wasserstein distance is a shift of the mean, else `mixed`; None where nothing
    moved. `share`: the least share of the window's rows, 0-1, that would have to move for it to look as the reference does
    (the Kolmogorov-Smirnov distance).
    """

    kind: Literal["numerical"] = "numerical"
    mean_before: float
    mean_after: float
    median_before: float
    median_after: float
    direction: Direction | None
    share: float

    @property
    def said(self) -> str:
        """One line for people."""
        mean = f"mean {self.mean_before:.4g} → {self.mean_after:.4g}"
        return f"{mean}, median {self.median_before:.4g} → {self.median_after:.4g}"


class CategoryMove(StoredRecord):
    """One category's share of the rows that have a value, 0-1; its name as it may be shown."""

    name: str
    before: float
    after: float


class CategoricalShift(StoredRecord):
    """Which categories moved. `moved` is the one whose share moved most; None where all are too rare to be named.

    `new` are categories the reference lacks, `new_share` what all of them, named or not, take of the window. `vanished` are those the
    window lacks although ten rows of it at least were to be expected, `vanished_share` what they took of the reference. Of each at most
    five are named, the largest first, and none with fewer than 10 customers: it could point at a person. `share`: the share of the
    window's rows, 0-1, that would have to change their category for it to look as the reference does.
    """

    kind: Literal["categorical"] = "categorical"
    moved: CategoryMove | None
    new: tuple[CategoryMove, ...]
    new_share: float
    vanished: tuple[CategoryMove, ...]
    vanished_share: float
    share: float

    @property
    def said(self) -> str:
        """One line for people."""
        parts = [f"{quoted(self.moved.name)} {self.moved.before:.1%} → {self.moved.after:.1%}" if self.moved else "only rare categories"]
        if self.new_share:
            parts.append(f"new {_names(self.new)}: {self.new_share:.1%} of the window")
        if self.vanished_share:
            parts.append(f"vanished {_names(self.vanished)}: {self.vanished_share:.1%} of the reference")
        return ", ".join(parts)


def numerical_shift(reference: NumericalProfile, window: NumericalProfile) -> NumericalShift:
    """Shift of a numerical column. Means are exact; medians too where values are told one by one, else to a cell of the grid.

    Both need a number at least.
    """
    (x, before), (y, after) = _points(reference), _points(window)
    mean_before, mean_after = float(np.average(x, weights=before)), float(np.average(y, weights=after))
    places = np.union1d(x, y)
    apart = np.abs(_share_up_to(places, x, before) - _share_up_to(places, y, after))
    wasserstein = float(apart[:-1] @ np.diff(places))
    moved = mean_after - mean_before
    direction: Direction | None = None
    if wasserstein > 0:
        direction = "mixed" if abs(moved) < 0.5 * wasserstein else "up" if moved > 0 else "down"
    return NumericalShift(
        mean_before=mean_before,
        mean_after=mean_after,
        median_before=_median(x, before),
        median_after=_median(y, after),
        direction=direction,
        share=float(apart.max()),
    )


def categorical_shift(reference: CategoricalProfile, window: CategoricalProfile) -> CategoricalShift:
    """Shift of a categorical column. Both need a category at least."""
    was, now = reference.listed, window.listed
    names = tuple({**now, **was})
    before, after = (np.array([listed.get(name, 0) for name in names], dtype=np.int64) for listed in (was, now))
    p, q = before / reference.count, after / window.count
    frequent = np.maximum(before, after) >= FOLD_BELOW
    gone = (after == 0) & (p * window.count >= FOLD_BELOW)
    fresh = before == 0

    def largest(chosen: "NDArray[np.bool_]", by: NDArray[np.float64], most: int) -> tuple[CategoryMove, ...]:
        ranked = sorted(np.flatnonzero(chosen & frequent), key=lambda place: -by[place])[:most]
        return tuple(CategoryMove(name=plain(names[place]), before=float(p[place]), after=float(q[place])) for place in ranked)

    moved = largest(np.ones(len(names), dtype=bool), np.abs(q - p), 1)
    unnamed = max(0.0, window.unnamed / window.count - reference.unnamed / reference.count)
    return CategoricalShift(
        moved=moved[0] if moved else None,
        new=largest(fresh, q, _NAMED),
        new_share=float(q[fresh].sum()) + unnamed,
        vanished=largest(gone, p, _NAMED),
        vanished_share=float(p[gone].sum()),
        share=float((np.abs(p - q).sum() + unnamed) / 2),
    )


def _points(column: NumericalProfile) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Places, ascending, and how many rows lie there: the values themselves, or the mean of each cell."""
    counts = np.asarray(column.content.counts, dtype=np.int64)
    if isinstance(column.content, Values):
        return np.asarray(column.content.values, dtype=np.float64), counts
    return np.asarray(column.content.sums, dtype=np.float64) / counts, counts


def _share_up_to(places: NDArray[np.float64], x: NDArray[np.float64], counts: NDArray[np.int64]) -> NDArray[np.float64]:
    cumulated = np.append(0, np.cumsum(counts)) / counts.sum()
    return np.asarray(cumulated[np.searchsorted(x, places, side="right")])


def _median(x: NDArray[np.float64], counts: NDArray[np.int64]) -> float:
    """The lower of the two middle values where their number is even."""
    return float(x[np.searchsorted(np.cumsum(counts), counts.sum() / 2)])


def _names(categories: tuple[CategoryMove, ...]) -> str:
    return ", ".join(quoted(category.name) for category in categories) or "rare categories"
