"""The prediction log, as serving writes it and windows read it, alone or with the outcomes that arrive later."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
from sqlalchemy import ColumnElement, Connection, TextClause, case, false, func, select, true

from pipeline.clock import moment, stamp
from pipeline.state.database import State, outcomes, predictions
from pipeline.state.outcome_labels import BY_ID_AND_TIME, LabelRule, labels_of
from pipeline.state.outcomes import read_outcomes
from pipeline.tables.customer_counts import CustomerCounts
from pipeline.tables.schema import Schema

_DAY = timedelta(days=1)  # scoring times may be cut to their day
_IDS = 5_000  # in one query


@dataclass(frozen=True)
class Logged:
    """How many predictions there are, and of how many the id begins as asked."""

    all: int
    with_prefix: int


def log_predictions(
    state: State,
    frame: pd.DataFrame,
    schema: Schema,
    *,
    ids: Sequence[str],
    times: Sequence[datetime],
    scores: Sequence[float],
    version: str,
) -> None:
    """Append one row per customer scored: all of them or, on any error, none.

    `frame` holds the schema's features; `scores` are P(churn) in 0-1.
    """
    with state.write() as connection:
        add_predictions_in(connection, frame, schema, ids=ids, times=times, scores=scores, version=version)


def add_predictions_in(
    connection: Connection,
    frame: pd.DataFrame,
    schema: Schema,
    *,
    ids: Sequence[str],
    times: Sequence[datetime],
    scores: Sequence[float],
    version: str,
) -> None:
    """As `log_predictions`, within a transaction."""
    # Not by way of pandas' JSON, which keeps ten decimals: what was scored is what is logged.
    features = frame[list(schema.features)].astype(object).where(frame[list(schema.features)].notna(), None).to_dict("records")
    rows = [
        {"id": id_, "predicted_at": stamp(at), "model_version": version, "score": float(score), "features": values}
        for id_, at, score, values in zip(ids, times, scores, features, strict=True)
    ]
    connection.execute(predictions.insert(), rows)


def logged_after(connection: Connection, start: datetime | None, prefix: str) -> Logged:
    """Predictions made after `start`, or ever; `prefix` is one without `%` and `_`."""
    query = select(func.count(), func.count().filter(predictions.c.id.startswith(prefix)))
    if start is not None:
        query = query.where(predictions.c.predicted_at > stamp(start))
    return Logged(*connection.execute(query).one())


def newest_prediction(state: State, place: int = 1, until: datetime | None = None) -> datetime | None:
    """When the newest logged prediction was made, `until` some time where it is given, or the one at this `place` from it; None where there
    are not so many."""
    times = select(predictions.c.predicted_at).where(true() if until is None else predictions.c.predicted_at <= stamp(until))
    query = times.order_by(predictions.c.predicted_at.desc()).offset(place - 1).limit(1)
    with state.read() as connection:
        found = connection.execute(query).scalar()
    return moment(found) if found else None


def oldest_prediction(state: State) -> datetime | None:
    """When the first logged prediction was made; None where there is none."""
    with state.read() as connection:
        found = connection.execute(select(func.min(predictions.c.predicted_at))).scalar()
    return moment(found) if found else None


def predictions_after(state: State, moment_: datetime, until: datetime | None = None) -> int:
    """How many logged predictions say that they were made after a moment, and `until` another one where it is given."""
    after = predictions.c.predicted_at > stamp(moment_)
    before = true() if until is None else predictions.c.predicted_at <= stamp(until)
    with state.read() as connection:
        return int(connection.execute(select(func.count()).where(after, before)).scalar_one())


def logged_ids(state: State) -> set[str]:
    """Ids of all customers with a logged prediction."""
    with state.read() as connection:
        return set(connection.execute(select(predictions.c.id).distinct()).scalars())


def logged_customers(state: State, since: datetime, until: datetime) -> CustomerCounts:
    """How often the customers logged in `since < predicted_at <= until` were scored then."""
    meant = (predictions.c.predicted_at > stamp(since), predictions.c.predicted_at <= stamp(until))
    scorings = (
        select(predictions.c.id, func.count().label("n")).where(*meant).group_by(predictions.c.id, predictions.c.predicted_at).subquery()
    )
    each = select(func.sum(scorings.c.n).label("n"), func.count().label("times")).group_by(scorings.c.id).subquery()
    again = func.sum(case((each.c.times > 1, 1), else_=0))
    with state.read() as connection:
        found = connection.execute(select(func.count(), func.sum(each.c.n), again, func.sum(each.c.n * each.c.n)).select_from(each)).one()
    customers, rows, several, squares = (int(number or 0) for number in found)
    return CustomerCounts(rows, customers, several, squares)


def logged_rows_per_day(state: State, since: datetime | None, until: datetime | None) -> dict[datetime, int]:
    """Rows in `since < predicted_at <= until` of each day (UTC) that has any; None is no limit."""
    after = true() if since is None else predictions.c.predicted_at > stamp(since)
    before = true() if until is None else predictions.c.predicted_at <= stamp(until)
    day = func.substr(predictions.c.predicted_at, 1, 10).label("day")
    with state.read() as connection:
        rows = connection.execute(select(day, func.count()).where(after, before).group_by("day")).all()
    return {datetime.fromisoformat(text).replace(tzinfo=UTC): count for text, count in rows}


@dataclass(frozen=True)
class LoggedDay:
    """One day (UTC) of the log: its rows, and the mean of their scores (0-1)."""

    at: datetime
    rows: int
    mean_score: float


def logged_per_day(state: State, since: datetime, until: datetime) -> tuple[LoggedDay, ...]:
    """The days in `since < predicted_at <= until` that have a row, oldest first."""
    day = func.substr(predictions.c.predicted_at, 1, 10).label("day")
    meant = (predictions.c.predicted_at > stamp(since), predictions.c.predicted_at <= stamp(until))
    query = select(day, func.count(), func.avg(predictions.c.score)).where(*meant).group_by("day").order_by("day")
    with state.read() as connection:
        rows = connection.execute(query).all()
    return tuple(LoggedDay(datetime.fromisoformat(text).replace(tzinfo=UTC), int(count), float(mean)) for text, count, mean in rows)


def logged_rows_of_each(state: State, since: datetime | None, until: datetime | None, ids: Sequence[str]) -> dict[str, int]:
    """Rows in `since < predicted_at <= until` of each customer among `ids` who has any, by id; None is no limit."""
    after = true() if since is None else predictions.c.predicted_at > stamp(since)
    before = true() if until is None else predictions.c.predicted_at <= stamp(until)
    found: dict[str, int] = {}
    with state.read() as connection:
        for start in range(0, len(ids), _IDS):
            these = predictions.c.id.in_(ids[start : start + _IDS])
            query = select(predictions.c.id, func.count().label("n")).where(these, after, before).group_by(predictions.c.id)
            found |= {row.id: row.n for row in connection.execute(query)}
    return found


def read_predictions(
    state: State, schema: Schema, since: datetime, until: datetime, which: ColumnElement[bool] | None = None
) -> pd.DataFrame:
    """Logged predictions of `since < predicted_at <= until`, of them those `which` chooses in SQL, oldest first: columns `_id`, `_time` (UTC),
    then the schema's features, typed as `tables.typed` does."""
    query = (
        select(predictions.c.id, predictions.c.predicted_at, predictions.c.features)
        .where(predictions.c.predicted_at > stamp(since), predictions.c.predicted_at <= stamp(until), true() if which is None else which)
        .order_by(predictions.c.predicted_at, predictions.c.seq)
    )
    with state.read() as connection:
        return _frame(connection.execute(query).all(), schema)


