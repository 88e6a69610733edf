"""DuckDB, the engine inside: counts Parquet files where they lie, and other sources after a turn through temporary Parquet."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.sources.relation import Column, ColumnType, Dialect, Run, identifier
from pipeline.tables.connection import listed

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

DUCKDB = Dialect(
    double="double",
    text="varchar",
    marker="$",
    number="try_cast(cast({0} as varchar) as double)",
    epoch="epoch(try_cast({0} as timestamptz))",
    listed="select unnest(from_json({0}, '[\"VARCHAR\"]'))",
)
_BATCH = 10_000
_NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT")
_TYPES: Mapping[str, ColumnType] = {
    **dict.fromkeys((*_NUMBERS, "FLOAT", "DOUBLE"), "number"),
    "BOOLEAN": "boolean",
    "TIMESTAMP WITH TIME ZONE": "instant",
    **dict.fromkeys(("DATE", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"), "local time"),
}


def run_in(connection: "DuckDBPyConnection") -> Run:
    """How a relation's queries run on this connection."""

    def run(query: str, parameters: Mapping[str, object]) -> Iterator[Sequence[Any]]:
        result = connection.execute(query, dict(parameters) or None)
        while rows := result.fetchmany(_BATCH):
            yield from rows

    return run


def columns_of(connection: "DuckDBPyConnection", table: str) -> dict[str, Column]:
    """Columns of what stands after FROM, by stripped name."""
    described = connection.execute(f"describe select * from {table}").fetchall()
    return {name.strip(): Column(identifier(name), _type(str(kind))) for name, kind, *_ in described}


def parquet(paths: Sequence[Path], partitioned: bool = False) -> str:
    """These Parquet files as something to select from; where they are `partitioned`, with the columns that their folders name, as text: of
    the files that a condition on these leaves out, the engine reads no rows."""
    together = ", union_by_name = true" if len(paths) > 1 else ""
    folders = f"hive_partitioning = {str(partitioned).lower()}, hive_types_autocast = false"
    return f"read_parquet([{listed(paths)}], binary_as_string = true, {folders}{together})"


def _type(kind: str) -> ColumnType:
    return "number" if kind.startswith("DECIMAL") else _TYPES.get(kind, "text")
