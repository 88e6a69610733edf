"""Messages that wait to be sent, each with a key of its own: sent at least once, and known again by the key where it is sent twice."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, Row, func, select

from pipeline.clock import moment, stamp
from pipeline.state.database import State
from pipeline.state.watch_tables import alerts, outbox

Phase = Literal["first", "reminder", "over", "again"]

CLAIM = timedelta(minutes=5)  # longer than any destination is waited for: whoever claimed it was killed
_WAIT, _LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=6)
GIVE_UP = timedelta(days=7)  # after which a message is of no use


@dataclass(frozen=True)
class Queued:
    """A message to one destination: `phase` of `alert`. `tries` counts those before now, `key` tells a repetition."""

    number: int
    alert: int
    phase: Phase
    destination: str
    key: str
    created_at: datetime
    due_at: datetime
    tries: int
    error: str | None


def enqueue_in(connection: Connection, alert: int, phase: Phase, step: int, destination: str, now: datetime) -> None:
    """Put a message in the outbox, unless this step of this alert is there for the destination already."""
    key = hashlib.sha256(f"{alert}|{phase}|{step}|{destination}|{_opened(connection, alert)}".encode()).hexdigest()
    if connection.execute(select(outbox.c.number).where(outbox.c.key == key)).first() is None:
        connection.execute(
            outbox.insert().values(
                alert=alert, phase=phase, destination=destination, key=key, created_at=stamp(now), due_at=stamp(now), tries=0
            )
        )


def claim(state: State, number: int, now: datetime) -> bool:
    """Whether this process is to send the message: others leave it alone for as long as sending can take."""
    with state.write() as connection:
        due = outbox.c.sent_at.is_(None) & outbox.c.given_up_at.is_(None) & (outbox.c.due_at <= stamp(now))
        taken = outbox.update().where(outbox.c.number == number, due).values(due_at=stamp(now + CLAIM), tries=outbox.c.tries + 1)
        return connection.execute(taken).rowcount == 1


def sent(state: State, number: int, now: datetime) -> None:
    """Put on record that a message has arrived."""
    with state.write() as connection:
        connection.execute(outbox.update().where(outbox.c.number == number).values(sent_at=stamp(now), error=None))


def failed(state: State, message: Queued, error: str, now: datetime) -> None:
    """Put on record that a message did not arrive: tried again later and later, given up after a week."""
    wait = min(_WAIT * 2 ** min(message.tries, 20), _LONGEST_WAIT)
    given_up = stamp(now) if now - message.created_at > GIVE_UP else None
    with state.write() as connection:
        connection.execute(
            outbox.update().where(outbox.c.number == message.number).values(due_at=stamp(now + wait), error=error, given_up_at=given_up)
        )


def due(state: State, now: datetime) -> tuple[Queued, ...]:
    """The messages to be sent now, oldest first."""
    return _waiting(state, outbox.c.due_at <= stamp(now))


def unsent(state: State) -> tuple[Queued, ...]:
    """All messages that wait."""
    return _waiting(state, outbox.c.due_at.is_not(None))


def sent_since(state: State, destination: str, since: datetime) -> int:
    """How many messages have gone to a destination since then."""
    with state.read() as connection:
        query = select(func.count()).where(outbox.c.destination == destination, outbox.c.sent_at >= stamp(since))
        return int(connection.execute(query).scalar_one())


def newest_to(state: State, destination: str) -> Queued | None:
    """The newest message to a destination, whatever became of it; its `error` is that of the last attempt, None once it arrived."""
    query = select(outbox).where(outbox.c.destination == destination).order_by(outbox.c.number.desc()).limit(1)
    with state.read() as connection:
        return next((_queued(row) for row in connection.execute(query)), None)


def told_in(connection: Connection, alert: int) -> tuple[str, ...]:
    """The destinations that were, or are about to be, told of an alert."""
    return tuple(connection.execute(select(outbox.c.destination).where(outbox.c.alert == alert).distinct()).scalars())


def hurry_in(connection: Connection, alert: int | None, now: datetime) -> int:
    """Let what waits be sent now, of all alerts; or of one, what was given up among it. Returns how many messages."""
    which = outbox.c.given_up_at.is_(None) if alert is None else outbox.c.alert == alert
    waiting = outbox.c.sent_at.is_(None) & which
    return connection.execute(outbox.update().where(waiting).values(due_at=stamp(now), given_up_at=None)).rowcount


def _opened(connection: Connection, alert: int) -> str | None:
    return connection.execute(select(alerts.c.opened_at).where(alerts.c.number == alert)).scalar()


def _waiting(state: State, which: Any) -> tuple[Queued, ...]:
    query = select(outbox).where(outbox.c.sent_at.is_(None), outbox.c.given_up_at.is_(None), which).order_by(outbox.c.number)
    with state.read() as connection:
        return tuple(_queued(row) for row in connection.execute(query))


def _queued(row: Row[Any]) -> Queued:
    created_at, due_at = moment(row.created_at), moment(row.due_at)
    return Queued(row.number, row.alert, row.phase, row.destination, row.key, created_at, due_at, row.tries, row.error)
