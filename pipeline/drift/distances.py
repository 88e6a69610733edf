"""Distances between two windows from counts in cells, each with the interval that the rows behind the cells cannot leave.

Inside a cell only the number of rows and the sum of their values are known. Where that leaves a distance open, `low` and `high` are its
least and greatest possible values, and `value` is what rows spread evenly over their cells would give.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from pipeline.drift.alignment import AlignedCells
from pipeline.profiles.grid import Numbers
from pipeline.profiles.profile import Counts

_ROUNDING = 1e-10  # of sums of floats; relative to the greatest value
_RARE = 1e-4  # an empty bin's share in PSI, which has no value at zero
_BINS = 10
_HEAPED = 3  # times the rows of the neighbours' average


@dataclass(frozen=True)
class Distance:
    """A distance with its certified interval: the rows' own distance lies in [low, high]."""

    value: float
    low: float
    high: float


def wasserstein(cells: AlignedCells) -> Distance:
    """Wasserstein-1 distance, the area between both distribution functions F and G, in the column's unit.

    In one cell the areas under F and G follow from count and sum, and so does the area between them unless F and G cross there. If they
    may, it is at least the difference D of the areas, and at most D + 2 * area(G > F): rows of G pushed to their cell's ends, or rows of
    F pulled to one value, bound that area.

    >>> zero_to_two = np.array([0.0, 1.0, 2.0])
    >>> before, after = np.array([5, 5, 0]), np.array([0, 5, 5])
    >>> cells = AlignedCells(zero_to_two, zero_to_two, before, after, zero_to_two * before, zero_to_two * after)
    >>> round(wasserstein(cells).value, 6)  # half of the rows went from 0 to 2
    1.0
    """
    f, g = _cumulated(cells.before), _cumulated(cells.after)
    width = cells.high - cells.low
    area_f = f[:-1] * width + _rise(cells.high, cells.before, cells.before_sums)
    area_g = g[:-1] * width + _rise(cells.high, cells.after, cells.after_sums)
    low = np.abs(area_f - area_g)
    crossing = (f[1:] > g[:-1]) & (g[1:] > f[:-1]) & (width > 0)
    above = 2 * _area_above(area_g, g, area_f, f, width) + (area_f - area_g)
    below = 2 * _area_above(area_f, f, area_g, g, width) + (area_g - area_f)
    high = np.where(crossing, np.maximum(low, np.minimum(above, below)), low)
    value = np.where(crossing, np.clip(_likely(cells, f, g), low, high), low)
    # Between neighbouring cells lies nothing where they are single values.
    empty = float(np.sum(np.abs(f - g)[1:-1] * (cells.low[1:] - cells.high[:-1])))
    slack = _ROUNDING * max(abs(float(cells.low[0])), abs(float(cells.high[-1])))
    return Distance(empty + float(value.sum()), max(0.0, empty + float(low.sum()) - slack), empty + float(high.sum()) + slack)


def kolmogorov_smirnov(cells: AlignedCells) -> Distance:
    """Greatest distance between both distribution functions, 0-1. Exact where no cell but single values holds rows of both windows.

    >>> zero_to_two = np.array([0.0, 1.0, 2.0])
    >>> before, after = np.array([5, 5, 0]), np.array([0, 5, 5])
    >>> kolmogorov_smirnov(AlignedCells(zero_to_two, zero_to_two, before, after, zero_to_two * before, zero_to_two * after)).value
    0.5
    """
    f, g = _cumulated(cells.before), _cumulated(cells.after)
    low = float(np.abs(f - g).max())
    inside = np.maximum(f[1:] - g[:-1], g[1:] - f[:-1])[cells.high > cells.low]
    return Distance(low, low, max(low, float(inside.max(initial=0.0))))


def jensen_shannon(before: Counts, after: Counts) -> float:
    """Jensen-Shannon distance (square root, natural logarithm) between shares of categories, 0 to 0.833. Both windows have rows.

    >>> jensen_shannon(np.array([50, 50]), np.array([500, 500]))
    0.0
    >>> round(jensen_shannon(np.array([100, 0]), np.array([0, 100])), 3)
    0.833
    """
    p, q = before / before.sum(), after / after.sum()
    middle = (p + q) / 2
    divergence = sum(float(np.sum(share[share > 0] * np.log(share[share > 0] / middle[share > 0]))) for share in (p, q))
    return float(np.sqrt(max(0.0, divergence / 2)))


