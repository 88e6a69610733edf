"""A bounded, repeatable sample of a source's rows, drawn where they lie: what counts cannot tell is asked of rows, and of few."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipeline.sources.opening import open_source
from pipeline.sources.prediction_log import open_log
from pipeline.sources.relation import Column, Relation, epoch_of, number_of, restricted, text_of
from pipeline.sources.source import PredictionLog, Restriction, Source
from pipeline.tables.cell_values import Decimal, clean_text, parse_numbers
from pipeline.tables.missing import LARGEST
from pipeline.tables.schema import Schema

# Rows are chosen by number * _STRIDE modulo a prime: spread evenly over the table, in step with none of its own rhythms, in plain SQL,
# and no product exceeds 63 bits.
_PRIME, _STRIDE = 4_294_967_291, 1_640_531_527


@dataclass(frozen=True)
class Sample:
    """Rows of a source, index-aligned. `features`: all of the schema's, numerical float64, categorical object (text or NaN); `ids` (text)
    and `times` (datetime64[us, UTC]) are None where the source has no such column."""

    features: pd.DataFrame
    ids: pd.Series | None
    times: pd.Series | None


def draw_sample(source: Source, schema: Schema, restriction: Restriction, rows: int, most: int, seed: int) -> Sample:
    """At most `most` of the source's `rows` rows; all of them where they are no more. What cannot be read is missing: a column that is
    absent, a number written as a word, an infinite one.

    The same rows in the same order give the same sample for one `seed`. Of the prediction log, a segment's sample is what the log's sample
    holds of it.

    Raises:
        DataError: the source cannot be read, or lacks a column that the restriction needs.
    """
    if isinstance(source, PredictionLog):
        with open_log(source, schema, restriction, _chosen("seq", rows, most, seed)) as log:
            return _drawn(restricted(log, restriction), schema, "", most)
    with open_source(source, schema, restriction) as relation:
        return _drawn(relation, schema, _chosen("place", rows, most, seed), most)


def _chosen(place: str, rows: int, most: int, seed: int) -> str:
    """SQL that holds for about `most` of `rows` rows numbered by `place`; empty where it holds for all."""
    return "" if rows <= most else f"(({place} + {seed}) % {_PRIME} * {_STRIDE}) % {_PRIME} < {most * _PRIME // rows}"


def _drawn(relation: Relation, schema: Schema, chosen: str, most: int) -> Sample:
    kept = [name for name in schema.features if name in relation.columns]
    wanted = [_as_read(relation, name, schema) for name in kept]
    if relation.id is not None:
        wanted.append(text_of(relation.id, relation.dialect))
    if relation.time is not None:
        wanted.append(epoch_of(relation, relation.time))
    # Every row has its number, so that there is something to select where the window has none of the columns.
    listed = ", ".join(f"{value} as v{place}" for place, value in enumerate(["1", *wanted]))
    table = relation.table
    if chosen:
        table = f"(select * from (select *, {relation.dialect.numbering} as place from {table}) as numbered where {chosen}) as drawn"
    # A row or two more than asked for may be chosen.
    read = pd.DataFrame(list(relation.rows(f"select {listed} from {table} limit {most}")), columns=range(len(wanted) + 1), dtype=object)
    features = {name: _typed(read[place], name in schema.numerical, relation.decimal) for place, name in enumerate(kept, start=1)}
    place = len(kept) + 1
    ids = None if relation.id is None else clean_text(read[place]).fillna(np.nan)
    times = None if relation.time is None else _times(read[place + (ids is not None)])
    return Sample(_complete(features, read.index, schema), ids, times)


def _as_read(relation: Relation, name: str, schema: Schema) -> str:
    column: Column = relation.columns[name]
    if name in schema.numerical and column.type in ("number", "boolean"):
        return number_of(column, relation.dialect)
    return text_of(column, relation.dialect)


def _typed(values: pd.Series, numerical: bool, decimal: Decimal) -> pd.Series:
    text = clean_text(values, decimal)
    if not numerical:
        return text.fillna(np.nan)
    numbers = parse_numbers(text, decimal)
    return numbers.where(numbers.abs() <= LARGEST)


def _times(seconds: pd.Series) -> pd.Series:
    # To the millisecond, which is as far as SQLite's arithmetic goes.
    return pd.to_datetime((seconds.astype("float64") * 1000).round(), unit="ms", utc=True).dt.as_unit("us")


def _complete(features: dict[str, pd.Series], index: pd.Index, schema: Schema) -> pd.DataFrame:
    """All of the schema's features in its order, those that were not read all missing."""
    missing = {name: pd.Series(np.nan, index=index, dtype=float if name in schema.numerical else object) for name in schema.features}
    return pd.DataFrame({**missing, **features}, index=index)
