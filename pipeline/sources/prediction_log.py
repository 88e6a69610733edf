"""The log of predictions as a source. Its features are JSON, which DuckDB takes apart once and faster than the database, column by column."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.clock import stamp
from pipeline.sources.duckdb import DUCKDB, parquet, run_in
from pipeline.sources.relation import Column, Relation, identifier
from pipeline.sources.source import PredictionLog, Restriction
from pipeline.tables.connection import connected, quoted
from pipeline.tables.schema import Schema

_BATCH = 10_000


@contextmanager
def open_log(source: PredictionLog, schema: Schema, restriction: Restriction, chosen: str = "") -> Iterator[Relation]:
    """The log's rows of the time meant as a relation; see `open_source`. `chosen` is SQL that chooses among them by their number `seq`."""
    with connected("The prediction log", "UTC") as (connection, folder):
        lines, staged = folder / "log.ndjson", folder / "log.parquet"
        _write_lines(source, restriction, chosen, lines)
        typed = dict.fromkeys(schema.numerical, "DOUBLE") | dict.fromkeys(schema.categorical, "VARCHAR")
        features = ", ".join(f"{identifier(name)} {kind}" for name, kind in typed.items())
        shape = f"{{id: 'VARCHAR', moment: 'VARCHAR', features: {quoted(f'STRUCT({features})')}}}"
        places = ", ".join(f"features.{identifier(name)} as c{place}" for place, name in enumerate(typed))
        read = f"read_json({quoted(str(lines))}, format = 'newline_delimited', columns = {shape})"
        connection.execute(f"copy (select id, moment, {places} from {read}) to {quoted(str(staged))} (format parquet, preserve_order true)")
        yield Relation(
            dialect=DUCKDB,
            columns={
                name: Column(f"c{place}", "number" if kind == "DOUBLE" else "text") for place, (name, kind) in enumerate(typed.items())
            },
            id=Column("id", "text"),
            time=Column("moment", "text"),
            table=parquet([staged]),
            run=run_in(connection),
        )


def _write_lines(source: PredictionLog, restriction: Restriction, chosen: str, lines: Path) -> None:
    from sqlalchemy import Text, cast, select, text

    from pipeline.state.database import open_state, predictions

    # In order, so that a sample is the same again.
    query = select(predictions.c.id, predictions.c.predicted_at, cast(predictions.c.features, Text)).order_by(
        predictions.c.predicted_at, predictions.c.seq
    )
    if chosen:
        query = query.where(text(chosen))
    # Here already, where the log has an index by time.
    if restriction.since is not None:
        query = query.where(predictions.c.predicted_at > stamp(restriction.since))
    if restriction.until is not None:
        query = query.where(predictions.c.predicted_at <= stamp(restriction.until))
    if source.version is not None:
        query = query.where(predictions.c.model_version == source.version)
    state = open_state(source.place)
    try:
        with state.read() as connection, lines.open("w", encoding="utf-8") as out:
            for batch in connection.execute(query).yield_per(_BATCH).partitions():
                out.writelines(f'{{"id": {json.dumps(id_)}, "moment": "{at}", "features": {features}}}\n' for id_, at, features in batch)
    finally:
        state.close()
