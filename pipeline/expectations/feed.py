"""Whether the log as a whole arrives as declared: how old its newest row is, and how many rows a day has."""

from datetime import UTC, datetime, timedelta

from pipeline.errors import DataError
from pipeline.expectations import queries as sql
from pipeline.expectations.violation import FeedViolation
from pipeline.sources.source import PredictionLog, Restriction, Source
from pipeline.sources.source_opening import open_source
from pipeline.state.database import open_state
from pipeline.state.predictions import logged_rows_per_day
from pipeline.tables.schema import Schema
from pipeline.workspace.expectation_settings import ExpectationSettings

_DAY = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def broken_feed(
    source: Source, schema: Schema, restriction: Restriction, expected: ExpectationSettings, now: datetime
) -> tuple[FeedViolation, ...]:
    """What breaks an expectation of the log, whose newest rows are those of `restriction`.

    Raises:
        DataError: the source cannot be read, or has no scoring time.
    """
    if not (expected.newest_within or expected.rows_per_day):
        return ()
    newest = restriction.until
    if newest is None:
        raise DataError(
            "`newest_within` and `rows_per_day` under [expectations] need a scoring time, which the log does not have.",
            "Name its column as `time` under [predictions] in churnops.toml.",
        )
    late = expected.oldest is not None and now - newest > expected.oldest
    stopped = (FeedViolation(kind="late", declared=f"at most {expected.newest_within} ago", newest=newest),) if late else ()
    return (*stopped, *_volume(source, schema, restriction, expected, now))


def _volume(
    source: Source, schema: Schema, restriction: Restriction, expected: ExpectationSettings, now: datetime
) -> tuple[FeedViolation, ...]:
    """Days with too few and with too many rows. The day of the first row may be cut off, and today is not over: neither is judged, nor is a day
    of which a person left rows out."""
    if not expected.rows_per_day:
        return ()
    fewest, most = expected.rows_per_day
    counts = _per_day(source, schema, restriction)
    if not counts:
        return ()
    first = min(counts) + _DAY
    days = [first + place * _DAY for place in range((now - first) // _DAY)]
    judged = {
        day: counts.get(day, 0) for day in days if not any(gone.since < day + _DAY and day < gone.until for gone in restriction.left_out)
    }
    declared = f"{fewest:,} to {most:,}"
    few = {day: rows for day, rows in judged.items() if rows < fewest}
    many = {day: rows for day, rows in judged.items() if rows > most}
    return tuple(
        FeedViolation(
            kind="too_few" if found is few else "too_many",
            declared=declared,
            newest=restriction.until,
            days=len(found),
            of=len(judged),
            fewest=min(found.values()),
            most=max(found.values()),
            first=min(found),
            last=max(found),
        )
        for found in (few, many)
        if found
    )


def _per_day(source: Source, schema: Schema, meant: Restriction) -> dict[datetime, int]:
    """Rows of each day that has any, whatever model scored them and whoever left some out."""
    if isinstance(source, PredictionLog):
        state = open_state(source.place)
        try:
            return logged_rows_per_day(state, meant.since, meant.until)
        finally:
            state.close()
    bare = schema.model_copy(update={"numerical": (), "categorical": ()})
    with open_source(source, bare, Restriction(since=meant.since, until=meant.until)) as relation:
        return {_EPOCH + int(day) * _DAY: int(rows) for day, rows in relation.rows(sql.days_query(relation))}