def read_served(
    state: State, schema: Schema, since: datetime, until: datetime, version: str, which: TextClause | None = None
) -> pd.DataFrame:
    """As `read_predictions`, only those that the model of this version made, with a last column `_score` (0-1)."""
    query = (
        select(predictions)
        .where(
            predictions.c.predicted_at > stamp(since), predictions.c.predicted_at <= stamp(until), predictions.c.model_version == version
        )
        .where(true() if which is None else which)
        .order_by(predictions.c.predicted_at, predictions.c.seq)
    )
    with state.read() as connection:
        rows = connection.execute(query).all()
    return _frame(rows, schema).assign(_score=pd.Series([row.score for row in rows], dtype="float64"))


def served_rows(state: State, since: datetime, until: datetime, version: str) -> int:
    """How many rows `read_served` chooses from."""
    meant = (predictions.c.predicted_at > stamp(since), predictions.c.predicted_at <= stamp(until), predictions.c.model_version == version)
    with state.read() as connection:
        return int(connection.execute(select(func.count()).where(*meant)).scalar_one())


def read_scores(state: State, since: datetime, until: datetime) -> pd.DataFrame:
    """Logged scores of `since < predicted_at <= until`, oldest first: columns `_id`, `_time` (UTC) and `score` (0-1)."""
    query = (
        select(predictions.c.id, predictions.c.predicted_at, predictions.c.score)
        .where(predictions.c.predicted_at > stamp(since), predictions.c.predicted_at <= stamp(until))
        .order_by(predictions.c.predicted_at, predictions.c.seq)
    )
    with state.read() as connection:
        frame = pd.DataFrame(connection.execute(query).all(), columns=["_id", "_time", "score"])
    return frame.assign(_time=pd.to_datetime(frame["_time"], utc=True, format="ISO8601"), score=frame["score"].astype("float64"))


def read_labelled(
    state: State, schema: Schema, since: datetime, until: datetime, known_at: datetime, rule: LabelRule = BY_ID_AND_TIME
) -> pd.DataFrame:
    """As `read_predictions`, only those whose outcome is known at `known_at`, with a last column `_churned` (1 or 0); see `labels_of`."""
    # No other row leaves the database, but where those without an outcome may have stayed.
    of_these = outcomes.c.predicted_at.is_(None) | outcomes.c.predicted_at.between(stamp(since - _DAY), stamp(until + _DAY))
    told = read_outcomes(state, known_at, of_these, moments=rule.horizon is not None)
    if told.empty:
        return read_predictions(state, schema, since, until, false()).assign(_churned=pd.Series(dtype="int64"))
    of_ids = predictions.c.id.in_(select(outcomes.c.id).where(outcomes.c.observed_at <= stamp(known_at), of_these))
    rows = read_predictions(state, schema, since, until, None if rule.absence_is_stayed else of_ids)
    churned = labels_of(rows["_id"], rows["_time"], told, rule)
    known = churned.notna()
    return rows[known].assign(_churned=churned[known].astype("int64")).reset_index(drop=True)


def _frame(rows: Sequence[Any], schema: Schema) -> pd.DataFrame:
    frame = pd.DataFrame([row.features for row in rows], columns=list(schema.features))
    for name in schema.numerical:
        frame[name] = pd.to_numeric(frame[name]).astype("float64")
    for name in schema.categorical:
        frame[name] = frame[name].astype(object).fillna(float("nan"))
    frame.insert(0, "_id", [row.id for row in rows])
    frame.insert(1, "_time", pd.to_datetime([row.predicted_at for row in rows], utc=True, format="ISO8601"))
    return frame
