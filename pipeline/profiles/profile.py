"""Profiles: what drift needs to know of a window, small enough to keep for every day, and mergeable into any longer window.

A reference's profile fixes the cells and the known categories; every window is then counted on them. `merge` is associative and
commutative, and the profile of two sets of rows together is the merge of their profiles: counts exactly, sums within a relative 1e-12 of
the sum of absolute values (floats are added in another order).
"""

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, Field

from pipeline.errors import DataError
from pipeline.profiles.grid import Grid, Numbers
from pipeline.stored_record import StoredRecord
from pipeline.tables.categories import Categories, Spelling
from pipeline.tables.schema import Schema

KEPT = 1000  # different values (or new categories) a profile lists one by one; more are counted in cells (or together)

Counts = NDArray[np.int64]


class Values(StoredRecord):
    """A numerical column told exactly: its different finite values, ascending, and how often each occurs."""

    model_config = ConfigDict(extra="forbid")  # a profile tells it from `Cells` by its fields

    values: tuple[float, ...] = ()
    counts: tuple[int, ...] = ()


class Cells(StoredRecord):
    """A numerical column told by its grid: `places` (ascending) of the cells that hold rows, with count and sum of their values."""

    model_config = ConfigDict(extra="forbid")  # as `Values`

    places: tuple[int, ...] = ()
    counts: tuple[int, ...] = ()
    sums: tuple[float, ...] = ()


# Gives a column's values before and after, by its name.
Exact = Callable[[str], tuple[Values, Values]]


class NumericalProfile(StoredRecord):
    """One numerical column. `nulls`: rows without a finite number, `unreadable` of which hold a text that is no number, and `infinite` a
    number that is infinite or beyond 1e150.

    On a `PointGrid` the content is `Values` up to 1,000 different ones and `Cells` beyond, on an `EvenGrid` always `Cells`.
    `minimum` and `maximum` are None where no row has a number.
    """

    kind: Literal["numerical"] = "numerical"
    name: str
    nulls: int
    unreadable: int = 0
    # Left out where there is none: what is stored, and the digests over it, stay as earlier versions made them.
    infinite: int = Field(0, exclude_if=lambda rows: rows == 0)
    grid: Grid
    content: Values | Cells
    minimum: float | None = None
    maximum: float | None = None

    @property
    def count(self) -> int:
        """Rows with a number."""
        return sum(self.content.counts)


class CategoricalProfile(StoredRecord):
    """One categorical column. `known` are the categories of the training rows, sorted, `counts` theirs here; `new` (sorted) and `new_counts` are
    those the training rows lack, unless there are more than 1,000 of them: then `unnamed` counts their rows and none is listed.
    """

    kind: Literal["categorical"] = "categorical"
    name: str
    nulls: int
    known: tuple[str, ...]
    counts: tuple[int, ...]
    new: tuple[str, ...] = ()
    new_counts: tuple[int, ...] = ()
    unnamed: int = 0

    @property
    def count(self) -> int:
        """Rows with a category."""
        return sum(self.counts) + sum(self.new_counts) + self.unnamed

    @property
    def listed(self) -> dict[str, int]:
        """Rows of each category, known or new, that has a name here."""
        return dict(zip((*self.known, *self.new), (*self.counts, *self.new_counts), strict=True))


class Profile(StoredRecord):
    """One window, or the reference. `numerical` and `categorical` follow the schema's order.

    `absent`: features the source has no column for (here they are all nulls); `extra`: columns the schema does not name.
    `repeats`: rows that repeat a customer at the same scoring time (None where the source has no id); merging adds them, so it is
    exact where the merged windows share no scoring time. `since`, `until`: first and last scoring time (UTC).
    """

    version: Literal[1] = 1
    rows: int
    numerical: tuple[NumericalProfile, ...]
    categorical: tuple[CategoricalProfile, ...]
    absent: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    repeats: int | None = None
    since: datetime | None = None
    until: datetime | None = None


def of_features(profile: Profile, columns: Schema) -> Profile:
    """The profile of the features of `columns` alone."""
    return profile.model_copy(
        update={
            "numerical": tuple(column for column in profile.numerical if column.name in columns.numerical),
            "categorical": tuple(column for column in profile.categorical if column.name in columns.categorical),
        }
    )


def spelling_of(profile: Profile) -> Spelling:
    """How the reference behind a profile, its own or a window's, spells the categories."""
    return {column.name: Categories(column.known) for column in profile.categorical}


def strangers(before: CategoricalProfile, after: CategoricalProfile) -> dict[str, int]:
    """Rows of each listed category of `after` that neither the training rows nor `before` have."""
    return {name: count for name, count in zip(after.new, after.new_counts, strict=True) if name not in before.new}


