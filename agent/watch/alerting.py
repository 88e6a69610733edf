"""Alerts follow what stands: raised when it begins, repeated while nobody takes it on, ended once; and their messages leave the outbox."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from agent.watch.conditions import Conditions, standing
from agent.watch.destinations import Destination, destinations, told, usable
from agent.watch.hook import DESTINATION, MOVED, run_hook
from agent.watch.message import written
from agent.watch.picture import picture
from agent.watch.schedule import is_quiet
from agent.watch.sending import Message, NotDelivered, send
from pipeline.errors import ChurnopsError
from pipeline.record.ledger import MOVES
from pipeline.record.opened_workspace import Opened
from pipeline.state.alerts import Alert, alert_in, end_in, raise_in, reminded_in, standing_in
from pipeline.state.checks import check_history
from pipeline.state.outbox import Phase, Queued, claim, due, enqueue_in, failed, newest_to, sent, sent_since, told_in

_HOUR = timedelta(hours=1)
_PICTURED = ("people_must_act", "promise_missed", "challenger_waits")  # the others are no matter of months
_UNNAMED = {DESTINATION: "the hook after approval"}
_SAID_WHEN_OVER = ("people_must_act", "monitoring_failed")


@dataclass(frozen=True)
class Delivered:
    """What one pass over the outbox came to: messages that `arrived`, and the reasons of those that did not."""

    arrived: int
    failures: tuple[str, ...]


def follow(opened: Opened) -> tuple[Alert, ...]:
    """Bring the alerts up to date and put their messages in the outbox; returns those that are news."""
    now, named = opened.clock(), destinations(opened)
    with opened.state.read() as connection:
        before = standing_in(connection)  # read ahead of the conditions: what is raised meanwhile is not ended by an older look
    stands = standing(opened, check_history(opened.state))
    with opened.state.write() as connection:
        for alert in _ended(connection, before, stands, now):
            _tell(connection, named, alert, "over", 0, now)
        raised = tuple(filter(None, [raise_in(connection, condition, now) for condition in stands.conditions]))
        for alert in raised:
            _tell(connection, named, alert, "first", 0, now)
            _tell_hook(connection, opened, alert, "first", 0, now)
        for alert in standing_in(connection):
            _remind(connection, opened, named, alert, now)
    return raised


def enqueue_again(opened: Opened, number: int) -> None:
    """Put an alert in the outbox once more, for all who heard of it.

    Raises:
        ChurnopsError: there is none of this number, or it is of a move and the ledger was changed.
    """
    now, last, step = opened.clock(), newest_to(opened.state, DESTINATION), int(opened.clock().timestamp())
    with opened.state.read() as connection:
        alert = alert_in(connection, number)
    newest = _is_newest_move(opened, alert)
    with opened.state.write() as connection:
        _tell(connection, destinations(opened), alert, "again", step, now)
        if newest and (last is None or last.alert != number or last.error is None):  # else the one that failed is tried again
            _tell_hook(connection, opened, alert, "again", step, now)


def _is_newest_move(opened: Opened, alert: Alert) -> bool:
    """Whether the hook could hear of it: of an earlier move it is told nothing, and that would pass for its success."""
    entry = opened.ledger.last(MOVES) if alert.condition.kind in MOVED else None
    return entry is not None and alert.condition.key == f"move:{entry.hash}"


def _ended(connection: Connection, before: tuple[Alert, ...], stands: Conditions, now: datetime) -> list[Alert]:
    """The alerts whose cause is gone and who are worth a word: not where another of the same topic took its place."""
    keys = {condition.key for condition in stands.conditions}
    gone = [alert for alert in before if alert.condition.key not in keys and end_in(connection, alert.number, now)]
    topics = stands.known | {_topic(key) for key in keys}
    return [alert for alert in gone if alert.condition.kind in _SAID_WHEN_OVER and _topic(alert.condition.key) not in topics]


def _topic(key: str) -> str:
    return key.partition(":")[0]


def _remind(connection: Connection, opened: Opened, named: tuple[Destination, ...], alert: Alert, now: datetime) -> None:
    settings, step = opened.settings.alerts, alert.reminders + 1
    late = now >= alert.opened_at + settings.reminder * step
    if alert.waits and late and alert.condition.severity != "info" and step <= settings.reminders:
        # A watch that was away for days reminds once, not once for each of them.
        missed = int((now - alert.opened_at) / settings.reminder)
        reminded_in(connection, alert.number, max(step, min(missed, settings.reminders)))
        _tell(connection, named, alert, "reminder", step, now)


def _tell(connection: Connection, named: tuple[Destination, ...], alert: Alert, phase: Phase, step: int, now: datetime) -> None:
    for destination in told(named, alert, phase, told_in(connection, alert.number)):
        enqueue_in(connection, alert.number, phase, step, destination.id, now)


def _tell_hook(connection: Connection, opened: Opened, alert: Alert, phase: Phase, step: int, now: datetime) -> None:
    if opened.settings.hooks.after_approval and alert.condition.kind in MOVED:
        enqueue_in(connection, alert.number, phase, step, DESTINATION, now)


def deliver(opened: Opened, stop: Callable[[], bool] = lambda: False) -> Delivered:
    """Send what is due in the outbox. What does not arrive is tried again later, and keeps nothing else back."""
    arrived, failures = 0, []
    named = {destination.id: destination for destination in destinations(opened)}
    down: set[str] = set()
    for message in due(opened.state, opened.clock()):
        if stop():
            break
        if message.destination in down or not _may_leave(opened, message):
            continue
        if not claim(opened.state, message.number, opened.clock()):
            continue  # another process sends it
        try:
            _send(opened, named.get(message.destination), message)
        except Exception as error:  # a message that is its own trouble keeps no other back
            why = str(error) if isinstance(error, NotDelivered | ChurnopsError) else f"sending it raised {type(error).__name__}"
            down.add(message.destination)
            failed(opened.state, message, why, opened.clock())
            where = named[message.destination].name if message.destination in named else _UNNAMED.get(message.destination, "a destination")
            failures.append(f"Alert {message.alert} did not reach {where}: {why}; it is sent again.")
        else:
            sent(opened.state, message.number, opened.clock())
            arrived += 1
    return Delivered(arrived, tuple(failures))


def _may_leave(opened: Opened, message: Queued) -> bool:
    if message.destination == DESTINATION:
        return True  # it wakes nobody
    now = opened.clock()
    if sent_since(opened.state, message.destination, now - _HOUR) >= opened.settings.alerts.per_hour:
        return False
    if not is_quiet(opened.settings.watch, now):
        return True
    with opened.state.read() as connection:
        return alert_in(connection, message.alert).condition.severity == "critical"


def _send(opened: Opened, destination: Destination | None, message: Queued) -> None:
    with opened.state.read() as connection:
        alert = alert_in(connection, message.alert)
    if message.destination == DESTINATION:
        run_hook(opened, alert)
        return
    if destination is None:
        raise NotDelivered("it is no longer named under [alerts]")
    said = alert.condition
    title, body = written(opened, alert, message.phase)
    send(
        usable(opened, destination),
        Message(
            key=message.key,
            alert=alert.number,
            kind=said.kind,
            severity="info" if message.phase == "over" else said.severity,
            phase=message.phase,
            case_id=said.case_id,
            workspace=str(opened.workspace.root),
            title=title,
            body=body,
            sent_at=int(opened.clock().timestamp()),
        ),
        picture(opened) if said.kind in _PICTURED and message.phase != "over" else None,
    )
