"""One column of two windows side by side, cell by cell or category by category: what every distance starts from."""

from dataclasses import dataclass

import numpy as np

from pipeline.errors import DataError
from pipeline.profiles.grid import Numbers
from pipeline.profiles.profile import CategoricalProfile, Counts, NumericalProfile, Values, cells_of


@dataclass(frozen=True)
class AlignedCells:
    """Cells in ascending order, all of shape (cells,): least and greatest value each can hold, and rows and sum of values in each.

    A cell with `low == high` is a single value. Where both windows are told exactly, every cell is.
    """

    low: Numbers
    high: Numbers
    before: Counts
    after: Counts
    before_sums: Numbers
    after_sums: Numbers


@dataclass(frozen=True)
class AlignedCategories:
    """Categories of both windows, sorted, those of only one included; `before` and `after` count their rows, shape (categories,).

    New categories that the profile no longer distinguishes stand together in a last, nameless place: distances are the same.
    """

    names: tuple[str, ...]
    before: Counts
    after: Counts


def align_numbers(before: NumericalProfile, after: NumericalProfile) -> AlignedCells:
    """The cells of a numerical column in two profiles.

    Raises:
        DataError: the profiles have different cells, so one was made against another reference.
    """
    if before.grid != after.grid:
        raise DataError(f"The profiles of `{before.name}` lie on different cells.", "Make both against the same reference.")
    if isinstance(before.content, Values) and isinstance(after.content, Values):
        return align_values(before.content, after.content)
    extremes = [value for column in (before, after) for value in (column.minimum, column.maximum) if value is not None]
    low, high = before.grid.bounds(min(extremes), max(extremes))
    (before_counts, before_sums), (after_counts, after_sums) = cells_of(before), cells_of(after)
    return AlignedCells(low, high, before_counts, after_counts, before_sums, after_sums)


def align_values(before: Values, after: Values) -> AlignedCells:
    """One cell for each different value of either window."""
    values = np.unique(np.array([*before.values, *after.values], dtype=np.float64))
    first, second = _spread(values, before), _spread(values, after)
    return AlignedCells(values, values, first, second, values * first, values * second)


def align_categories(before: CategoricalProfile, after: CategoricalProfile) -> AlignedCategories:
    """The categories of a categorical column in two profiles."""
    counts = [column.listed for column in (before, after)]
    names = sorted(name for name in counts[0].keys() | counts[1].keys() if counts[0].get(name) or counts[1].get(name))
    columns = [np.array([count.get(name, 0) for name in names], dtype=np.int64) for count in counts]
    if before.unnamed or after.unnamed:
        columns = [np.append(counted, column.unnamed) for counted, column in zip(columns, (before, after), strict=True)]
    return AlignedCategories(tuple(names), columns[0], columns[1])


def _spread(values: Numbers, content: Values) -> Counts:
    counts = np.zeros(len(values), dtype=np.int64)
    counts[np.searchsorted(values, np.array(content.values, dtype=np.float64))] = content.counts
    return counts
