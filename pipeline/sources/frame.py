"""A table in memory as a source, counted by DuckDB through Arrow."""

from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.sources.duckdb import DUCKDB, columns_of, run_in
from pipeline.sources.relation import Relation
from pipeline.sources.source import Frame
from pipeline.sources.written_times import dated
from pipeline.tables.connection import connected_within
from pipeline.tables.schema import Schema


@contextmanager
def open_frame(source: Frame, schema: Schema) -> Iterator[Relation]:
    """A frame as a relation; see `open_source`. Times are in UTC where they name no zone."""
    import pyarrow as pa  # type: ignore[import-untyped]

    with connected_within("The table") as (connection, folder):
        connection.register("frame", pa.Table.from_pandas(source.frame, preserve_index=False))
        columns = columns_of(connection, "frame")
        relation = Relation(
            dialect=DUCKDB,
            columns=columns,
            id=columns.get(schema.id or ""),
            time=columns.get(schema.time or ""),
            table="frame",
            run=run_in(connection),
        )
        yield dated(relation, connection, folder, "The table")
