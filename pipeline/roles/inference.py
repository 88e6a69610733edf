"""A first schema for a table nobody described yet: guessed by rules a person can follow, shown, and theirs to correct."""

import hashlib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.errors import DataError
from pipeline.roles.calendar import CalendarColumn, known_calendar, read_calendar
from pipeline.roles.column import NEARLY_ALL, TableColumn, look_at
from pipeline.roles.customer_id import find_id, identifies, named_id
from pipeline.roles.dates import find_time, named_time, why_not_time
from pipeline.roles.kinds import is_free_text, not_numbers, read_kind
from pipeline.roles.leaks import find_leak
from pipeline.roles.target import Target, read_target
from pipeline.shown_text import plain
from pipeline.tables.cell_times import masked
from pipeline.tables.cell_values import categories_in
from pipeline.tables.reading import RawTable
from pipeline.tables.schema import Schema

_NO_NAME = re.compile(r"Unnamed: \d+|__index_level_\d+__|")
_FOLDED = 50


@dataclass(frozen=True)
class Inference:
    """A guessed schema. `why`: the reason for each feature's kind, by name; `ignored`: the columns left out as (column, reason); `notes`:
    remarks worth showing; `target`: how its values were read."""

    schema: Schema
    why: Mapping[str, str]
    ignored: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    target: Target


@dataclass
class _Sorting:
    """The columns of a table on their way to a role each."""

    left_out: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def leave_out(self, column: TableColumn, why: str) -> None:
        self.left_out[column.name] = why


def infer(raw: RawTable, target: str, positive: str = "", drop: Collection[str] = (), *, time: str = "", customer: str = "") -> Inference:
    """Guess the roles of a labelled table's columns. `positive` and `drop`: as `read_target`. `time` and `customer` name the columns that say
    when a row was observed and of whom, where somebody knows; empty: found out.

    Id: nearly every row its own text or integer, a name like `customerID` first; where the name says so, ids may repeat. Time: a date whose
    name says that the row was observed then. Features: quantities and categories (`kinds`). Left out: what knows the outcome (`leaks`), what
    the calendar moves (`calendar`), other dates, further ids, free text, constant and empty columns, columns without a name, and copies.

    Raises:
        DataError: as `read_target`, no feature left, or a column that is named and cannot have that role.
    """
    outcome = read_target(raw, target, positive, drop)
    answers = categories_in(raw.frame[target], None, raw.decimal)
    labelled = answers.notna() & ~answers.isin([*drop])
    churned = (answers[labelled] == outcome.positive).to_numpy()
    rows = RawTable(raw.frame[labelled].reset_index(drop=True), raw.format, raw.path)
    sorting = _Sorting()
    columns: list[TableColumn] = []
    for name in rows.frame.columns.drop(target):
        if _NO_NAME.fullmatch(name):
            sorting.left_out[name] = "it has no name, so it is probably a row number"
        elif rows.frame[name].isna().all():
            sorting.left_out[name] = "it is empty"
        else:
            columns.append(look_at(rows, name))
    columns = [column for column in columns if not _knows_the_outcome(column, churned, sorting)]
    when, columns = _choose_time(columns, sorting, time)
    who = _named(customer, columns, "the id") or find_id(columns, has_time=when is not None)
    features, calendar = _choose_features([column for column in columns if column is not who], when, sorting)
    if not features:
        raise DataError(f"{raw.path.name} has no feature beside the target.", "Export what is known about each customer as well.")
    readings = {column.name: read_kind(column) for column in features}
    sorting.notes += _on_features(features, calendar)
    sorting.notes += _on_ids(who)
    schema = Schema(
        target=target,
        positive=outcome.positive,
        negative=outcome.negative,
        id=who.name if who else None,
        time=when.name if when else None,
        numerical=tuple(name for name, reading in readings.items() if reading.kind == "numerical"),
        categorical=tuple(name for name, reading in readings.items() if reading.kind == "categorical"),
        calendar=known_calendar(calendar),
    )
    in_order = tuple((name, sorting.left_out[name]) for name in raw.frame.columns if name in sorting.left_out)
    return Inference(schema, {name: reading.why for name, reading in readings.items()}, in_order, tuple(sorting.notes), outcome)


