"""What holds the state: a file of SQLite, or a database in PostgreSQL. In both, writers come one after another and readers see one moment."""

import json
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from pipeline.errors import IntegrityError, SettingsError

StatePlace = Path | str  # a file, or the URL of a database in PostgreSQL
UNWRITTEN = "Nothing was written; look after it, then try again."
_PERHAPS_WRITTEN = "Whether this was written is not known; look after it, and at what is there, then try again."
_PATIENCE_SECONDS = 10  # of a writer for the writers before it: longer than any transaction here takes


def engine_for(place: StatePlace) -> Engine:
    """An engine whose transactions begin as `State` promises: with the execution option `writes`, alone among writers.

    Raises:
        SettingsError: the URL cannot be read, or PostgreSQL's driver is not installed.
    """
    return _sqlite(place) if isinstance(place, Path) else _postgresql(place)


def after_lost_commit(place: StatePlace) -> str:
    """What a person can do where the answer to a commit was lost. A server may have committed all the same; a file of SQLite is in this process."""
    return UNWRITTEN if isinstance(place, Path) else _PERHAPS_WRITTEN


def named(place: StatePlace) -> str:
    """The place for people: a URL without what it says of passwords."""
    if isinstance(place, Path):
        return str(place)
    url = make_url(place)
    return f"{url.host or url.query.get('host', 'localhost')}/{url.database or ''}"


def _sqlite(file: Path) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=str(file)), json_deserializer=_json
    )  # in one written by hand `?` and `%20` would not be the folder's
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _configure_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # `_begin_sqlite` opens each transaction, not the driver
    for pragma in ("journal_mode=WAL", "synchronous=FULL", f"busy_timeout={_PATIENCE_SECONDS * 1000}", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE" if _writes(connection) else "BEGIN")


def _postgresql(url: str) -> Engine:
    try:
        # A server that restarted is found again: connections are tried before they are used.
        engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"), pool_pre_ping=True, json_deserializer=_json)
    except (ArgumentError, ValueError) as error:  # ValueError: its port is no number
        raise SettingsError("`database_url` is not a database URL.", "Write it like postgresql://user@host/database.") from error
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"State in PostgreSQL needs the package `{error.name}`.", "Install churnops with the extra `postgresql`."
        ) from error
    event.listen(engine, "begin", _begin_postgresql)
    return engine


def _begin_postgresql(connection: Connection) -> None:
    if _writes(connection):
        # Its own statement: what is read after it sees what the writer before has committed. One lock per schema, so per workspace.
        connection.exec_driver_sql(
            f"select set_config('lock_timeout', '{_PATIENCE_SECONDS}s', true),"
            " pg_advisory_xact_lock(hashtextextended('churnops state ' || coalesce(current_schema(), ''), 0))"
        )


def _json(text: str) -> Any:
    """What a column of JSON says; only churnops writes there."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise IntegrityError("The state database holds what churnops never wrote.", "Restore it from a backup.") from error


def _writes(connection: Connection) -> bool:
    return bool(connection.get_execution_options().get("writes"))
