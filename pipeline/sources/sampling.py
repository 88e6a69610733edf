"""A bounded, repeatable sample of a source's rows, drawn where they lie: what counts cannot tell is asked of rows, and of few."""

from dataclasses import dataclass

import pandas as pd

from pipeline.sources.prediction_log import open_log
from pipeline.sources.relation import Relation, restricted
from pipeline.sources.rows import as_read, decoded
from pipeline.sources.source import PredictionLog, Restriction, Source
from pipeline.sources.source_opening import open_source
from pipeline.tables.categories import Spelling
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


def draw_sample(source: Source, schema: Schema, restriction: Restriction, spelling: Spelling, rows: int, most: int, seed: int) -> Sample:
    """At most `most` of the source's `rows` rows, all of them where they are no more, typed as `rows.decoded` does.

    The same rows in the same order give the same sample for one `seed`. Of the prediction log, a segment's sample is what the log's sample
    holds of it.

    Raises:
        DataError: the source cannot be read, or lacks a column that the restriction needs.
    """
    if isinstance(source, PredictionLog):
        with open_log(source, schema, restriction, chosen_by("seq", rows, most, seed)) as log:
            return _drawn(restricted(log, restriction, spelling), schema, spelling, "", most)
    with open_source(source, schema, restriction, spelling) as relation:
        return _drawn(relation, schema, spelling, chosen_by("place", rows, most, seed), most)


def chosen_by(place: str, rows: int, most: int, seed: int) -> str:
    """SQL that holds for about `most` of `rows` rows numbered by `place`; empty where it holds for all."""
    return "" if rows <= most else f"(({place} + {seed}) % {_PRIME} * {_STRIDE}) % {_PRIME} < {most * _PRIME // rows}"


def _drawn(relation: Relation, schema: Schema, spelling: Spelling, chosen: str, most: int) -> Sample:
    table = relation.table
    if chosen:
        table = f"(select * from (select *, {relation.dialect.numbering} as place from {table}) as numbered where {chosen}) as drawn"
    # A row or two more than asked for may be chosen.
    rows = decoded(relation.rows(f"select {as_read(relation, schema)} from {table} limit {most}"), relation, schema, spelling)
    return Sample(rows[list(schema.features)], rows.get("_id"), rows.get("_time"))
