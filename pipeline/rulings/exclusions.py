"""Rows that people took out: a span of scoring times, or the rows in it with one value, kept out of windows, references and training."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from pydantic import BaseModel
from sqlalchemy import select

from pipeline.sources.source import Exclusion
from pipeline.state.database import State
from pipeline.state.ruling_tables import exclusions
from pipeline.tables.categories import NO_SPELLING, Categories, Spelling

if TYPE_CHECKING:
    import pandas as pd


class RecordedExclusion(BaseModel, frozen=True, extra="forbid"):
    """One exclusion on record: rows of `since` <= scoring time < `until` (UTC), where a `column` is named those with its `value` alone. It
    holds until it was `ended_at`. `by`: who."""

    number: int
    since: datetime
    until: datetime
    column: str | None
    value: str | None
    reason: str
    at: datetime
    by: str
    ended_at: datetime | None = None
    ended_by: str | None = None

    @property
    def rows(self) -> Exclusion:
        """Which rows are meant."""
        where = None if self.column is None or self.value is None else (self.column, self.value)
        return Exclusion(self.since, self.until, where)


def recorded_exclusions(state: State) -> tuple[RecordedExclusion, ...]:
    """All of them, also those that ended, in the order they were made."""
    with state.read() as connection:
        rows = connection.execute(select(exclusions).order_by(exclusions.c.number)).all()
    return tuple(RecordedExclusion.model_validate(dict(row._mapping)) for row in rows)


def excluded(state: State) -> tuple[Exclusion, ...]:
    """The rows that are left out now."""
    return tuple(record.rows for record in recorded_exclusions(state) if record.ended_at is None)


def without_excluded(
    frame: "pd.DataFrame", times: "pd.Series | None", left_out: Sequence[Exclusion], spelling: Spelling = NO_SPELLING
) -> "pd.DataFrame":
    """A frame, typed or as text, without the rows left out. `times` (UTC) are its scoring times; without them, and for a row that has
    none, nothing is left out. `spelling`: as `open_source`."""
    if times is None or not left_out:
        return frame
    from pipeline.tables.cell_values import categories_in

    for exclusion in left_out:
        gone = (times >= exclusion.since) & (times < exclusion.until)
        if exclusion.where is not None:
            column, value = exclusion.where
            categories = spelling.get(column, Categories((value,)))
            gone &= categories_in(frame[column], categories) == categories.spelling(value) if column in frame else False
        frame, times = frame[~gone], times[~gone]
    return frame
