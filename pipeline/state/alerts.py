"""Alerts on record: one for as long as its cause stands, whoever looks how often; who took it on, and when it was over."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, select

from pipeline.clock import moment, stamp
from pipeline.errors import ChurnopsError
from pipeline.state.database import State
from pipeline.state.watch_tables import alerts

AlertKind = Literal[
    "people_must_act", "challenger_waits", "approval_expires", "deployed", "rolled_back", "promise_missed", "monitoring_failed"
]
Severity = Literal["info", "warning", "critical"]
SEVERITIES: tuple[Severity, ...] = ("info", "warning", "critical")


@dataclass(frozen=True)
class Condition:
    """What people should hear of. `key` is its cause: while it stands, it is one alert. `title` and `said` are for people, `owners` whom to call.
    What happened `once` is over when it is told."""

    key: str
    kind: AlertKind
    severity: Severity
    title: str
    said: str
    case_id: str | None = None
    owners: tuple[str, ...] = ()
    once: bool = False


@dataclass(frozen=True)
class Alert:
    """A condition on record; `reminders`: how often people were reminded, because nobody took it on."""

    number: int
    condition: Condition
    opened_at: datetime
    ended_at: datetime | None
    acked_at: datetime | None
    acked_by: str | None
    reminders: int

    @property
    def waits(self) -> bool:
        """Whether it stands and nobody took it on."""
        return self.ended_at is None and self.acked_at is None


def raise_in(connection: Connection, condition: Condition, now: datetime) -> Alert | None:
    """The alert of a condition that is news, put on record; None where it stands already, or happened `once` and is known."""
    same = select(alerts.c.number).where(alerts.c.key == condition.key)
    if connection.execute(same if condition.once else same.where(alerts.c.ended_at.is_(None))).first() is not None:
        return None
    inserted = connection.execute(
        alerts.insert().values(
            key=condition.key,
            kind=condition.kind,
            severity=condition.severity,
            title=condition.title,
            said=condition.said,
            case_id=condition.case_id,
            owners=list(condition.owners),
            opened_at=stamp(now),
            ended_at=stamp(now) if condition.once else None,
            reminders=0,
        )
    ).inserted_primary_key
    assert inserted is not None  # one row was inserted
    return Alert(int(inserted[0]), condition, now, now if condition.once else None, None, None, 0)


def standing_in(connection: Connection) -> tuple[Alert, ...]:
    """The alerts that are not over, oldest first."""
    return tuple(map(_alert, connection.execute(select(alerts).where(alerts.c.ended_at.is_(None)).order_by(alerts.c.number))))


def alert_in(connection: Connection, number: int) -> Alert:
    """One alert.

    Raises:
        ChurnopsError: there is none of this number.
    """
    row = connection.execute(select(alerts).where(alerts.c.number == number)).first()
    if row is None:
        raise ChurnopsError(f"There is no alert {number}.", "`churnops alerts list --all` shows them.")
    return _alert(row)


def newest_alerts(state: State, most: int, *, over: bool) -> tuple[Alert, ...]:
    """At most so many alerts, newest first; those that are over among them where `over` says so."""
    query = select(alerts).order_by(alerts.c.number.desc()).limit(most)
    with state.read() as connection:
        return tuple(map(_alert, connection.execute(query if over else query.where(alerts.c.ended_at.is_(None)))))


def alerts_between(state: State, since: datetime, until: datetime) -> tuple[Alert, ...]:
    """Alerts that were raised in `since` <= time < `until`, oldest first."""
    query = select(alerts).where(alerts.c.opened_at >= stamp(since), alerts.c.opened_at < stamp(until)).order_by(alerts.c.number)
    with state.read() as connection:
        return tuple(map(_alert, connection.execute(query)))


def end_in(connection: Connection, number: int, now: datetime) -> bool:
    """Put on record that an alert is over; False where it was already."""
    ended = alerts.update().where(alerts.c.number == number, alerts.c.ended_at.is_(None)).values(ended_at=stamp(now))
    return connection.execute(ended).rowcount == 1


def reminded_in(connection: Connection, number: int, reminders: int) -> None:
    """Put on record how often people were reminded."""
    connection.execute(alerts.update().where(alerts.c.number == number).values(reminders=reminders))


def acknowledge(state: State, number: int, by: str, now: datetime) -> Alert:
    """Put on record who takes an alert on; nobody is reminded of it any more.

    Raises:
        ChurnopsError: there is none of this number, it is over, or somebody took it on before.
    """
    with state.write() as connection:
        found = alert_in(connection, number)
        if found.ended_at is not None:
            raise ChurnopsError(f"Alert {number} was over on {found.ended_at:%Y-%m-%d %H:%M} UTC.", "Nobody needs to take it on.")
        if found.acked_at is not None:
            raise ChurnopsError(f"{found.acked_by} took alert {number} on, on {found.acked_at:%Y-%m-%d %H:%M} UTC.", "Talk to them.")
        connection.execute(alerts.update().where(alerts.c.number == number).values(acked_at=stamp(now), acked_by=by))
        return alert_in(connection, number)


def _alert(row: Any) -> Alert:
    condition = Condition(
        row.key, row.kind, row.severity, row.title, row.said, row.case_id, tuple(row.owners), once=row.opened_at == row.ended_at
    )

    def at(text: str | None) -> datetime | None:
        return moment(text) if text else None

    return Alert(row.number, condition, moment(row.opened_at), at(row.ended_at), at(row.acked_at), row.acked_by, row.reminders)
