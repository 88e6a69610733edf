"""Figures over time as a chart: lines, their intervals as bands, and a mark wherever a model was deployed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

WIDTH, HEIGHT = 640.0, 150.0


@dataclass(frozen=True)
class Reading:
    """One figure at one time, and its interval where it has one."""

    at: datetime
    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Series:
    """One line. `style` is a class of the style sheet."""

    name: str
    style: str
    readings: tuple[Reading, ...]


@dataclass(frozen=True)
class ChartMark:
    """Something that happened at one time."""

    at: datetime
    said: str


@dataclass(frozen=True)
class ChartPoint:
    """A reading on the chart."""

    x: float
    y: float
    said: str


@dataclass(frozen=True)
class Line:
    """A series on the chart: `points` oldest first, `band` the outline of its interval as a path, empty without one; `newest` as text."""

    name: str
    style: str
    points: tuple[ChartPoint, ...]
    band: str
    newest: str

    @property
    def path(self) -> str:
        """Through all points."""
        return "M" + "L".join(f"{point.x} {point.y}" for point in self.points)


@dataclass(frozen=True)
class LineChart:
    """The chart: what its ends are, `top` and `bottom` as text. `said` is all of it for whoever does not see it."""

    title: str
    lines: tuple[Line, ...]
    marks: tuple[ChartPoint, ...]
    top: str
    bottom: str
    first: datetime
    last: datetime
    said: str


def line_chart(
    title: str, series: Sequence[Series], written: str, marks: Sequence[ChartMark] = (), *, from_zero: bool = False
) -> LineChart | None:
    """The chart of the series that have a reading; None without any. `written`: how a figure is written, as a format like `.3f`."""
    told = [one for one in series if one.readings]
    if not told:
        return None
    every = [reading for one in told for reading in one.readings]
    first, last = min(reading.at for reading in every), max(reading.at for reading in every)
    values = [value for reading in every for value in (reading.value, reading.low, reading.high) if value is not None]
    low, high = (0.0 if from_zero else min(values)), max(values)
    span, seconds = (high - low) or 1.0, (last - first).total_seconds() or 1.0

    def across(at: datetime) -> float:
        return round(WIDTH / 2 if first == last else WIDTH * (at - first).total_seconds() / seconds, 1)

    def up(value: float) -> float:
        return round(HEIGHT * (1 - (value - low) / span), 1)

    def line(one: Series) -> Line:
        points = tuple(ChartPoint(across(each.at), up(each.value), _said(each, written)) for each in one.readings)
        return Line(one.name, one.style, points, _band(one.readings, across, up), f"{one.readings[-1].value:{written}}")

    lines = tuple(map(line, told))
    within = tuple(ChartPoint(across(mark.at), 0.0, f"{mark.at:%Y-%m-%d}: {mark.said}") for mark in marks if first <= mark.at <= last)
    newest = "; ".join(f"{one.name} {one.newest}" for one in lines)
    said = f"{title}, {first:%Y-%m-%d} to {last:%Y-%m-%d}, from {low:{written}} to {high:{written}}. Newest: {newest}."
    return LineChart(title, lines, within, f"{high:{written}}", f"{low:{written}}", first, last, said)


def _said(reading: Reading, written: str) -> str:
    interval = "" if reading.low is None or reading.high is None else f" ({reading.low:{written}} to {reading.high:{written}})"
    return f"{reading.at:%Y-%m-%d %H:%M}: {reading.value:{written}}{interval}"


def _band(readings: Sequence[Reading], across: Callable[[datetime], float], up: Callable[[float], float]) -> str:
    known = [(across(one.at), up(one.low), up(one.high)) for one in readings if one.low is not None and one.high is not None]
    if len(known) < 2:
        return ""
    upper = [f"{x} {top}" for x, _, top in known]
    lower = [f"{x} {bottom}" for x, bottom, _ in reversed(known)]
    return f"M{'L'.join([*upper, *lower])}Z"
