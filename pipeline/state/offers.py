"""Offers on record: who was contacted, when and with what, and who would have been and was held out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

import pandas as pd
from sqlalchemy import Connection, select

from pipeline.clock import moment, stamp
from pipeline.state.database import State, offers

News = Literal["added", "corrected", "known"]
_IDS = 10_000  # in one query; SQLite takes some 32,000 parameters


@dataclass(frozen=True)
class Offer:
    """An offer made to a customer, or with `held_out` one that would have been made and was not. `kind` is the team's word for it, which may be
    empty; `accepted` is None where nobody knows."""

    id: str
    offered_at: datetime
    kind: str
    accepted: bool | None
    held_out: bool


_Key = tuple[str, str, str]


def add_offers_in(connection: Connection, told: Sequence[Offer]) -> list[News]:
    """What each offer is beside those on record and those before it, by its id, time and kind: `added` is news, `corrected` another word
    on whether it was accepted or held out, which counts from now on, and `known` the same, which is not written again. Not to say whether it
    was accepted takes nothing back."""
    said = _said(connection, sorted({offer.id for offer in told}))
    found: list[News] = []
    new = []
    for offer in told:
        before = said.get(_key(offer))
        now = replace(offer, accepted=before.accepted) if before is not None and offer.accepted is None else offer
        found.append("added" if before is None else "known" if before == now else "corrected")
        if found[-1] != "known":
            said[_key(now)] = now
            new.append(now)
    rows = [
        {
            "id": offer.id,
            "offered_at": stamp(offer.offered_at),
            "kind": offer.kind,
            "accepted": None if offer.accepted is None else int(offer.accepted),
            "held_out": int(offer.held_out),
        }
        for offer in new
    ]
    if rows:
        connection.execute(offers.insert(), rows)
    return found


def _key(offer: Offer) -> _Key:
    return offer.id, stamp(offer.offered_at), offer.kind


def _said(connection: Connection, ids: Sequence[str]) -> dict[_Key, Offer]:
    said: dict[_Key, Offer] = {}
    columns = (offers.c.id, offers.c.offered_at, offers.c.kind, offers.c.accepted, offers.c.held_out)
    for start in range(0, len(ids), _IDS):
        query = select(*columns).where(offers.c.id.in_(ids[start : start + _IDS])).order_by(offers.c.seq)
        for id_, at, kind, accepted, held_out in connection.execute(query):
            said[id_, at, kind] = Offer(id_, moment(at), kind, None if accepted is None else bool(accepted), bool(held_out))
    return said


def read_offers(state: State, since: datetime, until: datetime) -> pd.DataFrame:
    """The latest word on each offer of `since <= offered_at <= until`, oldest first: columns `_id`, `_offered` (UTC), `kind`, `accepted` (1,
    0 or NaN) and `held_out` (bool)."""
    query = (
        select(offers.c.id, offers.c.offered_at, offers.c.kind, offers.c.accepted, offers.c.held_out)
        .where(offers.c.offered_at.between(stamp(since), stamp(until)))
        .order_by(offers.c.offered_at, offers.c.seq)
    )
    with state.read() as connection:
        rows = connection.execute(query).all()
    frame = pd.DataFrame(rows, columns=["_id", "_offered", "kind", "accepted", "held_out"])
    frame = frame.drop_duplicates(["_id", "_offered", "kind"], keep="last", ignore_index=True)
    frame["_offered"] = pd.to_datetime(frame["_offered"], utc=True, format="ISO8601")
    return frame.astype({"accepted": "float64", "held_out": bool})
