"""What models that do not serve say of customers who were scored, beside what the model that served had said."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pandas as pd
from sqlalchemy import Select, func, select

from pipeline.clock import moment, stamp
from pipeline.state.database import State
from pipeline.state.watch_tables import shadow_scores

_KEPT = timedelta(days=400)  # outcomes have matured long before; what is older is forgotten


def newest_shadow(state: State, digest: str) -> datetime | None:
    """The newest scoring time of which the model with this digest has said something; None where there is none."""
    with state.read() as connection:
        found = connection.execute(_newest(digest)).scalar()
    return moment(found) if found else None


def add_shadow_scores(state: State, digest: str, version: str, rows: pd.DataFrame, scores: Sequence[float], after: datetime | None) -> int:
    """Put on record what a model says of some rows (`_id`, `_time`, `_score`), once each, and forget what is older than 400 days; returns how many. Where its newest scoring time is not
    `after` any more, another process was faster: then nothing is written.
    """
    told = {
        (id_, stamp(at.to_pydatetime())): {"score": float(score), "served_score": float(served)}
        for id_, at, served, score in zip(rows["_id"], rows["_time"], rows["_score"], scores, strict=True)
    }
    with state.write() as connection:
        newest = connection.execute(_newest(digest)).scalar()
        if not told or newest != (stamp(after) if after else None):
            return 0
        connection.execute(
            shadow_scores.insert(),
            [{"digest": digest, "version": version, "id": id_, "predicted_at": at, **each} for (id_, at), each in told.items()],
        )
        oldest = stamp(moment(max(at for _, at in told)) - _KEPT)
        connection.execute(shadow_scores.delete().where(shadow_scores.c.predicted_at < oldest))
    return len(told)


def read_shadow_scores(state: State, digest: str, since: datetime, until: datetime) -> pd.DataFrame:
    """What the model said of `since < predicted_at <= until`, oldest first: `_id`, `_time` (UTC), `score` and `served_score` (0-1)."""
    table = shadow_scores.c
    query = (
        select(table.id, table.predicted_at, table.score, table.served_score)
        .where(table.digest == digest, table.predicted_at > stamp(since), table.predicted_at <= stamp(until))
        .order_by(table.predicted_at, table.id)
    )
    with state.read() as connection:
        frame = pd.DataFrame(connection.execute(query).all(), columns=["_id", "_time", "score", "served_score"])
    return frame.assign(_time=pd.to_datetime(frame["_time"], utc=True, format="ISO8601"))


def _newest(digest: str) -> Select[str | None]:
    return select(func.max(shadow_scores.c.predicted_at)).where(shadow_scores.c.digest == digest)
