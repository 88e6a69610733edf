"""A turn that one process holds at a time, on whatever host: a row that expires by the database's own clock unless it is renewed."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, delete, select, text

from pipeline.clock import moment, stamp
from pipeline.errors import ChurnopsError
from pipeline.state.database import State
from pipeline.state.watch_tables import leases

LASTS = timedelta(seconds=60)  # after its holder was killed, others wait this long


@contextmanager
def held(state: State, name: str, holder: str, *, on_lost: Callable[[], None], lasts: timedelta = LASTS) -> Iterator[bool]:
    """Whether the turn `name` was free; then it is held, and renewed by a thread, until the block ends. `holder` is unique to this attempt.

    `on_lost` is called from that thread when the turn could not be renewed in time, so that another may hold it by now.
    """
    if not _take(state, name, holder, lasts):
        yield False
        return
    ended = threading.Event()
    renewing = threading.Thread(target=_renew, args=(state, name, holder, lasts, ended, on_lost), name="renew lease", daemon=True)
    renewing.start()
    try:
        yield True
    finally:
        ended.set()
        renewing.join()
        with state.write() as connection:
            connection.execute(delete(leases).where(leases.c.name == name, leases.c.holder == holder))


def _renew(state: State, name: str, holder: str, lasts: timedelta, ended: threading.Event, on_lost: Callable[[], None]) -> None:
    renewed = time.monotonic()
    while not ended.wait(lasts.total_seconds() / 4):
        asked = time.monotonic()
        try:
            kept = _prolong(state, name, holder, lasts)
        except ChurnopsError:  # the database is away for a moment
            kept = time.monotonic() - renewed < lasts.total_seconds()
        else:
            renewed = asked
        if not kept:
            on_lost()
            return


def _take(state: State, name: str, holder: str, lasts: timedelta) -> bool:
    with state.write() as connection:
        now = _database_time(connection)
        until = connection.execute(select(leases.c.until).where(leases.c.name == name)).scalar()
        if until is not None and moment(until) > now:
            return False
        connection.execute(delete(leases).where(leases.c.name == name))
        connection.execute(leases.insert().values(name=name, holder=holder, until=stamp(now + lasts)))
        return True


def _prolong(state: State, name: str, holder: str, lasts: timedelta) -> bool:
    with state.write() as connection:
        until = stamp(_database_time(connection) + lasts)
        return connection.execute(leases.update().where(leases.c.name == name, leases.c.holder == holder).values(until=until)).rowcount == 1


def _database_time(connection: Connection) -> datetime:
    """Now as the database has it: the clocks of two hosts differ, and who holds a turn must not depend on whose is right."""
    if connection.dialect.name == "postgresql":
        now: datetime = connection.execute(text("select clock_timestamp()")).scalar_one()
        return now.astimezone(UTC)
    return datetime.fromisoformat(connection.execute(text("select strftime('%Y-%m-%dT%H:%M:%f', 'now')")).scalar_one()).replace(tzinfo=UTC)
