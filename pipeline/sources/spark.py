"""A table of a Spark session as a source."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from pipeline.errors import DataError
from pipeline.sources.relation import Column, ColumnType, Dialect, Relation
from pipeline.sources.source import SparkTable
from pipeline.sources.written_times import require_readable
from pipeline.tables.schema import Schema

SPARK = Dialect(
    double="double",
    text="string",
    marker=":",
    number="try_cast(cast({0} as string) as double)",
    epoch="unix_micros(try_cast({0} as timestamp)) / 1e6",
    listed="select explode(from_json({0}, 'array<string>'))",
    numbering="monotonically_increasing_id()",
)
_TYPES: Mapping[str, ColumnType] = {
    **dict.fromkeys(("tinyint", "smallint", "int", "bigint", "float", "double"), "number"),
    "boolean": "boolean",
    "timestamp": "instant",
    **dict.fromkeys(("date", "timestamp_ntz"), "local time"),
}


@contextmanager
def open_spark(source: SparkTable, schema: Schema) -> Iterator[Relation]:
    """A Spark table as a relation; see `open_source`. The session stays open: it may be the caller's."""
    try:
        from pyspark.errors import PySparkException
        from pyspark.sql import SparkSession
    except ModuleNotFoundError as error:
        raise DataError("Spark tables need PySpark.", "Install churnops with its extra `spark`.") from error

    session = SparkSession.builder.getOrCreate()

    def run(query: str, parameters: Mapping[str, object]) -> Iterator[Sequence[Any]]:
        yield from session.sql(query, args=dict(parameters)).collect()

    try:
        described = session.sql(f"select * from {source.table} limit 0").dtypes
        columns = {name.strip(): Column("`" + name.replace("`", "``") + "`", _type(kind)) for name, kind in described}
        relation = Relation(
            dialect=SPARK,
            columns=columns,
            id=columns.get(schema.id or ""),
            time=columns.get(schema.time or ""),
            table=source.table,
            run=run,
            timezone=str(session.conf.get("spark.sql.session.timeZone")),
        )
        yield require_readable(relation)
    except PySparkException as error:
        raise DataError(
            f"The Spark table {source.table} cannot be read ({type(error).__name__}).", "Check its name and your rights."
        ) from error


def _type(kind: str) -> ColumnType:
    return "number" if kind.startswith("decimal") else _TYPES.get(kind, "text")
