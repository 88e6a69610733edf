"""Rows that say they were scored in the future: a mistake of whoever wrote them. A window ends before them, and they are counted."""

from collections.abc import Callable
from datetime import datetime, timedelta

from pipeline.errors import DataError
from pipeline.record.opened_workspace import Opened


def latest_meant(opened: Opened) -> datetime:
    """The last moment of which a row may be: now, and what time zones make of it."""
    return opened.clock() + timedelta(days=opened.policy.drift.future_days)


def newest_meant(newest: datetime, until: datetime, before: Callable[[], datetime | None], name: str) -> datetime:
    """The newest time that is not in the future: `newest`, unless it is later than `until`; then what `before` looks up.

    Raises:
        DataError: all rows of `name` are later.
    """
    if newest <= until:
        return newest
    found = before()
    if found is None:
        raise DataError(
            f"Every row of {name} is dated in the future, the newest {newest:%Y-%m-%d %H:%M} UTC.",
            "Correct its scoring times, or this machine's clock.",
        )
    return found
