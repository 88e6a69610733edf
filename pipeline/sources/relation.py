"""An opened source: the rows meant, as something to select from, with what its engine calls things."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pipeline.errors import DataError
from pipeline.sources.source import Exclusion, Restriction
from pipeline.tables.categories import Categories, Spelling
from pipeline.tables.cell_numbers import Decimal
from pipeline.tables.missing import MISSING

ColumnType = Literal["number", "boolean", "local time", "instant", "text"]
Run = Callable[[str, Mapping[str, object]], Iterator[Sequence[Any]]]

_EPOCH_SECONDS = (1e8, 4.2e9)  # from 1973 to 2103: no unit's numbers look like another's


@dataclass(frozen=True)
class Dialect:
    """What engines call by different names. `marker` goes before a parameter's name; `number` and `epoch` turn what stands for {0} into a
    number and into seconds since 1970, or into null where it is none; `listed` selects the texts of a JSON list. `numbering` is a number of a
    row's own, the same in every query."""

    double: str
    text: str
    marker: str
    number: str
    epoch: str
    listed: str
    numbering: str = "row_number() over ()"


@dataclass(frozen=True)
class Column:
    """One column: its quoted name, and what kind of values the engine says it has. "text" may be anything."""

    name: str
    type: ColumnType


@dataclass(frozen=True)
class Relation:
    """The rows meant: `table` stands after FROM and needs `parameters`; `run` yields the rows of a query.

    `columns` go by stripped name; `id` and `time` name the customer and the time of scoring where the source has them. `decimal` is the
    mark in numbers written as text, `timezone` that of times written without one.
    """

    dialect: Dialect
    columns: Mapping[str, Column]
    id: Column | None
    time: Column | None
    table: str
    run: Run
    parameters: Mapping[str, object] = field(default_factory=dict)
    decimal: Decimal = "."
    timezone: str = "UTC"

    def rows(self, query: str, **parameters: object) -> Iterator[Sequence[Any]]:
        """Rows of a query."""
        return self.run(query, {**self.parameters, **parameters})

    def one(self, query: str, **parameters: object) -> Sequence[Any]:
        """The only row of a query."""
        (row,) = self.rows(query, **parameters)
        return row

    def called(self, column: Column) -> str:
        """A column's name as people know it."""
        return next((name for name, found in self.columns.items() if found == column), column.name)


def identifier(name: str) -> str:
    """A name as standard SQL has it."""
    return '"' + name.replace('"', '""') + '"'


def text_of(column: Column, dialect: Dialect) -> str:
    """SQL for a column's values as text, as Python would write them."""
    if column.type == "boolean":
        return f"case when {column.name} then 'True' when not {column.name} then 'False' end"
    return f"cast({column.name} as {dialect.text})"


def is_present(column: Column, dialect: Dialect) -> str:
    """SQL for whether a column's value is not missing, as `tables.cell` says."""
    missing = ", ".join(f"'{word}'" for word in sorted(MISSING))
    return f"({column.name} is not null and trim({text_of(column, dialect)}) not in ({missing}))"


def restricted(whole: Relation, restriction: Restriction, spelling: Spelling) -> Relation:
    """`whole` without the rows that `restriction` leaves out. `spelling`: of the categories by which it chooses.

    Raises:
        DataError: the source lacks the column to restrict by, or its times cannot be read.
    """
    conditions: list[str] = []
    parameters: dict[str, object] = {}
    marker = whole.dialect.marker
    for name, sign, limit in (("since", ">", restriction.since), ("until", "<=", restriction.until)):
        if limit is not None:
            expression, bound, parameters[name] = _limit(whole, limit, f"{marker}{name}")
            conditions.append(f"{expression} {sign} {bound}")
    for part, chosen in (("segment", restriction.segment), ("version", restriction.version)):
        if chosen is None:
            continue
        name, value = chosen
        if name not in whole.columns:
            raise DataError(f"There is no column `{name}` to choose a {part} by.", f"Columns are {', '.join(whole.columns)}.")
        condition, parameters[part] = _named(whole, name, value, spelling, part)
        conditions.append(condition)
    for place, exclusion in enumerate(restriction.left_out if whole.time is not None else ()):
        found, values = _left_out(whole, exclusion, f"gone{place}", spelling)
        conditions.append(found)
        parameters |= values
    if not conditions:
        return whole
    table = f"(select * from {whole.table} where {' and '.join(conditions)}) as meant"
    return replace(whole, table=table, parameters={**whole.parameters, **parameters})


