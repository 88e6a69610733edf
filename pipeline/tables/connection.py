"""A connection to DuckDB, which reads the files of every table and counts their rows."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from pipeline.errors import DataError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


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
            raise DataError(f"{name} cannot be read.", "Look for a torn file, and export it again.") from error


def listed(paths: Sequence[Path]) -> str:
    """These files as SQL has them; names that look like patterns stand for themselves."""
    return ", ".join(quoted(str(path).replace("[", "[[]").replace("*", "[*]").replace("?", "[?]")) for path in paths)


def quoted(text: str) -> str:
    """A text as SQL has it."""
    return "'" + text.replace("'", "''") + "'"
