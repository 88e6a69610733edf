"""A question of the tool `query`: one measure, of which rows, cut how."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, time
from typing import Any

from pipeline.diagnosis.group_measures import Bucket, GroupedMeasure, MeasureName, Rows, measure_groups
from pipeline.diagnosis.observed import Observed
from pipeline.workspace.value_settings import ValueSettings
from tools.result_bounds import shown_name


@dataclass(frozen=True)
class Question:
    """What is asked; days are UTC, `until` is the day after the last, `level` which quantile."""

    measure: MeasureName
    rows: Rows
    column: str | None
    by: tuple[str, ...]
    bucket: Bucket | None
    since: date | None
    until: date | None
    level: float

    @property
    def arguments(self) -> dict[str, Any]:
        """As it goes on record."""
        told = {name: value.isoformat() if isinstance(value, date) else value for name, value in asdict(self).items()}
        return {**told, "by": list(self.by)}

    def of(self, features: Sequence[str]) -> "Question":
        """The same with the columns' own names, where they were given as answers show them."""
        column = None if self.column is None else shown_name(self.column, features)
        return replace(self, column=column, by=tuple(shown_name(name, features) for name in self.by))

    def answer(self, observed: Observed, value: ValueSettings) -> GroupedMeasure:
        """What `observed` says to it; `value` is what offers cost and bring."""
        since, until = (None if day is None else datetime.combine(day, time(), UTC) for day in (self.since, self.until))
        return measure_groups(
            observed, self.measure, self.rows, self.column, self.by, self.bucket, since, until, level=self.level, value=value
        )
