"""The state database: predictions, outcomes, cases, what people ruled, and the ledger, in one SQLite file with a schema version.

Version 2 added `events`, `exclusions` and `acknowledgements`. A database of an older version is brought up to date when it is opened.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

from sqlalchemy import JSON, Column, Connection, Float, Index, Integer, MetaData, String, Table, Text, create_engine, event, select
from sqlalchemy.exc import DatabaseError

from pipeline.errors import WorkspaceError

SCHEMA_VERSION = 2

metadata = MetaData()

schema_version = Table("schema_version", metadata, Column("version", Integer, primary_key=True))

predictions = Table(
    "predictions",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("id", String(200), nullable=False),
    Column("predicted_at", String(32), nullable=False),
    Column("model_version", String(64), nullable=False),
    Column("score", Float, nullable=False),
    Column("features", JSON, nullable=False),
    Index("predictions_by_time", "predicted_at"),
    Index("predictions_by_id", "id", "predicted_at"),
)

outcomes = Table(
    "outcomes",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("id", String(200), nullable=False),
    Column("predicted_at", String(32)),
    Column("observed_at", String(32), nullable=False),
    Column("churned", Integer, nullable=False),
    Index("outcomes_by_id", "id", "predicted_at"),
)

cases = Table(
    "cases",
    metadata,
    Column("case_id", String(64), primary_key=True),
    Column("key", String(64), nullable=False),
    Column("status", String(32), nullable=False),
    Column("opened_at", String(32), nullable=False),
    Column("body", JSON, nullable=False),
    Index("cases_by_key", "key", "status"),
)

calls = Table(
    "calls",
    metadata,
    Column("case_id", String(64), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("at", String(32), nullable=False),
    Column("tool", String(64), nullable=False),
    Column("arguments", JSON, nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("seconds", Float, nullable=False),
    Column("result", JSON, nullable=False),
)

trainings = Table(
    "trainings",
    metadata,
    Column("case_id", String(64), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("started_at", String(32), nullable=False),
    Column("arguments", JSON, nullable=False),
    Column("result", JSON),
)

events = Table(
    "events",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("name", Text, nullable=False),
    Column("since", String(32), nullable=False),
    Column("until", String(32), nullable=False),
    Column("at", String(32), nullable=False),
    Column("by", Text, nullable=False),
)

exclusions = Table(
    "exclusions",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("since", String(32), nullable=False),
    Column("until", String(32), nullable=False),
    Column("column", Text),
    Column("value", Text),
    Column("reason", Text, nullable=False),
    Column("at", String(32), nullable=False),
    Column("by", Text, nullable=False),
    Column("ended_at", String(32)),
    Column("ended_by", Text),
)

acknowledgements = Table(
    "acknowledgements",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("case_id", String(64), nullable=False),
    Column("champion", String(64), nullable=False),
    Column("until", String(32)),
    Column("reason", Text, nullable=False),
    Column("shift", JSON, nullable=False),
    Column("at", String(32), nullable=False),
    Column("by", Text, nullable=False),
    Index("acknowledgements_by_champion", "champion"),
)

ledger = Table(
    "ledger",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", String(32), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("case_id", String(64)),
    Column("body", Text, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
)


class State:
    """An open state database. Every write is one transaction; writers wait for each other up to ten seconds."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._engine = create_engine(f"sqlite:///{file}")
        event.listen(self._engine, "connect", _configure)
        event.listen(self._engine, "begin", _begin)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A consistent view of the database."""
        with self._engine.begin() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction that holds the write lock from its start, so that what it reads cannot change under it."""
        with self._engine.execution_options(writes=True).begin() as connection:
            yield connection

    def close(self) -> None:
        """Release the file."""
        self._engine.dispose()


def open_state(file: Path, *, create: bool = False) -> State:
    """The state database at `file`, brought up to this schema version; with `create` made when absent.

    Raises:
        WorkspaceError: absent (without `create`), not a database, or written by a newer churnops.
    """
    if not file.exists() and not create:
        raise WorkspaceError(f"The workspace has no state database ({file}).", "Restore it from a backup.")
    if create:
        file.parent.mkdir(parents=True, exist_ok=True)
    state = State(file)
    try:
        if create:
            with state.write() as connection:
                metadata.create_all(connection)
                if connection.execute(select(schema_version.c.version)).first() is None:
                    connection.execute(schema_version.insert().values(version=SCHEMA_VERSION))
        found = _version(state)
        if found is not None and found < SCHEMA_VERSION:
            found = _bring_up_to_date(state)
    except DatabaseError as error:
        raise WorkspaceError(f"{file} is not a churnops state database ({error.orig}).", "Restore it from a backup.") from error
    if found is None or found > SCHEMA_VERSION:
        raise WorkspaceError(
            f"{file} has schema version {found}; this churnops knows versions up to {SCHEMA_VERSION}.",
            "Upgrade churnops; nothing was changed.",
        )
    return state


def _version(state: State) -> int | None:
    with state.read() as connection:
        return connection.execute(select(schema_version.c.version)).scalar_one_or_none()


def _bring_up_to_date(state: State) -> int:
    """All steps in one transaction: another process finds the old schema or the new one."""
    with state.write() as connection:
        found: int = connection.execute(select(schema_version.c.version)).scalar_one()
        while found < SCHEMA_VERSION:
            _STEPS[found](connection)
            found += 1
        connection.execute(schema_version.update().values(version=found))
        return found


def _from_1_to_2(connection: Connection) -> None:
    metadata.create_all(connection, tables=[events, exclusions, acknowledgements])


_STEPS: Mapping[int, Callable[[Connection], None]] = MappingProxyType({1: _from_1_to_2})


def _configure(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # `_begin` opens each transaction, not the driver
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=10000", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("writes") else "BEGIN")
