"""Holds: a person's word that no list is sent while a case is open."""

from datetime import datetime

from pydantic import BaseModel
from sqlalchemy import select

from pipeline.state.database import State
from pipeline.state.holds_table import holds


class Hold(BaseModel, frozen=True, extra="forbid"):
    """One hold on record, for a case, from `at` until it was `ended_at`. `by`: who."""

    number: int
    case_id: str
    at: datetime
    by: str
    ended_at: datetime | None = None
    ended_by: str | None = None


def recorded_holds(state: State) -> tuple[Hold, ...]:
    """All of them, also those that ended, in the order they were made."""
    with state.read() as connection:
        rows = connection.execute(select(holds).order_by(holds.c.number)).all()
    return tuple(Hold.model_validate(dict(row._mapping)) for row in rows)


def standing_holds(state: State) -> tuple[Hold, ...]:
    """Those that hold now."""
    return tuple(hold for hold in recorded_holds(state) if hold.ended_at is None)
