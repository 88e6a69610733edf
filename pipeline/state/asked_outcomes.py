"""Outcomes that were asked for, on record: each list with its digest, and of everybody asked so far the stratum that the list puts them in."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import Connection, func, select

from pipeline.canonical_json import digest_of
from pipeline.clock import moment, stamp
from pipeline.state.asked_tables import asked_lists, asked_outcomes
from pipeline.state.database import State, outcomes
from pipeline.state.outcome_intakes import not_taken_back


@dataclass(frozen=True)
class AskedCustomer:
    """Somebody on a list: of the prediction made at `predicted_at` (ISO 8601, UTC), None where rows have no times. `customers` of the
    `stratum` could be, or were, asked, each with this `probability` (0-1). `drawn` now, else by an earlier list of the same customers."""

    id: str
    predicted_at: str | None
    stratum: int
    customers: int
    probability: float
    drawn: bool


@dataclass(frozen=True)
class RecordedList:
    """A list on record. `body` is of whoever wrote it."""

    number: int
    at: datetime
    by: str
    digest: str
    body: Mapping[str, Any]


def record_list_in(connection: Connection, at: datetime, by: str, asked: Sequence[AskedCustomer], body: Mapping[str, Any]) -> RecordedList:
    """Write a list down with the digest of its content, within the caller's transaction."""
    digest = digest_of({"asked": [asdict(one) for one in asked], "body": dict(body)})
    values = {"at": stamp(at), "by": by, "digest": digest, "body": dict(body)}
    inserted = connection.execute(asked_lists.insert().values(values)).inserted_primary_key
    assert inserted is not None  # one row was inserted
    number = int(inserted[0])
    connection.execute(asked_outcomes.insert(), [{**asdict(one), "drawn": int(one.drawn), "list": number} for one in asked])
    return RecordedList(number, at, by, digest, body)


def newest_number_in(connection: Connection) -> int:
    """The number of the newest list, 0 where there is none, within the caller's transaction."""
    return int(connection.execute(select(func.coalesce(func.max(asked_lists.c.number), 0))).scalar_one())


def newest_list(state: State) -> RecordedList | None:
    """The newest list; None where there is none."""
    with state.read() as connection:
        row = connection.execute(select(asked_lists).order_by(asked_lists.c.number.desc()).limit(1)).first()
    return None if row is None else RecordedList(row.number, moment(row.at), row.by, row.digest, row.body)


def answered_of(state: State, number: int) -> int:
    """How many customers that a list asked for the first time have an outcome on record."""
    asked = select(asked_outcomes.c.id).where(asked_outcomes.c.list == number, asked_outcomes.c.drawn == 1)
    query = select(func.count(outcomes.c.id.distinct())).where(outcomes.c.id.in_(asked), not_taken_back())
    with state.read() as connection:
        return int(connection.execute(query).scalar_one())


def bodies_of(state: State) -> dict[int, Mapping[str, Any]]:
    """The body of each list by its number."""
    with state.read() as connection:
        return {row.number: row.body for row in connection.execute(select(asked_lists.c.number, asked_lists.c.body))}


def read_asked(state: State) -> pd.DataFrame:
    """Everybody who was asked for, each as the newest list that has them: columns `_id`, `list`, `stratum`, `customers`, `probability`."""
    newest = select(asked_outcomes.c.id, func.max(asked_outcomes.c.list).label("list")).group_by(asked_outcomes.c.id).subquery()
    columns = (
        asked_outcomes.c.id,
        asked_outcomes.c.list,
        asked_outcomes.c.stratum,
        asked_outcomes.c.customers,
        asked_outcomes.c.probability,
    )
    query = select(*columns).join(newest, (asked_outcomes.c.id == newest.c.id) & (asked_outcomes.c.list == newest.c.list))
    with state.read() as connection:
        rows = connection.execute(query.order_by(asked_outcomes.c.seq)).all()
    frame = pd.DataFrame(rows, columns=["_id", "list", "stratum", "customers", "probability"])
    return frame.drop_duplicates("_id", keep="last", ignore_index=True)
