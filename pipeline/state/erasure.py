"""Every row of one customer erased from the state, and from the pages of its file."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection, Table, delete, func, select

from pipeline.state.asked_tables import asked_outcomes
from pipeline.state.database import State, offers, outcomes, predictions
from pipeline.state.watch_tables import shadow_scores

_HELD: Mapping[str, Table] = {
    "predictions": predictions,
    "outcomes": outcomes,
    "offers": offers,
    "shadow_scores": shadow_scores,
    "asked_outcomes": asked_outcomes,
}


def rows_of(connection: Connection, customer: str) -> dict[str, int]:
    """How many rows each table has of the customer with this id."""
    return {
        name: int(connection.execute(select(func.count()).select_from(table).where(table.c.id == customer)).scalar_one())
        for name, table in _HELD.items()
    }


def erase_in(connection: Connection, customer: str) -> dict[str, int]:
    """Delete them, within the caller's transaction; returns how many there were. Call `overwrite_deleted` after its commit."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA secure_delete = ON")  # zeroes over what is deleted, in the file's own pages
    found = rows_of(connection, customer)
    for table in _HELD.values():
        connection.execute(delete(table).where(table.c.id == customer))
    return found


def overwrite_deleted(state: State) -> bool:
    """Whether nothing of deleted rows is left in SQLite's log of writes either; somebody who reads at this moment keeps it there until later.
    PostgreSQL frees deleted rows by itself, in its own time."""
    if not isinstance(state.place, Path):
        return True
    with closing(sqlite3.connect(state.place, timeout=10)) as connection:
        busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy
