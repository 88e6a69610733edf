"""Time as an argument: a clock is a function, and a stored time is UTC text of fixed width that sorts as time does.
Lengths of time are written like 24h."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

Clock = Callable[[], datetime]
CLOCKS_DIFFER = timedelta(minutes=5)  # between machines that all keep their time
_UNITS: Mapping[str, timedelta] = MappingProxyType(
    {"min": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
)


def utc_now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


def stamp(moment: datetime) -> str:
    """`moment` as stored: `2026-11-21T09:00:00.000000+00:00`."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def in_utc(moment: datetime) -> datetime:
    """`moment`, of whatever zone, in UTC.

    Raises:
        ValueError: its year there is none that a time can have, before 1 or after 9999.
    """
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("in UTC there is no such year") from error


def moment(text: str) -> datetime:
    """The time that `stamp` wrote."""
    return datetime.fromisoformat(text)


def length_of(text: str) -> timedelta | None:
    """The length of time written as `7d`, `24h`, `2w` or `15min`; None where it is none of these."""
    match = re.fullmatch(r"(\d{1,4})(min|[hdw])", text.strip(), re.ASCII)
    return int(match[1]) * _UNITS[match[2]] or None if match else None
