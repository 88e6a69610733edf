"""What is older than the settings keep, deleted from the state database a few thousand rows at a time, so that no answer waits long for its log."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Table, delete, func, select

from pipeline.clock import stamp
from pipeline.state.checks import UNDONE
from pipeline.state.database import State, predictions
from pipeline.state.watch_tables import alerts, checks, outbox, serving_hours

_TOGETHER = 5_000  # rows in one transaction: some tens of milliseconds


@dataclass(frozen=True)
class OldRows:
    """Some rows of a table, to be counted or deleted; `meant` chooses them, `by` is what each of them has for itself."""

    table: Table
    by: ColumnElement[Any]
    meant: ColumnElement[bool]


def old_predictions(before: datetime) -> OldRows:
    """Logged predictions made before then."""
    return OldRows(predictions, predictions.c.seq, predictions.c.predicted_at < stamp(before))


def old_checks(before: datetime) -> OldRows:
    """Checks that began before then, but the first one, since when somebody watches, and all from the newest that came to its end."""
    first = select(func.min(checks.c.number)).scalar_subquery()
    done = select(func.max(checks.c.number)).where(checks.c.status.not_in(UNDONE)).scalar_subquery()
    return OldRows(checks, checks.c.number, (checks.c.started_at < stamp(before)) & (checks.c.number > first) & (checks.c.number < done))


def old_serving_hours(before: datetime) -> OldRows:
    """Counts of requests in hours before then."""
    return OldRows(serving_hours, serving_hours.c.hour, serving_hours.c.hour < stamp(before))


def old_alerts(before: datetime) -> OldRows:
    """Alerts that were over before then. Those of what happened once stay: were they forgotten, people would hear of it again. So does the
    newest, whose number must not be given away again: links in messages have it."""
    newest = select(func.max(alerts.c.number)).scalar_subquery()
    over = (alerts.c.ended_at < stamp(before)) & (alerts.c.ended_at != alerts.c.opened_at)
    return OldRows(alerts, alerts.c.number, over & (alerts.c.number != newest))


def count(state: State, rows: OldRows) -> int:
    """How many there are."""
    with state.read() as connection:
        return int(connection.execute(select(func.count()).select_from(rows.table).where(rows.meant)).scalar_one())


def delete_rows(state: State, rows: OldRows) -> int:
    """Delete them; returns how many they were. A message goes with its alert.

    Raises:
        WorkspaceError: the database does not answer; what was deleted so far stays deleted.
    """
    deleted = 0
    while True:
        with state.write() as connection:
            some = connection.execute(select(rows.by).where(rows.meant).order_by(rows.by).limit(_TOGETHER)).scalars().all()
            if not some:
                return deleted
            if rows.table is alerts:
                connection.execute(delete(outbox).where(outbox.c.alert.in_(some)))
            deleted += connection.execute(delete(rows.table).where(rows.by >= some[0], rows.by <= some[-1], rows.meant)).rowcount