def _left_out(whole: Relation, exclusion: Exclusion, name: str, spelling: Spelling) -> tuple[str, dict[str, object]]:
    """The condition that keeps all rows but those of an exclusion, also those whose time cannot be told, and its parameters."""
    marker = whole.dialect.marker
    parameters: dict[str, object] = {}
    conditions = []
    for limit, sign, moment in (("since", ">=", exclusion.since), ("until", "<", exclusion.until)):
        expression, bound, parameters[f"{name}_{limit}"] = _limit(whole, moment, f"{marker}{name}_{limit}")
        conditions.append(f"{expression} {sign} {bound}")
    if exclusion.where is not None:
        column, value = exclusion.where
        if column not in whole.columns:
            return "1 = 1", {}
        condition, parameters[name] = _named(whole, column, value, spelling, name)
        conditions.append(condition)
    return f"case when {' and '.join(conditions)} then 0 else 1 end = 1", parameters


def _named(whole: Relation, name: str, value: str, spelling: Spelling, parameter: str) -> tuple[str, str]:
    """The condition that a column names the category `value`, and its parameter: all texts of the column that do."""
    text = text_of(whole.columns[name], whole.dialect)
    categories = spelling.get(name, Categories((value,)))
    meant = categories.spelling(value)
    found = (row[0] for row in whole.rows(f"select distinct {text} from {whole.table}"))
    listed = [cell for cell in found if cell is not None and categories.spelling(cell, whole.decimal) == meant]
    return f"{text} in ({whole.dialect.listed.format(whole.dialect.marker + parameter)})", json.dumps(listed)


def epoch_of(relation: Relation, time: Column) -> str:
    """SQL for a time as seconds since 1970."""
    return f"{time.name} / {_per_second(relation, time)!r}" if time.type == "number" else relation.dialect.epoch.format(time.name)


def _limit(relation: Relation, limit: datetime, bound: str) -> tuple[str, str, object]:
    """What to compare with what, and the parameter's value. A column with a type of time is compared as it is, so that an index serves."""
    column = relation.time
    if column is None:
        raise DataError("The rows have no scoring time to choose a window by.", "Name its column as `time` in churnops.toml.")
    if column.type == "instant":
        return column.name, bound, limit
    if column.type == "local time":
        return column.name, bound, limit.astimezone(ZoneInfo(relation.timezone)).replace(tzinfo=None)
    if column.type == "number":
        return column.name, bound, limit.timestamp() * _per_second(relation, column)
    epoch = relation.dialect.epoch
    return epoch.format(column.name), epoch.format(f"cast({bound} as {relation.dialect.text})"), limit.astimezone(UTC).isoformat()


def counts_seconds(relation: Relation, column: Column) -> bool:
    """Whether a numerical time counts since 1970, in seconds or parts of them."""
    return _unit(relation, column) is not None


def _per_second(relation: Relation, column: Column) -> float:
    """What a numerical time counts: 1 for seconds since 1970, 1,000 for milliseconds, and so on."""
    unit = _unit(relation, column)
    if unit is None:
        raise DataError(
            f"The numbers in the column `{relation.called(column)}` are no times since 1970.",
            "Name another column as `time` in churnops.toml.",
        )
    return unit


def _unit(relation: Relation, column: Column) -> float | None:
    (latest,) = relation.one(f"select max({column.name}) from {relation.table}")
    earliest, last = _EPOCH_SECONDS
    units = (1.0, 1e3, 1e6, 1e9)
    return next((unit for unit in units if latest is None or earliest <= float(latest) / unit <= last), None)


def number_of(column: Column, dialect: Dialect) -> str:
    """SQL for a column's values as numbers, null where the engine takes them for none."""
    if column.type == "number":
        return f"cast({column.name} as {dialect.double})"
    if column.type == "boolean":
        return f"case when {column.name} then 1e0 when not {column.name} then 0e0 end"
    return dialect.number.format(column.name)
