"""Rows of a source in Python, where counts are not enough: those of known customers, asked for by id where they lie, or all of a file's."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from pipeline.sources.opening import open_source
from pipeline.sources.relation import Column, Relation, epoch_of, number_of, text_of
from pipeline.sources.source import Restriction, Source
from pipeline.tables.cell_values import Decimal, clean_text, parse_numbers, parse_times
from pipeline.tables.missing import LARGEST
from pipeline.tables.schema import Schema

_IDS = 100_000  # in one query: each is a scan, and their list a few megabytes


def rows_of(source: Source, schema: Schema, restriction: Restriction, ids: Sequence[str] | None = None) -> pd.DataFrame:
    """The rows that `restriction` chooses and, where they are given, of these `ids` (all different) alone; no other row leaves its place.

    Columns: `_id` (text) and `_time` (datetime64[us, UTC]) where the source has them, then all of the schema's features, numerical float64,
    categorical object (text or NaN). A feature the source lacks, a word among numbers and an infinite number are missing. Sorted by time,
    then id, then features, because an engine may give rows in any order.

    Raises:
        DataError: the source cannot be read, or lacks a column that the restriction needs.
    """
    with open_source(source, schema, restriction) as relation:
        kept = [name for name in schema.features if name in relation.columns]
        wanted = [_as_read(relation.columns[name], relation, name in schema.numerical) for name in kept]
        if relation.id is not None:
            wanted.append(text_of(relation.id, relation.dialect))
        if relation.time is not None:
            wanted.append(_time_as_read(relation, relation.time))
        # Every row has its number, so that there is something to select where the source has none of the columns.
        query = f"select {', '.join(f'{value} as v{place}' for place, value in enumerate(['1', *wanted]))} from {relation.table}"
        found = list(relation.rows(query)) if ids is None else list(_of_customers(relation, query, ids))
        read = pd.DataFrame(found, columns=range(len(wanted) + 1), dtype=object)
        frame = pd.DataFrame(index=read.index)
        if relation.id is not None:
            frame["_id"] = clean_text(read[len(kept) + 1]).fillna(np.nan)
        if relation.time is not None:
            frame["_time"] = _times(read[len(wanted)], relation, relation.time)
        decimal = relation.decimal
    for name in schema.features:
        numerical = name in schema.numerical
        empty = pd.Series(np.nan, index=read.index, dtype="float64" if numerical else object)
        frame[name] = _typed(read[kept.index(name) + 1], numerical, decimal) if name in kept else empty
    order = [name for name in ("_time", "_id") if name in frame]
    return frame.sort_values([*order, *schema.features], kind="stable", ignore_index=True)


def _of_customers(relation: Relation, query: str, ids: Sequence[str]) -> Iterator[Sequence[Any]]:
    assert relation.id is not None  # whoever has ids has seen the column
    dialect = relation.dialect
    listed = dialect.listed.format(f"{dialect.marker}ids")
    known = set(ids)
    for start in range(0, len(ids), _IDS):
        batch = ids[start : start + _IDS]
        # Whole numbers may lie there as floats.
        floats = [f"{id_}.0" for id_ in batch if id_.isdecimal() and f"{id_}.0" not in known]
        condition = f"trim({text_of(relation.id, dialect)}) in ({listed})"
        yield from relation.rows(f"{query} where {condition}", ids=json.dumps([*batch, *floats]))


def _as_read(column: Column, relation: Relation, numerical: bool) -> str:
    if not numerical:
        return text_of(column, relation.dialect)
    # Unchanged where the engine does not vouch for a number: SQLite would cut its floats to 15 digits on the way to text.
    return number_of(column, relation.dialect) if column.type in ("number", "boolean") else column.name


def _typed(values: pd.Series, numerical: bool, decimal: Decimal) -> pd.Series:
    if not numerical:
        return clean_text(values, decimal).fillna(np.nan)
    told = values.map(type).isin([float, int])
    numbers = parse_numbers(clean_text(values.where(~told), decimal), decimal)
    numbers[told] = values[told].astype("float64")
    return numbers.where(numbers.abs() <= LARGEST)


def _time_as_read(relation: Relation, time: Column) -> str:
    # Text is parsed here to the microsecond, which not every engine can.
    return text_of(time, relation.dialect) if time.type == "text" else epoch_of(relation, time)


def _times(values: pd.Series, relation: Relation, time: Column) -> pd.Series:
    if time.type == "text":
        return parse_times(clean_text(values), relation.timezone)
    return pd.to_datetime((values.astype("float64") * 1e6).round(), unit="us", utc=True).dt.as_unit("us")
