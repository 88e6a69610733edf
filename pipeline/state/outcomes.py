"""Outcomes on record: which are news, and which prediction each belongs to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import pandas as pd
from sqlalchemy import ColumnElement, Connection, select, true

from pipeline.clock import stamp
from pipeline.state.database import State, outcomes

News = Literal["added", "corrected", "known"]
_IDS = 10_000  # in one query; SQLite takes some 32,000 parameters


@dataclass(frozen=True)
class KnownOutcome:
    """Whether a customer churned (1 or 0): of the prediction made at `predicted_at`, or where that is None of every prediction of the id that
    has no outcome of its own."""

    id: str
    predicted_at: datetime | None
    observed_at: datetime
    churned: int


def log_outcomes(
    state: State, *, ids: Sequence[str], predicted: Sequence[datetime | None], observed: Sequence[datetime], churned: Sequence[int]
) -> None:
    """Append outcomes, whatever is on record; the fields of `KnownOutcome`, each of one length."""
    with state.write() as connection:
        _append(connection, [KnownOutcome(*fields) for fields in zip(ids, predicted, observed, churned, strict=True)])


def add_outcomes_in(connection: Connection, told: Sequence[KnownOutcome]) -> list[News]:
    """What each outcome is beside those on record and those before it, by its id and scoring time: `added` is news, `corrected` another
    word, which counts from now on, and `known` the same word, which is not written again."""
    said = _said(connection, sorted({outcome.id for outcome in told}))
    found: list[News] = []
    new = []
    for outcome in told:
        key = outcome.id, None if outcome.predicted_at is None else stamp(outcome.predicted_at)
        found.append("added" if key not in said else "known" if said[key] == outcome.churned else "corrected")
        if found[-1] != "known":
            said[key] = outcome.churned
            new.append(outcome)
    _append(connection, new)
    return found


def _said(connection: Connection, ids: Sequence[str]) -> dict[tuple[str, str | None], int]:
    """The latest word on each id and scoring time."""
    said: dict[tuple[str, str | None], int] = {}
    for start in range(0, len(ids), _IDS):
        asked = outcomes.c.id.in_(ids[start : start + _IDS])
        query = select(outcomes.c.id, outcomes.c.predicted_at, outcomes.c.churned).where(asked).order_by(outcomes.c.seq)
        said |= {(id_, at): churned for id_, at, churned in connection.execute(query)}
    return said


def _append(connection: Connection, told: Sequence[KnownOutcome]) -> None:
    rows = [
        {
            "id": outcome.id,
            "predicted_at": None if outcome.predicted_at is None else stamp(outcome.predicted_at),
            "observed_at": stamp(outcome.observed_at),
            "churned": int(outcome.churned),
        }
        for outcome in told
    ]
    if rows:
        connection.execute(outcomes.insert(), rows)


def read_outcomes(state: State, until: datetime, which: ColumnElement[bool] | None = None) -> pd.DataFrame:
    """Outcomes known at `until`, of them those `which` chooses in SQL: columns `_id`, `_time` (scoring time, UTC or missing), `_churned`; the
    latest word on an id and time wins."""
    query = (
        select(outcomes.c.id, outcomes.c.predicted_at, outcomes.c.churned)
        .where(outcomes.c.observed_at <= stamp(until), true() if which is None else which)
        .order_by(outcomes.c.seq)
    )
    with state.read() as connection:
        rows = connection.execute(query).all()
    frame = pd.DataFrame(rows, columns=["_id", "_time", "_churned"])
    frame["_time"] = pd.to_datetime(frame["_time"], utc=True, format="ISO8601")
    return frame.drop_duplicates(["_id", "_time"], keep="last")


def join_outcomes(ids: pd.Series, times: pd.Series | None, told: pd.DataFrame) -> pd.Series:
    """KnownOutcome of each row, NaN where there is none: the one for its id and scoring time, else the one for its id that names no scoring time.
    `told`: as `read_outcomes` gives them."""
    dated = told[told["_time"].notna()]
    undated = told[told["_time"].isna()].set_index("_id")["_churned"]
    churned = ids.map(undated).astype("float64")
    if times is not None and len(dated):
        keys = pd.MultiIndex.from_arrays([ids, times])
        by_time = dated.set_index(["_id", "_time"])["_churned"]
        found = pd.Series(by_time.reindex(keys).to_numpy(dtype="float64"), index=ids.index)
        churned = found.fillna(churned)
    return churned