def _knows_the_outcome(column: TableColumn, churned: NDArray[np.bool_], sorting: _Sorting) -> bool:
    leak = find_leak(column, churned)
    if leak is None:
        return False
    if leak.certain:
        sorting.leave_out(column, leak.why)
    else:
        sorting.notes.append(f"`{column.name}` is kept, but {leak.why}: leave it out if so.")
    return leak.certain


def _named(name: str, columns: list[TableColumn], role: str) -> TableColumn | None:
    """The column of that name; None where none is named."""
    found = next((column for column in columns if column.name == name), None)
    if name and found is None:
        kept = ", ".join(f"`{plain(column.name)}`" for column in columns) or "none"
        raise DataError(f"`{plain(name)}` cannot be {role}.", f"Columns that can: {kept}.")
    return found


def _choose_time(columns: list[TableColumn], sorting: _Sorting, named: str) -> tuple[TableColumn | None, list[TableColumn]]:
    """The column of the time of observation, `named` or found out, and all columns that are no dates."""
    dates = [column for column in columns if column.is_time]
    for column in [column for column in dates if len(column.distinct) == 1]:
        sorting.leave_out(column, "it is constant")
        dates.remove(column)
    time = _named(named, dates, "the time") or find_time(dates)
    for column in dates:
        if column is not time:
            sorting.leave_out(column, why_not_time(column, time))
    if dates and time is None:
        named = " or ".join(f"`{column.name}`" for column in dates[:3])
        sorting.notes.append(f"No column says when a row was observed. If {named} does, name it as `time` under [data] in churnops.toml.")
    return time, [column for column in columns if not column.is_time]


def _choose_features(
    columns: list[TableColumn], time: TableColumn | None, sorting: _Sorting
) -> tuple[list[TableColumn], dict[str, CalendarColumn]]:
    """The features, and those of them that tell the calendar."""
    times = None if time is None else time.times
    chosen: list[TableColumn] = []
    calendar: dict[str, CalendarColumn] = {}
    copies: dict[str, str] = {}
    for column in columns:
        told = read_calendar(column, times)
        content = _content(column)
        if content in copies:
            sorting.leave_out(column, f"it is an exact copy of `{copies[content]}`")
        elif why := _no_feature(column):
            sorting.leave_out(column, why)
        elif told is not None and not told.comes_again:
            sorting.leave_out(column, f"{told.said}: it moves by itself, so later windows hold what was never seen here")
        else:
            copies[content] = column.name
            chosen.append(column)
            if told is not None:
                calendar[column.name] = told
    return chosen, calendar


def _content(column: TableColumn) -> str:
    """The same for two columns if all of their values are the same."""
    return hashlib.sha256(pd.util.hash_pandas_object(column.values, index=False).to_numpy().tobytes()).hexdigest()


def _no_feature(column: TableColumn) -> str:
    if len(column.distinct) == 1 and not 0.01 <= column.missing_share <= 0.99:
        return "it is constant"
    if named_id(column) and identifies(column):
        return "it looks like a further id"
    if is_free_text(column):
        return not_numbers(column) if column.number_share >= NEARLY_ALL else "it is free text: most rows have a value of their own"
    return ""


def _on_features(features: list[TableColumn], calendar: Mapping[str, CalendarColumn]) -> list[str]:
    notes = [f"`{name}` is {told.said}: it moves by itself, so it is never called drift." for name, told in calendar.items()]
    for column in features:
        reading = read_kind(column)
        if named_time(column) and not column.is_numeric and column.name not in calendar:
            written = masked(str(column.distinct.iloc[0]))
            notes.append(
                f"`{column.name}` is named like a time, but `{written}` is not read as one: write it like 2026-01-31T10:00:00+01:00."
            )
        if reading.kind == "categorical" and NEARLY_ALL <= column.number_share < 1:
            notes.append(f"`{column.name}` is categorical because {reading.why}.")
        if reading.kind == "categorical" and len(column.distinct) > _FOLDED:
            notes.append(
                f"`{column.name}` has {len(column.distinct):,} different values: rare ones are folded into one when a model is trained."
            )
    return notes


def _on_ids(who: TableColumn | None) -> list[str]:
    if who is None:
        return ["No column names the customer, so outcomes that arrive later cannot be joined to predictions. Export an id as well."]
    repeats = int(who.present.duplicated().sum())
    return (
        [f"{repeats:,} {'id repeats' if repeats == 1 else 'ids repeat'}: the split will keep each customer on one side."] if repeats else []
    )