def cells_of(column: NumericalProfile) -> tuple[Counts, Numbers]:
    """Count and sum of values of every cell of the column's grid, the empty ones included; shapes (grid.size,)."""
    content = column.content
    if isinstance(content, Values):
        return _count_in_cells(column.grid, np.asarray(content.values, dtype=np.float64), np.asarray(content.counts, dtype=np.int64))
    counts, sums = np.zeros(column.grid.size, dtype=np.int64), np.zeros(column.grid.size)
    places = np.asarray(content.places, dtype=np.int64)
    counts[places], sums[places] = content.counts, content.sums
    return counts, sums


def content_of(grid: Grid, values: Numbers, counts: Counts) -> Values | Cells:
    """Content of a column with these different values, ascending, and their counts: listed as long as its grid allows, else in cells."""
    if grid.kind == "points" and len(values) <= KEPT:
        return Values(values=tuple(values.tolist()), counts=tuple(counts.tolist()))
    return sparse_cells(*_count_in_cells(grid, values, counts))


def sparse_cells(counts: Counts, sums: Numbers) -> Cells:
    """`Cells` from arrays over all cells of a grid, shapes (grid.size,)."""
    places = np.flatnonzero(counts)
    return Cells(places=tuple(places.tolist()), counts=tuple(counts[places].tolist()), sums=tuple(sums[places].tolist()))


def categorical_profile(name: str, known: tuple[str, ...], found: dict[str, int], nulls: int, unnamed: int = 0) -> CategoricalProfile:
    """A categorical column from the counts `found`, and `unnamed` rows of new categories that nobody lists any more."""
    new = sorted(found.keys() - set(known))
    if unnamed or len(new) > KEPT:
        unnamed += sum(found[category] for category in new)
        new = []
    return CategoricalProfile(
        name=name,
        nulls=nulls,
        known=known,
        counts=tuple(found.get(category, 0) for category in known),
        new=tuple(new),
        new_counts=tuple(found[category] for category in new),
        unnamed=unnamed,
    )


def merge(first: Profile, second: Profile) -> Profile:
    """The profile of the rows of both.

    Raises:
        DataError: they were made against different references.
    """
    times = [time for time in (first.since, first.until, second.since, second.until) if time is not None]
    return Profile(
        rows=first.rows + second.rows,
        numerical=tuple(merge_numerical(a, b) for a, b in _pairs(first.numerical, second.numerical)),
        categorical=tuple(_merge_categorical(a, b) for a, b in _pairs(first.categorical, second.categorical)),
        absent=tuple(name for name in first.absent if name in second.absent),
        extra=tuple(sorted({*first.extra, *second.extra})),
        repeats=None if first.repeats is None or second.repeats is None else first.repeats + second.repeats,
        since=min(times, default=None),
        until=max(times, default=None),
    )


def merge_numerical(first: NumericalProfile, second: NumericalProfile) -> NumericalProfile:
    """The column of the rows of both; as `merge`."""
    _require_same(first.name, first.grid == second.grid)
    if isinstance(first.content, Values) and isinstance(second.content, Values):
        values, place = np.unique(np.array([*first.content.values, *second.content.values], dtype=np.float64), return_inverse=True)
        counts = np.zeros(len(values), dtype=np.int64)
        np.add.at(counts, place, [*first.content.counts, *second.content.counts])
        content = content_of(first.grid, values, counts)
    else:
        (counts, sums), (more_counts, more_sums) = cells_of(first), cells_of(second)
        content = sparse_cells(counts + more_counts, sums + more_sums)
    extremes = [value for value in (first.minimum, first.maximum, second.minimum, second.maximum) if value is not None]
    return NumericalProfile(
        name=first.name,
        nulls=first.nulls + second.nulls,
        unreadable=first.unreadable + second.unreadable,
        infinite=first.infinite + second.infinite,
        grid=first.grid,
        content=content,
        minimum=min(extremes, default=None),
        maximum=max(extremes, default=None),
    )


def _merge_categorical(first: CategoricalProfile, second: CategoricalProfile) -> CategoricalProfile:
    _require_same(first.name, first.known == second.known)
    found = Counter[str]()
    for column in (first, second):
        found.update(column.listed)
    return categorical_profile(first.name, first.known, found, first.nulls + second.nulls, first.unnamed + second.unnamed)


_Column = TypeVar("_Column", NumericalProfile, CategoricalProfile)


def _pairs(first: tuple[_Column, ...], second: tuple[_Column, ...]) -> list[tuple[_Column, _Column]]:
    names = [column.name for column in first]
    _require_same(", ".join(names), names == [column.name for column in second])
    return list(zip(first, second, strict=True))


def _require_same(name: str, same: bool) -> None:
    if not same:
        raise DataError(f"Two profiles with different references cannot be merged: {name}.", "Make both against the same reference.")


def _count_in_cells(grid: Grid, values: Numbers, counts: Counts) -> tuple[Counts, Numbers]:
    places = grid.locate(values)
    counted = np.bincount(places, counts, grid.size).astype(np.int64)
    return counted, np.bincount(places, values * counts, grid.size).astype(np.float64)
