"""Whether the probabilities of both models come true: what share churned of those given about the same one, beside the diagonal."""

from dataclasses import dataclass
from math import ceil

from pipeline.measures.measure import Reliability, ReliabilityBin
from pipeline.record.cases import TrainingResult

WIDTH, HEIGHT = 270, 190  # of the drawing, between its axes


@dataclass(frozen=True)
class Point:
    """One bin. `x`, `y`, and the ends of its interval `low` and `high` are places in the drawing, whose y grows downwards."""

    x: float
    y: float
    low: float
    high: float
    found: ReliabilityBin


@dataclass(frozen=True)
class Curve:
    """One model's bins, lowest probability first. `hits`: how many of their intervals hold what was predicted."""

    model: str
    points: tuple[Point, ...]
    hits: int


@dataclass(frozen=True)
class ReliabilityPlot:
    """The champion's curve, where it was measured, and the challenger's. Both axes go from 0 to `end` percent."""

    end: int
    curves: tuple[Curve, ...]


def reliability_plot(result: TrainingResult) -> ReliabilityPlot | None:
    """The plot of a training; None where an earlier version recorded it."""
    if result.reliability is None:
        return None
    known = (("champion", result.champion_reliability), ("challenger", result.reliability))
    measured = [(model, found) for model, found in known if found is not None]
    # Where few churn, all points would crowd in a corner of axes that end at 100%.
    end = 10 * ceil(10 * max(max(one.predicted, one.high) for _, found in measured for one in found.bins))
    return ReliabilityPlot(end, tuple(_curve(model, found, end / 100) for model, found in measured))


def _curve(model: str, found: Reliability, end: float) -> Curve:
    points = []
    for one in found.bins:
        y, low, high = (round(HEIGHT * (1 - share / end), 1) for share in (one.observed, one.low, one.high))
        points.append(Point(round(WIDTH * one.predicted / end, 1), y, low, high, one))
    return Curve(model, tuple(points), sum(one.low <= one.predicted <= one.high for one in found.bins))
