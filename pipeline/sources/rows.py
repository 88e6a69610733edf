"""Rows in Python, where counts are not enough: those of known customers, asked for by id where they lie, or all of a file's."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from pipeline.errors import DataError
from pipeline.sources.relation import Column, Relation, epoch_of, number_of, text_of
from pipeline.sources.source import Restriction, Source
from pipeline.sources.source_opening import open_source
from pipeline.tables.categories import Spelling
from pipeline.tables.cell_numbers import LARGEST, Decimal
from pipeline.tables.cell_values import categories_in, clean_text, ids_in, parse_numbers, parse_times
from pipeline.tables.schema import Schema

_IDS = 100_000  # in one query: each is a scan, and their list a few megabytes


def rows_of(source: Source, schema: Schema, restriction: Restriction, spelling: Spelling, ids: Sequence[str] | None = None) -> pd.DataFrame:
    """The rows that `restriction` chooses and, where they are given, of these `ids` (all different) alone; no other row leaves its place.

    Columns as `decoded` gives them, its categories spelt by `spelling`. Sorted by time, then id, then features, because an engine may give
    rows in any order.

    Raises:
        DataError: the source cannot be read, or lacks a column that the restriction needs.
    """
    with open_source(source, schema, restriction, spelling) as relation:
        if ids is not None and relation.id is None:
            raise DataError("The rows have no column of ids to look customers up by.", "Name it as `id` in churnops.toml.")
        query = f"select {as_read(relation, schema)} from {relation.table}"
        frame = decoded(relation.rows(query) if ids is None else _of_customers(relation, query, ids), relation, schema, spelling)
    order = [name for name in ("_time", "_id") if name in frame]
    return frame.sort_values([*order, *schema.features], kind="stable", ignore_index=True)


def _of_customers(relation: Relation, query: str, ids: Sequence[str]) -> Iterator[Sequence[Any]]:
    assert relation.id is not None  # whoever has ids has seen the column
    dialect = relation.dialect
    listed = dialect.listed.format(f"{dialect.marker}ids")
    for start in range(0, len(ids), _IDS):
        batch = ids[start : start + _IDS]
        # Whole numbers may lie there as floats.
        floats = [f"{id_}{relation.decimal}0" for id_ in batch if id_.isdecimal()]
        condition = f"trim({text_of(relation.id, dialect)}) in ({listed})"
        yield from relation.rows(f"{query} where {condition}", ids=json.dumps([*batch, *floats]))


def as_read(relation: Relation, schema: Schema) -> str:
    """What to select, so that `decoded` makes typed rows of it."""
    wanted = [_as_read(relation.columns[name], relation, name in schema.numerical) for name in _kept(relation, schema)]
    if relation.id is not None:
        wanted.append(text_of(relation.id, relation.dialect))
    if relation.time is not None:
        # Text is parsed here to the microsecond, which not every engine can.
        text = relation.time.type == "text"
        wanted.append(text_of(relation.time, relation.dialect) if text else epoch_of(relation, relation.time))
    # Every row has its number, so that there is something to select where the source has none of the columns.
    return ", ".join(f"{value} as v{place}" for place, value in enumerate(["1", *wanted]))


def decoded(rows: Iterator[Sequence[Any]], relation: Relation, schema: Schema, spelling: Spelling) -> pd.DataFrame:
    """Rows selected by `as_read`, typed: `_id` (text) and `_time` (datetime64[us, UTC]) where the source has them, then all of the schema's
    features, numerical float64, categorical object (text or NaN). A feature the source lacks, a word among numbers and an infinite number are
    missing."""
    kept = _kept(relation, schema)
    width = 1 + len(kept) + (relation.id is not None) + (relation.time is not None)
    read = pd.DataFrame(list(rows), columns=range(width), dtype=object)
    frame = pd.DataFrame(index=read.index)
    if relation.id is not None:
        frame["_id"] = ids_in(read[len(kept) + 1], relation.decimal)
    if relation.time is not None:
        frame["_time"] = _times(read[width - 1], relation, relation.time)
    for name in schema.features:
        cells = read[kept.index(name) + 1] if name in kept else pd.Series(None, index=read.index, dtype=object)
        numerical = name in schema.numerical
        frame[name] = _numbers(cells, relation.decimal) if numerical else categories_in(cells, spelling.get(name), relation.decimal)
    return frame


def _kept(relation: Relation, schema: Schema) -> list[str]:
    return [name for name in schema.features if name in relation.columns]


def _as_read(column: Column, relation: Relation, numerical: bool) -> str:
    if not numerical:
        return text_of(column, relation.dialect)
    # Unchanged where the engine does not vouch for a number: SQLite would cut its floats to 15 digits on the way to text.
    return number_of(column, relation.dialect) if column.type in ("number", "boolean") else column.name


def _numbers(values: pd.Series, decimal: Decimal) -> pd.Series:
    told = values.map(type).isin([float, int])
    numbers = parse_numbers(clean_text(values.where(~told)), decimal)
    numbers[told] = values[told].astype("float64")
    return numbers.where(numbers.abs() <= LARGEST)


def _times(values: pd.Series, relation: Relation, time: Column) -> pd.Series:
    if time.type == "text":
        return parse_times(clean_text(values), relation.timezone)
    return pd.to_datetime((values.astype("float64") * 1e6).round(), unit="us", utc=True).dt.as_unit("us")
