"""Shifts that people know of: the same one opens no new case until it grows, harms, or the acknowledgement expires."""

from datetime import datetime

from sqlalchemy import select

from pipeline.drift.summary import Direction, DriftSummary, What
from pipeline.state.database import State
from pipeline.state.ruling_tables import acknowledgements
from pipeline.stored_record import StoredRecord


class Moved(StoredRecord):
    """A drifted column: where to, and the least share of rows (0-1) that moved."""

    column: str
    direction: Direction | None
    share: float


class Shift(StoredRecord):
    """What is recognised again: drifted columns by either verdict, what is wrong with the data (what, column), and whether the champion
    did worse than chance allows."""

    moved: tuple[Moved, ...]
    wrong: tuple[tuple[What, str | None], ...]
    harmed: bool

    def within(self, known: "Shift", growth: float) -> bool:
        """Whether there is nothing here beyond what was known: no other column, direction or fault, no harm that was not there, and no
        column moved by more than `growth` times as many rows. What went back is no news."""
        before = {moved.column: moved for moved in known.moved}
        return (
            set(self.wrong) <= set(known.wrong)
            and (known.harmed or not self.harmed)
            and all(
                (then := before.get(now.column)) is not None and now.direction == then.direction and now.share <= growth * then.share
                for now in self.moved
            )
        )


class Acknowledgement(StoredRecord):
    """A person (`by`) knows of the shift that `case_id` was about, under this champion; it holds until then, or without an end."""

    number: int
    case_id: str
    champion: str
    until: datetime | None
    reason: str
    shift: Shift
    at: datetime
    by: str


def shift_of(drift: DriftSummary, *, harmed: bool) -> Shift:
    """What of a window's drift is recognised again."""
    return Shift(
        moved=tuple(
            Moved(column=feature.name, direction=feature.direction, share=feature.moved_share)
            for feature in drift.features
            if feature.drifted or feature.calibrated
        ),
        wrong=tuple(dict.fromkeys((spot.what, spot.column) for spot in drift.findings)),
        harmed=harmed,
    )


def recorded_acknowledgements(state: State) -> tuple[Acknowledgement, ...]:
    """All of them, newest first."""
    with state.read() as connection:
        rows = connection.execute(select(acknowledgements).order_by(acknowledgements.c.number.desc())).all()
    return tuple(Acknowledgement.model_validate(dict(row._mapping)) for row in rows)


def covering(state: State, champion: str, shift: Shift, now: datetime, growth: float) -> Acknowledgement | None:
    """The newest acknowledgement that this shift, seen `now` under the champion with this digest, rests on."""
    for known in recorded_acknowledgements(state):
        if known.champion == champion and (known.until is None or now < known.until) and shift.within(known.shift, growth):
            return known
    return None
