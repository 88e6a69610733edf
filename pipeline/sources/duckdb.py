"""DuckDB, the engine inside: counts Parquet files where they lie, and other sources after a turn through temporary Parquet."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from pipeline.errors import DataError
from pipeline.sources.relation import Column, ColumnType, Dialect, Run, identifier

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


@contextmanager
def connected(name: str, timezone: str) -> "Iterator[tuple[DuckDBPyConnection, Path]]":
    """A connection that never reaches for the network, and a temporary folder of its own for what does not fit into memory.

    Raises:
        DataError: what is called `name` turned out to be unreadable.
    """
    import duckdb

    with TemporaryDirectory(prefix="churnops-") as folder:
        settings: dict[str, str | bool | int | float | list[str]] = {
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "preserve_insertion_order": False,
            "temp_directory": folder,
        }
        try:
            with duckdb.connect(config=settings) as connection:
                connection.execute(f"set TimeZone = {quoted(timezone)}")
                # Each column is a query of its own: a file's footer is read for the first alone, and its pages when they are due.
                connection.execute("set parquet_metadata_cache = true; set disable_parquet_prefetching = true")
                yield connection, Path(folder)
        except duckdb.Error as error:
            # What DuckDB says may quote a cell.
            line = re.search(r"Line: (\d+)", str(error))
            raise DataError(
                f"{name} cannot be read{f' at line {line[1]}' if line else ''}.",
                "Look for too many or too few fields, an unpaired quote, or a torn file.",
            ) from error


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


def parquet(paths: Sequence[Path]) -> str:
    """These Parquet files as something to select from."""
    # Names that look like patterns stand for themselves.
    listed = ", ".join(quoted(str(path).replace("[", "[[]").replace("*", "[*]").replace("?", "[?]")) for path in paths)
    together = ", union_by_name = true" if len(paths) > 1 else ""
    return f"read_parquet([{listed}], binary_as_string = true{together})"


def quoted(text: str) -> str:
    """A text as SQL has it."""
    return "'" + text.replace("'", "''") + "'"


def _type(kind: str) -> ColumnType:
    return "number" if kind.startswith("DECIMAL") else _TYPES.get(kind, "text")
