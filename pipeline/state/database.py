"""The state database: predictions, outcomes, offers, cases, what people ruled, and the ledger, under one schema version; an SQLite file, or
a database in PostgreSQL.

Version 2 added `events`, `exclusions` and `acknowledgements`, version 3 `outcome_intakes` and `outcomes.intake`, version 4 `offers`, `holds`,
`outcomes.recorded_at`, `events.kind` and `events.origin`, version 5 the tables of `watch_tables`, version 6 `shadow_scores` and `checks.figures`,
version 7 `serving_hours`, version 8 the tables of `asked_tables`. A database of an older version is brought up to date when it is opened.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

from sqlalchemy import JSON, Column, Connection, Float, Index, Integer, String, Table, Text, inspect, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DatabaseError, OperationalError, ProgrammingError

from pipeline.atomic_files import make_file
from pipeline.errors import WorkspaceError
from pipeline.state.asked_tables import asked_tables
from pipeline.state.engine import UNWRITTEN, StatePlace, after_lost_commit, engine_for, named
from pipeline.state.holds_table import holds
from pipeline.state.metadata import metadata
from pipeline.state.ruling_tables import acknowledgements, events, exclusions
from pipeline.state.watch_tables import checks, serving_hours, shadow_scores, watch_tables

SCHEMA_VERSION = 8

_RESTORE = "Restore it from a backup."

_CustomerId = String(200).with_variant(Text, "postgresql")  # SQLite takes longer ones, too
_Features = JSON().with_variant(JSONB, "postgresql")  # people query them there

schema_version = Table("schema_version", metadata, Column("version", Integer, primary_key=True))

predictions = Table(
    "predictions",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("id", _CustomerId, nullable=False),
    Column("predicted_at", String(32), nullable=False),
    Column("model_version", String(64), nullable=False),
    Column("score", Float, nullable=False),
    Column("features", _Features, nullable=False),
    Index("predictions_by_time", "predicted_at"),
    Index("predictions_by_id", "id", "predicted_at"),
)

outcomes = Table(
    "outcomes",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("id", _CustomerId, nullable=False),
    Column("predicted_at", String(32)),
    Column("observed_at", String(32), nullable=False),
    Column("churned", Integer, nullable=False),
    Column("intake", Integer),
    Column("recorded_at", String(32)),
    Index("outcomes_by_id", "id", "predicted_at"),
)

outcome_intakes = Table(
    "outcome_intakes",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("source", Text, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("at", String(32), nullable=False),
    Column("by", Text, nullable=False),
    Column("undoes", Integer),
)

offers = Table(
    "offers",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("id", _CustomerId, nullable=False),
    Column("offered_at", String(32), nullable=False),
    Column("kind", Text, nullable=False),
    Column("accepted", Integer),
    Column("held_out", Integer, nullable=False),
    Index("offers_by_time", "offered_at"),
    Index("offers_by_id", "id", "offered_at"),
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

    def __init__(self, place: StatePlace) -> None:
        self.place = place
        self._engine = engine_for(place)
        # On SQLite every transaction sees one moment; PostgreSQL is told to.
        one_moment = {} if isinstance(place, Path) else {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        self._reading = self._engine.execution_options(**one_moment)
        self._writing = self._engine.execution_options(writes=True)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A consistent view of the database.

        Raises:
            WorkspaceError: the database cannot be reached, or another writer does not end.
        """
        with self._reached(), self._reading.begin() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction that holds the write lock from its start, so that what it reads cannot change under it. Errors as `read`."""
        with self._reached(), self._writing.connect() as connection, connection.begin() as transaction:
            yield connection
            with self._reached(after_lost_commit(self.place)):
                transaction.commit()

    def close(self) -> None:
        """Release the file, or the connections."""
        self._engine.dispose()

    @contextmanager
    def _reached(self, then: str = UNWRITTEN) -> Iterator[None]:
        try:
            yield
        except OperationalError as error:
            said = str(error.orig).partition("\n")[0]
            raise WorkspaceError(f"The state database {named(self.place)} does not answer ({said}).", then) from error


def open_state(place: StatePlace, *, create: bool = False) -> State:
    """The state database at `place`, brought up to this schema version; with `create` made when absent.

    Raises:
        WorkspaceError: absent (without `create`), not a database, not reached, or written by a newer churnops.
        SettingsError: see `engine_for`.
    """
    if isinstance(place, Path):
        if not place.exists() and not create:
            raise WorkspaceError(f"The workspace has no state database ({place}).", _RESTORE)
        if create:
            make_file(place)
    state = State(place)
    try:
        if create:
            with state.write() as connection:
                make_tables(connection, place)
                if connection.execute(select(schema_version.c.version)).first() is None:
                    connection.execute(schema_version.insert().values(version=SCHEMA_VERSION))
        found = _version(state)
        if found is not None and found < SCHEMA_VERSION:
            found = _bring_up_to_date(state, found)
    except DatabaseError as error:
        said = str(error.orig).partition("\n")[0]
        raise WorkspaceError(f"{named(place)} is not a churnops state database ({said}).", _RESTORE) from error
    if found is None or found > SCHEMA_VERSION:
        raise WorkspaceError(
            f"{named(place)} has schema version {found}; this churnops knows versions up to {SCHEMA_VERSION}.",
            "Upgrade churnops; nothing was changed.",
        )
    return state


def make_tables(connection: Connection, place: StatePlace) -> None:
    """Those that are not there.

    Raises:
        WorkspaceError: PostgreSQL lets this user make none, or has no such schema.
    """
    try:
        metadata.create_all(connection)
    except ProgrammingError as error:
        said = str(error.orig).partition("\n")[0]
        raise WorkspaceError(
            f"{named(place)} does not take the tables of a workspace ({said}).",
            "Nothing was written. Name a schema that is there, as docs/state-in-postgresql.md says, and in which the user may create tables.",
        ) from error


def _version(state: State) -> int | None:
    with state.read() as connection:
        if not inspect(connection).has_table(schema_version.name):
            raise WorkspaceError(f"{named(state.place)} is not a churnops state database (it has no schema version).", _RESTORE)
        return connection.execute(select(schema_version.c.version)).scalar_one_or_none()


def _bring_up_to_date(state: State, before: int) -> int:
    """All steps in one transaction: another process finds the old schema or the new one.

    Raises:
        WorkspaceError: a step cannot be taken; the database is as it was.
    """
    try:
        with state.write() as connection:
            found: int = connection.execute(select(schema_version.c.version)).scalar_one()
            while found < SCHEMA_VERSION:
                _STEPS[found](connection)
                found += 1
            connection.execute(schema_version.update().values(version=found))
            return found
    except (DatabaseError, WorkspaceError) as error:
        said = str(error.orig).partition("\n")[0] if isinstance(error, DatabaseError) else error.problem
        raise WorkspaceError(
            f"{named(state.place)} stays at schema version {before}; version {SCHEMA_VERSION} cannot be made of it ({said}).",
            "Nothing was changed. See to the rights in it and the room for it, then try again.",
        ) from error


def _from_2_to_3(connection: Connection) -> None:
    metadata.create_all(connection, tables=[outcome_intakes])
    connection.execute(text("ALTER TABLE outcomes ADD COLUMN intake INTEGER"))


def _from_3_to_4(connection: Connection) -> None:
    metadata.create_all(connection, tables=[holds, offers])
    _add_column(connection, outcomes, "recorded_at", "VARCHAR(32)")
    _add_column(connection, events, "kind", "TEXT")
    _add_column(connection, events, "origin", "TEXT")


def _from_5_to_6(connection: Connection) -> None:
    metadata.create_all(connection, tables=[shadow_scores])
    _add_column(connection, checks, "figures", "JSON")


def _add_column(connection: Connection, table: Table, name: str, kind: str) -> None:
    """A table that an earlier step has just made has the column already."""
    if name not in {column["name"] for column in inspect(connection).get_columns(table.name)}:
        connection.execute(text(f"ALTER TABLE {table.name} ADD COLUMN {name} {kind}"))


_STEPS: Mapping[int, Callable[[Connection], None]] = MappingProxyType(
    {
        1: lambda connection: metadata.create_all(connection, tables=[events, exclusions, acknowledgements]),
        2: _from_2_to_3,
        3: _from_3_to_4,
        4: lambda connection: metadata.create_all(connection, tables=watch_tables),
        5: _from_5_to_6,
        6: lambda connection: metadata.create_all(connection, tables=[serving_hours]),
        7: lambda connection: metadata.create_all(connection, tables=asked_tables),
    }
)
