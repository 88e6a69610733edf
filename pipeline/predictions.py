"""The prediction log and the outcomes that arrive later, as serving writes them and windows read them."""

from collections.abc import Sequence
from datetime import datetime

import pandas as pd
from sqlalchemy import func, select

from pipeline.clock import moment, stamp
from pipeline.schema import Schema
from pipeline.state import State, outcomes, predictions


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
    # Not by way of pandas' JSON, which keeps ten decimals: what was scored is what is logged.
    features = frame[list(schema.features)].astype(object).where(frame[list(schema.features)].notna(), None).to_dict("records")
    rows = [
        {"id": id_, "predicted_at": stamp(at), "model_version": version, "score": float(score), "features": values}
        for id_, at, score, values in zip(ids, times, scores, features, strict=True)
    ]
    with state.write() as connection:
        connection.execute(predictions.insert(), rows)


def log_outcomes(
    state: State, *, ids: Sequence[str], predicted: Sequence[datetime], observed: Sequence[datetime], churned: Sequence[int]
) -> None:
    """Append matured outcomes, each for one id and scoring time."""
    rows = [
        {"id": id_, "predicted_at": stamp(at), "observed_at": stamp(known), "churned": int(value)}
        for id_, at, known, value in zip(ids, predicted, observed, churned, strict=True)
    ]
    if rows:
        with state.write() as connection:
            connection.execute(outcomes.insert(), rows)


def newest_prediction(state: State) -> datetime | None:
    """When the newest logged prediction was made; None for an empty log."""
    with state.read() as connection:
        newest = connection.execute(select(func.max(predictions.c.predicted_at))).scalar()
    return moment(newest) if newest else None


def read_predictions(state: State, schema: Schema, since: datetime, until: datetime) -> pd.DataFrame:
    """Logged predictions of `since < predicted_at <= until`, oldest first.

    Columns: `_seq`, `_id`, `_time` (UTC), `_version`, `_score`, then the schema's features, typed as `tables.typed` does.
    """
    query = (
        select(predictions)
        .where(predictions.c.predicted_at > stamp(since), predictions.c.predicted_at <= stamp(until))
        .order_by(predictions.c.predicted_at, predictions.c.seq)
    )
    with state.read() as connection:
        rows = connection.execute(query).all()
    frame = pd.DataFrame([row.features for row in rows], columns=list(schema.features))
    for name in schema.numerical:
        frame[name] = pd.to_numeric(frame[name]).astype("float64")
    for name in schema.categorical:
        frame[name] = frame[name].astype(object).fillna(float("nan"))
    frame.insert(0, "_seq", [row.seq for row in rows])
    frame.insert(1, "_id", [row.id for row in rows])
    frame.insert(2, "_time", pd.to_datetime([row.predicted_at for row in rows], utc=True, format="ISO8601"))
    frame.insert(3, "_version", [row.model_version for row in rows])
    frame.insert(4, "_score", [row.score for row in rows])
    return frame


def read_outcomes(state: State, until: datetime) -> pd.DataFrame:
    """Outcomes known at `until`: columns `_id`, `_time` (scoring time, UTC or missing), `_churned`; the latest word on an id and time wins."""
    query = (
        select(outcomes.c.id, outcomes.c.predicted_at, outcomes.c.churned)
        .where(outcomes.c.observed_at <= stamp(until))
        .order_by(outcomes.c.seq)
    )
    with state.read() as connection:
        rows = connection.execute(query).all()
    frame = pd.DataFrame(rows, columns=["_id", "_time", "_churned"])
    frame["_time"] = pd.to_datetime(frame["_time"], utc=True, format="ISO8601")
    return frame.drop_duplicates(["_id", "_time"], keep="last")
