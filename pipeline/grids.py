"""Where the cells of a numerical column lie: fixed by the reference once, so that every later window is counted on the same cells."""

import math
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

CELLS = 512
LARGEST = 1e150  # greater numbers count as infinite: their squares are
_MARGIN = 1e-9  # of the range, beyond both ends: a logarithm's last digit differs between engines, an extreme must not leave its cell
_FINEST = 1e-6  # of the range: the smallest unit of a signed-log scale

Places = NDArray[np.int64]
Numbers = NDArray[np.float64]


class _Grid(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PointGrid(_Grid):
    """The reference's own values, where it has few: a cell for each value and for each gap between two.

    Cell 2i + 1 is `points[i]`, cell 2i the open gap before it; the first and the last gap reach to infinity. `points` ascend.
    """

    kind: Literal["points"] = "points"
    points: tuple[float, ...]

    @property
    def size(self) -> int:
        """Number of cells."""
        return 2 * len(self.points) + 1

    def locate(self, values: Numbers) -> Places:
        """Cell of each finite value."""
        points = np.asarray(self.points, dtype=np.float64)
        left, right = np.searchsorted(points, values, "left"), np.searchsorted(points, values, "right")
        return (left + right).astype(np.int64)

    def bounds(self, minimum: float, maximum: float) -> tuple[Numbers, Numbers]:
        """Least and greatest value each cell can hold when no value lies outside `minimum` to `maximum`; shapes (size,)."""
        points = np.asarray(self.points, dtype=np.float64)
        least, greatest = min((minimum, *self.points)), max((maximum, *self.points))
        return np.append(least, np.repeat(points, 2)), np.append(np.repeat(points, 2), greatest)


class EvenGrid(_Grid):
    """Equal-width cells over the reference's range, where it has many values; cell 0 lies below the range, the last one above it.

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
        with np.errstate(invalid="ignore"):
            inside = 1 + np.floor((self._scaled(values) - self.start) / self.step)
        return np.select([values < self.minimum, values > self.maximum], [0.0, CELLS + 1.0], inside).astype(np.int64)

    def bounds(self, minimum: float, maximum: float) -> tuple[Numbers, Numbers]:
        """Least and greatest value each cell can hold when no value lies outside `minimum` to `maximum`; shapes (size,)."""
        edges = self._unscaled(self.start + self.step * np.arange(CELLS + 1, dtype=np.float64))
        edges[0], edges[-1] = self.minimum, self.maximum
        return np.append(min(minimum, self.minimum), edges), np.append(edges, max(maximum, self.maximum))

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
