"""A connection to DuckDB, which reads the files of every table and counts their rows."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from pipeline.errors import DataError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


_looking: ContextVar["Callable[[], DuckDBPyConnection] | None"] = ContextVar("_looking", default=None)


@contextmanager
def one_engine() -> Iterator[None]:
    """While one look at rows lasts, all that is `connected` shares one engine: to start one takes 20 ms of a processor, and a look at a small
    file asked for a dozen. It ends with the look, so that no later one meets what it remembers of a file."""
    with ExitStack() as ending:

        @cache
        def engine() -> "DuckDBPyConnection":
            return ending.enter_context(_engine_of_its_own(ending.enter_context(TemporaryDirectory(prefix="churnops-"))))

        before = _looking.set(engine)
        try:
            yield
        finally:
            _looking.reset(before)


@contextmanager
def connected(name: str, timezone: str) -> "Iterator[tuple[DuckDBPyConnection, Path]]":
    """A connection that never reaches for the network, to an engine of its own unless there is `one_engine`, and a temporary folder.

    Raises:
        DataError: what is called `name` turned out to be unreadable.
    """
    with _read(name), TemporaryDirectory(prefix="churnops-") as folder:
        engine = _looking.get()
        with _engine_of_its_own(folder) if engine is None else engine().cursor() as connection:
            _set(connection, timezone)
            yield connection, Path(folder)


@contextmanager
def connected_within(name: str) -> "Iterator[tuple[DuckDBPyConnection, Path]]":
    """As `connected`, in UTC, to the one engine of this process, which takes a hundredth of the time. Only for tables in memory and files in
    that folder: an engine that stays may remember a file that others have changed since.

    Raises:
        DataError: as `connected`.
    """
    import duckdb

    with _read(name), TemporaryDirectory(prefix="churnops-") as folder:
        try:
            with _engine(os.getpid()).cursor() as connection:
                _set(connection, "UTC")
                yield connection, Path(folder)
        except (duckdb.FatalException, duckdb.InternalException):
            _engine.cache_clear()  # it answers nothing any more
            raise


@cache
def _engine(process: int) -> "DuckDBPyConnection":
    """By `process`, because a forked one has none of the engine's threads. It writes nothing to disk: what it counts is in memory already, and
    a process that is killed would leave its folder behind."""
    return _engine_of_its_own("")


def _engine_of_its_own(folder: str) -> "DuckDBPyConnection":
    """`folder` is for what does not fit into memory."""
    import duckdb

    return duckdb.connect(
        config={
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "preserve_insertion_order": False,
            "temp_directory": folder,
        }
    )


def _set(connection: "DuckDBPyConnection", timezone: str) -> None:
    connection.execute(f"set TimeZone = {quoted(timezone)}")
    # Each column is a query of its own: a file's footer is read for the first alone, and its pages when they are due.
    connection.execute("set parquet_metadata_cache = true; set disable_parquet_prefetching = true")


@contextmanager
def _read(name: str) -> Iterator[None]:
    import duckdb

    try:
        yield
    except duckdb.Error as error:
        # What DuckDB says may quote a cell.
        raise DataError(f"{name} cannot be read.", "Look for a torn file, and export it again.") from error


def listed(paths: Sequence[Path]) -> str:
    """These files as SQL has them; names that look like patterns stand for themselves."""
    return ", ".join(quoted(str(path).replace("[", "[[]").replace("*", "[*]").replace("?", "[?]")) for path in paths)


def quoted(text: str) -> str:
    """A text as SQL has it."""
    return "'" + text.replace("'", "''") + "'"
