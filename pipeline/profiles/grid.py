"""Where the cells of a numerical column lie: fixed by the reference once, so that every later window is counted on the same cells."""

import math
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from pipeline.stored_record import StoredRecord

CELLS = 512
_MARGIN = 1e-9  # of the range, beyond both ends: a logarithm's last digit differs between engines, an extreme must not leave its cell
_FINEST = 1e-6  # of the range: the smallest unit of a signed-log scale

Places = NDArray[np.int64]
Numbers = NDArray[np.float64]


class PointGrid(StoredRecord):
    """The reference's own values, where it has few: a cell for each of `points` (ascending), and between two of them as many equal cells
    as make about 512 in all. The first cell lies below all points, the last one above.
    """

    kind: Literal["points"] = "points"
    points: tuple[float, ...]

    @property
    def size(self) -> int:
        """Number of cells."""
        return 1 + len(self.points) + len(self._edges())

    def locate(self, values: Numbers) -> Places:
        """Cell of each finite value."""
        edges = self._edges()
        edge = np.searchsorted(edges, values, "right") - 1
        inside = (
            1 + edge + edge // self._parts + np.where((edge % self._parts == 0) & (edges[edge] == values), 0, 1) if len(edges) else edge
        )
        return np.where(edge < 0, 0, inside).astype(np.int64)

    def bounds(self, minimum: float, maximum: float) -> tuple[Numbers, Numbers]:
        """Least and greatest value each cell can hold when no value lies outside `minimum` to `maximum`; shapes (size,)."""
        edges = self._edges()
        starts = np.repeat(edges, np.where(np.arange(len(edges)) % self._parts == 0, 2, 1))
        return np.append(min((minimum, *self.points)), starts), np.append(starts, max((maximum, *self.points)))

    @property
    def _parts(self) -> int:
        return max(1, CELLS // max(1, len(self.points) - 1))

    def _edges(self) -> Numbers:
        """Where cells begin: every point, and the parts of the gap after it."""
        points = np.asarray(self.points, dtype=np.float64)
        begun = points[:-1, None] + np.diff(points)[:, None] * np.arange(self._parts) / self._parts
        return np.append(begun, points[-1:])


class EvenGrid(StoredRecord):
    """Equal-width cells over the reference's range, where it has many values; cell 0 lies below the range, the last one above.

    Where `unit` is set the cells are equal on the scale sign(x - centre) * ln(1 + |x - centre| / unit) instead: a few far values would
    else put all the others into one cell. `std` is the reference's standard deviation (ddof 0), which cells alone do not tell.
    """

    kind: Literal["even"] = "even"
    minimum: float
    maximum: float
    std: float
    centre: float = 0.0
    unit: float | None = None

    @property
    def size(self) -> int:
        """Number of cells, the two outside the range included."""
        return CELLS + 2

    @property
    def start(self) -> float:
        """Lower end of cell 1 on the scale."""
        low, high = self._ends()
        return low - _MARGIN * (high - low)

    @property
    def step(self) -> float:
        """Width of a cell on the scale."""
        low, high = self._ends()
        return (high - low) * (1 + 2 * _MARGIN) / CELLS

    def locate(self, values: Numbers) -> Places:
        """Cell of each finite value, by the arithmetic that the engines do in SQL."""
        return self.clamp(np.floor((self._scaled(values) - self.start) / self.step))

    def clamp(self, steps: Numbers) -> Places:
        """Cell of values so many whole steps above the start."""
        return (np.clip(steps, -1, CELLS) + 1).astype(np.int64)

    def bounds(self, minimum: float, maximum: float) -> tuple[Numbers, Numbers]:
        """Least and greatest value each cell can hold when no value lies outside `minimum` to `maximum`; shapes (size,)."""
        edges = self._unscaled(self.start + self.step * np.arange(CELLS + 1, dtype=np.float64))
        return np.append(min(minimum, edges[0]), edges), np.append(edges, max(maximum, edges[-1]))

    def _ends(self) -> tuple[float, float]:
        low, high = self._scaled(np.array([self.minimum, self.maximum]))
        return float(low), float(high)

    def _scaled(self, values: Numbers) -> Numbers:
        if self.unit is None:
            return values
        return np.sign(values - self.centre) * np.log(1 + np.abs(values - self.centre) / self.unit)

    def _unscaled(self, scaled: Numbers) -> Numbers:
        if self.unit is None:
            return scaled
        return self.centre + np.sign(scaled) * self.unit * np.expm1(np.abs(scaled))


Grid = Annotated[PointGrid | EvenGrid, Field(discriminator="kind")]


def even_grid(minimum: float, maximum: float, std: float, quartiles: tuple[float, float, float]) -> EvenGrid:
    """The grid for a reference with these facts: even in the values, or on a signed-log scale where the range exceeds twelve times the
    distance between the quartiles."""
    first, median, third = quartiles
    span = maximum - minimum
    if span <= 12 * (third - first):
        return EvenGrid(minimum=minimum, maximum=maximum, std=std)
    return EvenGrid(minimum=minimum, maximum=maximum, std=std, centre=median, unit=max(third - first, _FINEST * span))


def counted_std(values: Numbers, counts: NDArray[np.int64]) -> float:
    """Standard deviation (ddof 0) of `values`, each taken `counts` times; 0 where there is none."""
    if not len(values):
        return 0.0
    mean = float(np.average(values, weights=counts))
    return math.sqrt(float(np.average((values - mean) ** 2, weights=counts)))
