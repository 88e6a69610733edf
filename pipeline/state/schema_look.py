"""Which schema a state database has, for whoever only looks: nothing is made, and nothing brought up to date."""

from pathlib import Path

from sqlalchemy import inspect, select
from sqlalchemy.exc import DatabaseError

from pipeline.errors import WorkspaceError
from pipeline.state.database import SCHEMA_VERSION, State, schema_version
from pipeline.state.engine import StatePlace, named


def require_this_schema(place: StatePlace) -> None:
    """
    Raises:
        WorkspaceError: the database is absent, is none of churnops, is not reached, or has another schema version than this churnops makes.
    """
    if isinstance(place, Path) and not place.is_file():
        raise WorkspaceError(f"The workspace has no state database ({place}).", "Any command of its own makes one.")
    state = State(place)
    try:
        with state.read() as connection:
            there = inspect(connection).has_table(schema_version.name)
            found = connection.execute(select(schema_version.c.version)).scalar() if there else None
    except DatabaseError as error:
        raise WorkspaceError(f"{named(place)} is not a churnops state database ({error.orig}).", "Restore it from a backup.") from error
    finally:
        state.close()
    if found != SCHEMA_VERSION:
        raise WorkspaceError(
            f"{named(place)} has schema version {found}, this churnops makes version {SCHEMA_VERSION}, and looking changes nothing.",
            "Any command of its own brings an older one up to date; for a newer one, upgrade churnops.",
        )
