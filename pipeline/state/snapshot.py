"""The state at one moment, as a file of SQLite, whatever engine holds it; and such a file brought into an empty database."""

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import JSON, Column, Connection, Integer, Table, func, select, text
from sqlalchemy import MetaData as CopiedTables

from pipeline.errors import WorkspaceError
from pipeline.state.database import State, open_state, schema_version
from pipeline.state.engine import StatePlace, named
from pipeline.state.metadata import metadata

_ROWS = 5_000  # held in memory at once


def take_snapshot(state: State, file: Path) -> None:
    """Write the state as it is at this moment to `file`, which is made; nobody who writes meanwhile waits for it.

    Raises:
        WorkspaceError: see `State.read`.
    """
    if isinstance(state.place, Path):
        copy_sqlite(state.place, file)
        return
    copy = open_state(file, create=True)
    try:
        _copy(state, copy)
    finally:
        copy.close()


def copy_sqlite(source: Path, file: Path) -> None:
    """A database of SQLite as it is at this moment, without what was deleted from it, in the new file `file`."""
    with closing(sqlite3.connect(source)) as connection:
        connection.execute("VACUUM INTO ?", (str(file),))


def load_snapshot(file: Path, place: StatePlace) -> None:
    """Bring the state in `file` into the empty database at `place`, in one transaction.

    Raises:
        WorkspaceError: there is state already, or the database does not answer.
    """
    source, target = open_state(file), open_state(place, create=True)
    try:
        _copy(source, target)
    finally:
        source.close()
        target.close()


def _copy(source: State, target: State) -> None:
    with source.read() as reading, target.write() as writing:
        for table in metadata.sorted_tables:
            if table is schema_version:
                continue
            if writing.execute(select(func.count()).select_from(table)).scalar():
                raise WorkspaceError(f"{named(target.place)} holds the state of a workspace.", "Name an empty database or schema.")
            copied = _with_nulls(table)
            rows = reading.execution_options(yield_per=_ROWS).execute(select(table).order_by(*table.primary_key))
            for part in rows.mappings().partitions():
                writing.execute(copied.insert(), [dict(row) for row in part])
            _number_on(writing, table)


def _with_nulls(table: Table) -> Table:
    """The table, but an absent JSON value stays absent instead of becoming JSON's `null`."""
    kinds = [(column, JSON(none_as_null=True) if isinstance(column.type, JSON) else column.type) for column in table.columns]
    return Table(table.name, CopiedTables(), *(Column(column.name, kind, primary_key=column.primary_key) for column, kind in kinds))


def _number_on(connection: Connection, table: Table) -> None:
    """PostgreSQL counts keys by itself and has not seen those that were copied; SQLite looks at its rows."""
    key = next(iter(table.primary_key))
    if connection.dialect.name == "postgresql" and isinstance(key.type, Integer) and key.autoincrement is True:
        last = select(func.max(key)).scalar_subquery()
        sequence = func.pg_get_serial_sequence(table.name, key.name)
        connection.execute(select(func.setval(sequence, last)).where(select(text("1")).select_from(table).exists()))
