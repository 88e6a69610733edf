"""The state at one moment, as a file of SQLite, whatever engine holds it; and a state brought into an empty database, verified row by row."""

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from sqlalchemy import JSON, Column, Connection, Integer, RowMapping, Table, func, inspect, select, text
from sqlalchemy import MetaData as CopiedTables
from sqlalchemy.exc import DatabaseError, OperationalError

from pipeline.canonical_json import canonical
from pipeline.errors import IntegrityError, WorkspaceError
from pipeline.state.database import SCHEMA_VERSION, State, make_tables, open_state, schema_version
from pipeline.state.engine import UNWRITTEN, StatePlace, named
from pipeline.state.metadata import metadata

_ROWS = 5_000  # held in memory at once


class CopiedTable(BaseModel, frozen=True):
    """A table that both databases hold alike: its number of rows, and the sum of their sha256, in hex, which no order of rows changes."""

    name: str
    rows: int
    sha256: str


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
        with state.read() as reading, copy.write() as writing:
            for table in _kept():
                _copy(reading, writing, table)
    finally:
        copy.close()


def copy_sqlite(source: Path, file: Path) -> None:
    """A database of SQLite as it is at this moment, without what was deleted from it, in the new file `file`."""
    with closing(sqlite3.connect(source)) as connection:
        connection.execute("VACUUM INTO ?", (str(file),))


@contextmanager
def loaded(source: State, place: StatePlace) -> Iterator[tuple[CopiedTable, ...]]:
    """The state of `source` in the empty database at `place`, read back and compared; it is there for others when the block ends.

    One transaction makes the tables and fills them, so whatever fails, in the block too, leaves the database as empty as it was.

    Raises:
        WorkspaceError: there is something already, the database does not take a table or a row, or it does not answer.
        IntegrityError: what it took is not what was read.
    """
    target = State(place)
    try:
        with target.write() as writing:
            _require_empty(writing, place)
            make_tables(writing, place)
            writing.execute(schema_version.insert().values(version=SCHEMA_VERSION))
            with source.read() as reading:
                copied = tuple(_carried_over(reading, writing, table, place) for table in _kept())
            yield copied
    finally:
        target.close()


def _require_empty(connection: Connection, place: StatePlace) -> None:
    """A table of ours, even an empty one, is somebody's."""
    if {*inspect(connection).get_table_names()} & {*metadata.tables}:
        raise WorkspaceError(f"{named(place)} holds the state of a workspace.", "Name an empty database or schema.")


def _kept() -> list[Table]:
    return [table for table in metadata.sorted_tables if table is not schema_version]


def _carried_over(reading: Connection, writing: Connection, table: Table, place: StatePlace) -> CopiedTable:
    try:
        read = _copy(reading, writing, table)
        written = _Sum()
        for row in writing.execute(select(table).execution_options(yield_per=_ROWS)).mappings():
            written.add(row)
    except OperationalError:
        raise
    except DatabaseError as error:
        said = str(error.orig).partition("\n")[0]
        raise WorkspaceError(f"{named(place)} does not take a row of `{table.name}` ({said}).", UNWRITTEN) from error
    found = CopiedTable(name=table.name, rows=read.rows, sha256=read.digest)
    if (written.rows, written.digest) != (read.rows, read.digest):
        raise IntegrityError(f"{named(place)} does not hold `{table.name}` as it was read.", UNWRITTEN)
    return found


def _copy(reading: Connection, writing: Connection, table: Table) -> "_Sum":
    copied, read = _with_nulls(table), _Sum()
    rows = reading.execute(select(table).order_by(*table.primary_key).execution_options(yield_per=_ROWS))
    for part in rows.mappings().partitions():
        for row in part:
            read.add(row)
        writing.execute(copied.insert(), [dict(row) for row in part])
    _number_on(writing, table)
    return read


class _Sum:
    """How many rows, and the sum of their digests: the engines sort text each in its own way."""

    def __init__(self) -> None:
        self.rows = 0
        self._total = 0

    def add(self, row: RowMapping) -> None:
        self.rows += 1
        spelled = canonical({name: _comparable(value) for name, value in row.items()}).encode()
        self._total += int.from_bytes(hashlib.sha256(spelled).digest())

    @property
    def digest(self) -> str:
        return f"{self._total % (1 << 256):064x}"


def _comparable(value: Any) -> Any:
    """Numbers as floats: JSONB spells 1e22 as a whole number, and has no -0."""
    if isinstance(value, dict):
        return {key: _comparable(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_comparable(one) for one in value]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return float(value) + 0.0


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