def population_stability(before: Counts, after: Counts) -> float:
    """Population stability index between shares of bins; an empty bin counts as a share of 0.0001. Both windows have rows.

    >>> round(population_stability(np.array([50, 50]), np.array([75, 25])), 4)
    0.2747
    """
    p, q = np.maximum(before / before.sum(), _RARE), np.maximum(after / after.sum(), _RARE)
    return float(np.sum((q - p) * np.log(q / p)))


def reference_bins(cells: AlignedCells) -> tuple[Counts, Counts]:
    """Rows of both windows in ten bins of about equally many reference rows, cut where a cell ends; the cuts go by the reference alone.

    >>> values = np.arange(20.0)
    >>> once, shifted = np.ones(20, dtype=np.int64), np.arange(20)
    >>> reference_bins(AlignedCells(values, values, once, shifted, values, values * shifted))[1].tolist()
    [1, 5, 9, 13, 17, 21, 25, 29, 33, 37]
    """
    held = np.flatnonzero(cells.before)
    counts = cells.before[held]
    bins = ((np.cumsum(counts) - counts / 2) * _BINS / counts.sum()).astype(np.int64)
    # A cell without reference rows belongs to the next one that has some, so that the window has no say in the cuts.
    owner = np.searchsorted(held, np.arange(len(cells.before))).clip(max=len(held) - 1)
    _, group = np.unique(bins[owner], return_inverse=True)
    before, after = (np.bincount(group, weights=counts).astype(np.int64) for counts in (cells.before, cells.after))
    return before, after


def _cumulated(counts: Counts) -> Numbers:
    """Distribution function at the cells' ends, shape (cells + 1,)."""
    return np.concatenate([[0.0], np.cumsum(counts) / counts.sum()])


def _rise(high: Numbers, counts: Counts, sums: Numbers) -> Numbers:
    """Area that a cell's own rows add under the distribution function until the cell's end."""
    area: Numbers = (counts * high - sums) / counts.sum()
    return area


def _area_above(area_upper: Numbers, upper: Numbers, area_lower: Numbers, lower: Numbers, width: Numbers) -> Numbers:
    """Greatest possible area, cell by cell, where the function `upper` lies above the function `lower`."""
    start, end = upper[:-1], upper[1:]
    floor, ceiling = lower[:-1], lower[1:]
    # `upper` as one step from its start to its end, at its rows' mean, over the least that `lower` can be.
    late = _duration(area_upper - start * width, end - start, width)
    stepped = late * np.maximum(end - floor, 0) + (width - late) * np.maximum(start - floor, 0)
    # `lower` as such a step, under the most that `upper` can be.
    late = _duration(area_lower - floor * width, ceiling - floor, width)
    under = late * np.maximum(end - ceiling, 0) + (width - late) * np.maximum(end - floor, 0)
    bound: Numbers = np.minimum(stepped, under)
    return bound


def _duration(area: Numbers, height: Numbers, width: Numbers) -> Numbers:
    """How long a step of this height lasts to make this area."""
    duration: Numbers = np.clip(np.divide(area, height, out=np.zeros_like(area), where=height > 0), 0, width)
    return duration


def _likely(cells: AlignedCells, f: Numbers, g: Numbers) -> Numbers:
    """Area between both functions where a cell's rows are spread evenly, or lie at their mean where so many more than their neighbours
    are rather one value: rounded numbers, a default."""
    width = cells.high - cells.low
    steps = []
    for counts, sums in ((cells.before, cells.before_sums), (cells.after, cells.after_sums)):
        mean = np.divide(sums, counts, out=cells.low.copy(), where=counts > 0)
        around = np.pad(counts, 1)
        steps.append((2 * counts > _HEAPED * (around[:-2] + around[2:]), np.clip(mean - cells.low, 0, width)))
    times = np.sort([np.zeros_like(width), *(time for _, time in steps), width], axis=0)
    area = np.zeros_like(width)
    for start, end in pairwise(times):
        ends = []
        for function, (one, time) in zip((f, g), steps, strict=True):
            share = [np.where(one, time <= start, np.divide(at, width, out=np.zeros_like(at), where=width > 0)) for at in (start, end)]
            ends.append([function[:-1] + np.diff(function) * part for part in share])
        area += _between_lines(ends[0][0] - ends[1][0], ends[0][1] - ends[1][1], end - start)
    return area


def _between_lines(start: Numbers, end: Numbers, width: Numbers) -> Numbers:
    """Area between two straight lines with these differences at both ends."""
    total = np.abs(start) + np.abs(end)
    crossed = np.divide(start**2 + end**2, 2 * total, out=np.zeros_like(total), where=total > 0)
    area: Numbers = width * np.where(start * end < 0, crossed, total / 2)
    return area
