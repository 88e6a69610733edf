"""A dated, labelled table cut into the reference that a first champion is trained on and the batches that follow it."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd

from pipeline.clock import length_of
from pipeline.errors import DataError
from pipeline.roles.inference import Inference, infer
from pipeline.shown_text import plain
from pipeline.tables.reading import RawTable, read_raw, times_in, typed
from pipeline.tables.schema import Schema

FEWEST_BATCHES = 3  # one to look at, one in which a new model serves, and one to compare it in
_WHOLE = (
    0.9  # of a batch's length that its rows must reach; a last batch that was cut off would be judged on other customers than the others
)


@dataclass(frozen=True)
class Columns:
    """What a person says of the table's columns. `time` and `target` must be given; what else is empty is found out as `init` does."""

    time: str
    target: str
    id: str = ""
    positive: str = ""
    drop: tuple[str, ...] = ()


@dataclass(frozen=True)
class Pace:
    """How the table is lived through: the length of a `batch`, how long after its time an outcome is known (`label_delay`), and where the
    `reference` ends: a number of rows, a share of them (0-1) or a length."""

    batch: timedelta
    label_delay: timedelta
    reference: int | float | timedelta


@dataclass(frozen=True)
class Batch:
    """Rows with `since` <= time < `until` (UTC), typed, in the order of time."""

    number: int
    since: datetime
    until: datetime
    rows: pd.DataFrame


@dataclass(frozen=True)
class DatedTable:
    """The whole table, typed and in the order of time. `later`: all rows after the reference, those of no batch included. `roles`: what the
    reference's columns mean, as `init` would have read it then. `without_batch`: rows after the last whole batch; `undated`: rows without a time or an outcome,
    which are left out."""

    name: str
    roles: Inference
    reference: pd.DataFrame
    later: pd.DataFrame
    batches: tuple[Batch, ...]
    without_batch: int
    undated: int

    @property
    def columns(self) -> Schema:
        return self.roles.schema


def parse_reference(text: str) -> int | float | timedelta:
    """`8000` rows, a share like `0.3`, or a length like `24w`.

    Raises:
        DataError: it is none of these.
    """
    length = length_of(text)
    if length is not None:
        return length
    try:
        rows = float(text)
    except ValueError:
        rows = 0.0
    if 0 < rows < 1:
        return rows
    if rows < 1 or not rows.is_integer():
        raise DataError(f"`{plain(text)}` is no size of a reference.", "Write rows like 8000, a share like 0.3, or a length like 24w.")
    return int(rows)


def read_dated(path: Path, said: Columns, pace: Pace) -> DatedTable:
    """Read the table and cut it. The roles of the columns are inferred from the reference alone: nobody had seen more by then.

    Raises:
        DataError: see `read_raw`, `infer` and `typed`; no such time column, or fewer than three batches in which somebody churned and somebody
            stayed.
    """
    raw = read_raw(path)
    for name in (said.time, said.target):
        if name not in raw.frame:
            known = ", ".join(f"`{plain(column)}`" for column in raw.frame.columns)
            raise DataError(f"{raw.path.name} has no column `{plain(name)}`.", f"Its columns are {known}.")
    times, answered = times_in(raw, said.time), raw.frame[said.target].notna()
    whole = _kept(raw, times.notna() & answered)
    times = times[times.notna() & answered].reset_index(drop=True)
    end = _reference_end(times.sort_values(ignore_index=True), pace.reference, raw.path.name)
    roles = infer(_kept(whole, times < end), said.target, said.positive, said.drop, time=said.time, customer=said.id)
    rows = typed(whole, roles.schema, with_target=True).sort_values(said.time, kind="stable", ignore_index=True)
    later = rows[rows[said.time] >= end].reset_index(drop=True)
    batches = tuple(_batches(later, roles.schema, end.to_pydatetime(), pace.batch))
    return DatedTable(
        name=raw.path.name,
        roles=roles,
        reference=rows[rows[said.time] < end].reset_index(drop=True),
        later=later,
        batches=batches,
        without_batch=len(later) - sum(len(batch.rows) for batch in batches),
        undated=len(raw.frame) - len(rows),
    )


def _kept(raw: RawTable, mask: "pd.Series[bool]") -> RawTable:
    return replace(raw, frame=raw.frame[mask].reset_index(drop=True))


def _reference_end(times: pd.Series, reference: int | float | timedelta, name: str) -> pd.Timestamp:
    """The first moment after the reference. All rows of one moment are on one side; `times` are sorted."""
    if times.empty:
        raise DataError(f"No row of {name} has both a time and an outcome.", "Export both.")
    if isinstance(reference, timedelta):
        end = times.iloc[0] + reference
    else:
        rows = int(reference * len(times)) if isinstance(reference, float) else reference
        end = times.iloc[min(rows, len(times) - 1)]
    if not (times < end).any():
        raise DataError("No row is older than the end of the reference.", "Make it larger with --reference.")
    return pd.Timestamp(end)


def _batches(later: pd.DataFrame, columns: Schema, start: datetime, length: timedelta) -> list[Batch]:
    times, found = later[str(columns.time)], list[Batch]()
    last = times.max().to_pydatetime() if len(times) else start
    number = int((last - start + (1 - _WHOLE) * length) / length)
    if number < FEWEST_BATCHES:
        raise DataError(
            f"{max(number, 0)} of {FEWEST_BATCHES} needed batches fit after the reference.",
            "Choose a shorter --batch or a smaller --reference.",
        )
    for place in range(number):
        since = start + place * length
        rows = later[(times >= since) & (times < since + length)].reset_index(drop=True)
        if rows[columns.target].nunique() < 2:
            lacks = "no row" if rows.empty else "no churner" if not rows[columns.target].any() else "nobody who stayed"
            raise DataError(f"The batch from {since:%Y-%m-%d %H:%M} has {lacks}.", "Choose a longer --batch.")
        found.append(Batch(place + 1, since, since + length, rows))
    return found
