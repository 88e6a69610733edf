"""The prediction log, as serving writes it and windows read it, alone or with the outcomes that arrive later."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import ColumnElement, Connection, func, select, true

from pipeline.clock import moment, stamp
from pipeline.state.database import State, outcomes, predictions
from pipeline.state.outcomes import join_outcomes, read_outcomes
from pipeline.tables.schema import Schema


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


def newest_prediction(state: State, place: int = 1) -> datetime | None:
    """When the newest logged prediction was made, or the one at this `place` from it; None where there are not so many."""
    query = select(predictions.c.predicted_at).order_by(predictions.c.predicted_at.desc()).offset(place - 1).limit(1)
    with state.read() as connection:
        found = connection.execute(query).scalar()
    return moment(found) if found else None


def logged_ids(state: State) -> set[str]:
    """Ids of all customers with a logged prediction."""
    with state.read() as connection:
        return set(connection.execute(select(predictions.c.id).distinct()).scalars())


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


def read_labelled(state: State, schema: Schema, since: datetime, until: datetime, known_at: datetime) -> pd.DataFrame:
    """As `read_predictions`, only those whose outcome is known at `known_at`, with a last column `_churned` (1 or 0); see `join_outcomes`."""
    # No other row leaves the database.
    of_these = outcomes.c.predicted_at.is_(None) | outcomes.c.predicted_at.between(stamp(since), stamp(until))
    told = predictions.c.id.in_(select(outcomes.c.id).where(outcomes.c.observed_at <= stamp(known_at), of_these))
    rows = read_predictions(state, schema, since, until, told)
    churned = join_outcomes(rows["_id"], rows["_time"], read_outcomes(state, known_at, of_these))
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
