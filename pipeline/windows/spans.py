"""Which stretch of the prediction log a window is: the last days, since a date, since the deploy, or the newest rows."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pipeline.clock import length_of
from pipeline.errors import DataError

MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class Last:
    """The stretch of this length before the newest prediction."""

    length: timedelta


@dataclass(frozen=True)
class Since:
    """From this moment (UTC) on."""

    start: datetime


@dataclass(frozen=True)
class SinceDeploy:
    """Since the champion was deployed."""


@dataclass(frozen=True)
class NewestRows:
    """The newest predictions, this many; all of one moment count when the cut falls between them."""

    rows: int


Span = Last | Since | SinceDeploy | NewestRows
WEEK = Last(timedelta(days=7))


def parse_length(text: str) -> Last:
    """`7d`, `24h` or `2w`.

    Raises:
        DataError: it is none of these.
    """
    length = length_of(text)
    if length is None:
        raise DataError(f"`{text}` is no length of time.", "Write it like 7d, 24h or 2w.")
    return Last(length)


def parse_start(text: str) -> Since:
    """A date or a time in ISO 8601; without a zone it is UTC.

    Raises:
        DataError: it is neither.
    """
    try:
        start = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise DataError(f"`{text}` is no date.", "Write it like 2026-11-21 or 2026-11-21T09:00+01:00.") from error
    return Since(start.replace(tzinfo=UTC) if start.tzinfo is None else start.astimezone(UTC))


def parse_end(text: str) -> datetime:
    """The moment (UTC) before which a span ends whose last day or moment is `text`: a day counts whole.

    Raises:
        DataError: it is neither.
    """
    end = parse_start(text).start
    return end + (timedelta(days=1) if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text.strip()) else MICROSECOND)
