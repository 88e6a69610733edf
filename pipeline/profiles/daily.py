"""Profiles of production, one per day and model version, kept so that a month merges days and never counts a row twice."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import reduce
from pathlib import Path
from typing import Literal

from pydantic import ValidationError
from sqlalchemy import func, select

from pipeline.atomic_files import write_atomically
from pipeline.clock import stamp
from pipeline.profiles.counting import profile_window
from pipeline.profiles.profile import Profile, merge
from pipeline.sources.source import Exclusion, PredictionLog, Restriction
from pipeline.state.database import State, predictions
from pipeline.stored_record import StoredRecord
from pipeline.tables.schema import Schema

DAY = timedelta(days=1)


class DayProfile(StoredRecord):
    """A kept profile, good for as long as the log has these `rows` of that day and version, the last of them `last_seq`, and the same rows
    of that day are `left_out`. One without `spelt_by` may have counted a category under another spelling."""

    rows: int
    last_seq: int
    left_out: tuple[Exclusion, ...]
    spelt_by: Literal["reference"]
    profile: Profile


@dataclass(frozen=True)
class _Part:
    """The log's rows of one day and one model version that lie in the window."""

    day: datetime
    version: str
    rows: int
    last_seq: int


def profile_log(
    state: State, columns: Schema, reference: Profile, since: datetime, until: datetime, kept: Path, left_out: tuple[Exclusion, ...] = ()
) -> Profile:
    """Profile of the log's rows of `since < scoring time <= until` but those `left_out`, against `reference`.

    Whole days are taken from the folder `kept` (one per reference), and put there when they are new; the cut-off days at both ends are
    counted anew. A day to which rows have come since, or of which other rows are left out, is counted anew, too.
    """
    parts = []
    for part in _parts(state, since, until):
        log = PredictionLog(state.place, part.version)
        first, last = max(since, part.day - timedelta(microseconds=1)), min(until, part.day + DAY - timedelta(microseconds=1))
        gone = tuple(exclusion for exclusion in left_out if exclusion.since < part.day + DAY and part.day < exclusion.until)
        restriction = Restriction(since=first, until=last, left_out=gone)
        if since < part.day and part.day + DAY <= until:
            parts.append(_kept_day(log, columns, reference, restriction, part, kept))
        else:
            parts.append(profile_window(log, columns, reference, restriction))
    return reduce(merge, parts) if parts else profile_window(PredictionLog(state.place), columns, reference, Restriction(since, until))


def _parts(state: State, since: datetime, until: datetime) -> list[_Part]:
    day = func.substr(predictions.c.predicted_at, 1, 10).label("day")
    query = (
        select(day, predictions.c.model_version, func.count(), func.max(predictions.c.seq))
        .where(predictions.c.predicted_at > stamp(since), predictions.c.predicted_at <= stamp(until))
        .group_by("day", predictions.c.model_version)  # by its name: PostgreSQL takes the same expression twice for two
        .order_by("day", predictions.c.model_version)
    )
    with state.read() as connection:
        rows = connection.execute(query).all()
    return [_Part(datetime.fromisoformat(text).replace(tzinfo=UTC), version, count, last) for text, version, count, last in rows]


def _kept_day(log: PredictionLog, columns: Schema, reference: Profile, restriction: Restriction, part: _Part, kept: Path) -> Profile:
    # A version is text from a log; as a file name it is spelt so that it cannot lead elsewhere.
    path = kept / f"{part.day:%Y-%m-%d}-{part.version.encode().hex()}.json"
    try:
        found = DayProfile.model_validate_json(path.read_bytes())
        if (found.rows, found.last_seq, found.left_out) == (part.rows, part.last_seq, restriction.left_out):
            return found.profile
    except (FileNotFoundError, ValidationError):
        pass  # not kept yet, or by another version of churnops: it is only a copy of what the log says
    profile = profile_window(log, columns, reference, restriction)
    day = DayProfile(rows=part.rows, last_seq=part.last_seq, left_out=restriction.left_out, spelt_by="reference", profile=profile)
    write_atomically(path, day.model_dump_json().encode())
    return profile
