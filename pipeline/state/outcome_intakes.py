"""Intakes of outcomes: what came at once, by whom and from where, so that it can be taken back at once. Nothing is deleted: an intake taken
back stays on record, and so does the word that took it back."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, or_, select

from pipeline.clock import moment, stamp
from pipeline.state.database import outcome_intakes, outcomes


@dataclass(frozen=True)
class IntakeOrigin:
    """Where outcomes come from, in words (the name of a file or a table), when, and by whom."""

    source: str
    at: datetime
    by: str


@dataclass(frozen=True)
class RecordedIntake:
    """One intake on record: `rows` outcomes that were new in it."""

    number: int
    source: str
    rows: int
    at: datetime
    by: str


def record_intake_in(connection: Connection, origin: IntakeOrigin, rows: int, undoes: int | None = None) -> int:
    """Write an intake down, or with `undoes` that the intake of that number was taken back; returns its number."""
    values = {"source": origin.source, "rows": rows, "at": stamp(origin.at), "by": origin.by, "undoes": undoes}
    inserted = connection.execute(outcome_intakes.insert().values(values)).inserted_primary_key
    assert inserted is not None  # one row was inserted
    return int(inserted[0])


def intake_times(connection: Connection) -> tuple[datetime, ...]:
    """When the intakes came that were not taken back, oldest first."""
    undone = select(outcome_intakes.c.undoes).where(outcome_intakes.c.undoes.is_not(None))
    query = select(outcome_intakes.c.at).where(outcome_intakes.c.undoes.is_(None), outcome_intakes.c.number.not_in(undone))
    return tuple(sorted(map(moment, connection.execute(query).scalars())))


def newest_intake_in(connection: Connection) -> RecordedIntake | None:
    """The newest intake that was not taken back; None where there is none."""
    undone = select(outcome_intakes.c.undoes).where(outcome_intakes.c.undoes.is_not(None))
    query = (
        select(outcome_intakes)
        .where(outcome_intakes.c.undoes.is_(None), outcome_intakes.c.number.not_in(undone))
        .order_by(outcome_intakes.c.number.desc())
        .limit(1)
    )
    row = connection.execute(query).first()
    return None if row is None else RecordedIntake(row.number, row.source, row.rows, moment(row.at), row.by)


def not_taken_back() -> ColumnElement[bool]:
    """SQL that holds for the outcomes that count: of no intake, or of one that was not taken back."""
    undone = select(outcome_intakes.c.undoes).where(outcome_intakes.c.undoes.is_not(None))
    return or_(outcomes.c.intake.is_(None), outcomes.c.intake.not_in(undone))
