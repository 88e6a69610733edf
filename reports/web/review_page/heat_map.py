"""Drift feature by feature over time, as a map: a row for each feature, a cell for each time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pipeline.shown_text import plain

_ROWS = 15  # the features that drifted most
_LEVELS = (0.5, 1.0, 2.0, 5.0)  # in thresholds: from which each shade begins


@dataclass(frozen=True)
class HeatCell:
    """One feature at one time; `level` is its shade, 0 to 4: from 2 on it has drifted."""

    x: float
    width: float
    level: int
    said: str


@dataclass(frozen=True)
class HeatRow:
    """One feature. `newest` is its score in thresholds."""

    name: str
    cells: tuple[HeatCell, ...]
    newest: float
    said: str


@dataclass(frozen=True)
class HeatMap:
    """The map: features that drifted most first; `left_out` is how many are not on it."""

    rows: tuple[HeatRow, ...]
    first: datetime
    last: datetime
    left_out: int


def heat_map(looks: Sequence[tuple[datetime, Mapping[str, float]]]) -> HeatMap | None:
    """The map of what was seen, oldest first: score over threshold by feature. None where nothing was."""
    seen = [(at, ratios) for at, ratios in looks if ratios]
    if not seen:
        return None
    worst: dict[str, float] = {}
    for _, ratios in seen:
        for name, ratio in ratios.items():
            worst[name] = max(ratio, worst.get(name, ratio))
    names = sorted(worst, key=lambda name: (-worst[name], name))
    width = 100 / len(seen)
    rows = tuple(_row(name, seen, width) for name in names[:_ROWS])
    return HeatMap(rows, seen[0][0], seen[-1][0], max(0, len(names) - _ROWS))


def _row(name: str, seen: Sequence[tuple[datetime, Mapping[str, float]]], width: float) -> HeatRow:
    cells = tuple(
        HeatCell(
            round(place * width, 3),
            round(width, 3),
            sum(ratios[name] >= level for level in _LEVELS),
            f"{at:%Y-%m-%d %H:%M}: {ratios[name]:.2g} times the threshold",
        )
        for place, (at, ratios) in enumerate(seen)
        if name in ratios
    )
    newest = seen[-1][1].get(name, 0.0)
    drifted = sum(cell.level >= 2 for cell in cells)
    return HeatRow(
        plain(name, 60),
        cells,
        newest,
        f"{plain(name, 60)}: newest {newest:.2g} times the threshold, drifted in {drifted} of {len(cells)} looks",
    )
