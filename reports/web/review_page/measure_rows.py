"""Champion and challenger on the same rows: each measure with its interval, on an axis of its own."""

from dataclasses import dataclass

from pipeline.measures.measure import Measure
from pipeline.record.cases import TrainingResult
from reports.markdown_cells import MEASURES

_FIRST = ("roc_auc", "recall", "precision", "calibration_error")  # what the decision turns on; the others are behind a click
_ROOM = 0.08  # of the axis, left free at either end


@dataclass(frozen=True)
class Mark:
    """One model on the axis, 0-100: the value and, where there is one, its interval."""

    at: float
    low: float | None
    high: float | None
    value: str
    interval: str


@dataclass(frozen=True)
class MeasureRow:
    """One measure of both models. `champion` is None where it was not measured."""

    label: str
    champion: Mark | None
    challenger: Mark
    first: bool


def measure_rows(result: TrainingResult) -> tuple[MeasureRow, ...]:
    """All measures of the training's candidate beside the champion's."""
    rows = []
    for name, label in MEASURES:
        challenger: Measure = getattr(result.metrics, name)
        champion: Measure | None = getattr(result.champion_metrics, name) if result.champion_metrics else None
        known = [value for measure in (champion, challenger) if measure for value in (measure.value, measure.low, measure.high)]
        ends = [value for value in known if value is not None]
        rows.append(MeasureRow(label, _mark(champion, ends) if champion else None, _mark(challenger, ends), name in _FIRST))
    return tuple(rows)


def _mark(measure: Measure, ends: list[float]) -> Mark:
    span = (max(ends) - min(ends)) * (1 + 2 * _ROOM) or 1.0
    start = min(ends) - span * _ROOM

    def place(value: float | None) -> float | None:
        return None if value is None else round(100 * (value - start) / span, 1)

    interval = "" if measure.low is None or measure.high is None else f"{measure.low:.3f}–{measure.high:.3f}"
    return Mark(place(measure.value) or 0.0, place(measure.low), place(measure.high), f"{measure.value:.3f}", interval)
