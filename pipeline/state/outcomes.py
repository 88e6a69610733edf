"""Outcomes on record: which are news, and what is known at a time."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

import pandas as pd
from sqlalchemy import ColumnElement, Connection, select, true

from pipeline.clock import moment, stamp
from pipeline.state.database import State, outcomes
from pipeline.state.outcome_intakes import IntakeOrigin, not_taken_back, record_intake_in

News = Literal["added", "corrected", "known"]
_IDS = 10_000  # in one query; SQLite takes some 32,000 parameters


@dataclass(frozen=True)
class KnownOutcome:
    """Whether a customer churned (1 or 0): of the prediction made at `predicted_at`, or where that is None of every prediction of the id that
    has no outcome of its own. `observed_at` is None where nobody said when: from now on. `recorded_at`: when it was written down, None where
    that is when it was observed."""

    id: str
    predicted_at: datetime | None
    observed_at: datetime | None
    churned: int
    recorded_at: datetime | None = None


@dataclass(frozen=True)
class _Word:
    churned: int
    recorded: str | None
    can_be_taken_back: bool


# By id and scoring time: each observation time's word, in the order they were said.
_Said = dict[tuple[str, str | None], dict[str, _Word]]


def log_outcomes(
    state: State, *, ids: Sequence[str], predicted: Sequence[datetime | None], observed: Sequence[datetime], churned: Sequence[int]
) -> None:
    """Append outcomes, whatever is on record; the fields of `KnownOutcome`, each of one length."""
    with state.write() as connection:
        _append(connection, [KnownOutcome(*fields) for fields in zip(ids, predicted, observed, churned, strict=True)], None)


def add_outcomes_in(
    connection: Connection, told: Sequence[KnownOutcome], now: datetime, origin: IntakeOrigin | None = None, *, moments: bool = False
) -> list[News]:
    """What each outcome is beside those on record and those before it, by its id and scoring time: `added` is news, `corrected` another
    word or another time of observation, which counts from now on, and `known` the same word, which is not written again.

    With `moments` an outcome without a scoring time is what happened at a moment: another time of observation is then another fact.
    What has an `origin` is an intake, which can be taken back.
    """
    said = _said(connection, sorted({outcome.id for outcome in told}))
    found: list[News] = []
    new = []
    for outcome in told:
        words = said.setdefault((outcome.id, None if outcome.predicted_at is None else stamp(outcome.predicted_at)), {})
        before = _before(words, outcome, moments=moments)
        found.append(_news(words, before, outcome))
        if found[-1] != "known":
            new.append(replace(outcome, observed_at=outcome.observed_at or now))
        elif origin is None and before is not None and words[before].can_be_taken_back:
            # Said once more and for good: it stays when the intake is taken back.
            new.append(replace(outcome, observed_at=moment(before), recorded_at=_moment(words[before].recorded)))
        else:
            continue
        at = stamp(new[-1].observed_at or now)
        words.pop(at, None)
        words[at] = _Word(outcome.churned, _stamped(new[-1].recorded_at), can_be_taken_back=origin is not None)
    intake = record_intake_in(connection, origin, len(new)) if origin is not None and new else None
    _append(connection, new, intake)
    return found


def _before(words: dict[str, _Word], outcome: KnownOutcome, *, moments: bool) -> str | None:
    """The observation time of the word that an outcome is compared with; None where there is none."""
    if moments and outcome.predicted_at is None and outcome.observed_at is not None:
        at = stamp(outcome.observed_at)
        return at if at in words else None
    return next(reversed(words), None)


def _news(words: dict[str, _Word], before: str | None, outcome: KnownOutcome) -> News:
    if before is None:
        return "added"
    same_time = outcome.observed_at is None or stamp(outcome.observed_at) == before
    same_record = outcome.recorded_at is None or stamp(outcome.recorded_at) == words[before].recorded
    return "known" if same_time and same_record and words[before].churned == outcome.churned else "corrected"


def _stamped(at: datetime | None) -> str | None:
    return None if at is None else stamp(at)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else moment(text)


def _said(connection: Connection, ids: Sequence[str]) -> _Said:
    said: _Said = {}
    columns = (
        outcomes.c.id,
        outcomes.c.predicted_at,
        outcomes.c.observed_at,
        outcomes.c.churned,
        outcomes.c.recorded_at,
        outcomes.c.intake,
    )
    for start in range(0, len(ids), _IDS):
        asked = outcomes.c.id.in_(ids[start : start + _IDS])
        for id_, at, observed, churned, recorded, intake in connection.execute(
            select(*columns).where(asked, not_taken_back()).order_by(outcomes.c.seq)
        ):
            words = said.setdefault((id_, at), {})
            words.pop(observed, None)
            words[observed] = _Word(churned, recorded, can_be_taken_back=intake is not None)
    return said


def _append(connection: Connection, told: Sequence[KnownOutcome], intake: int | None) -> None:
    rows = [
        {
            "id": outcome.id,
            "predicted_at": _stamped(outcome.predicted_at),
            "observed_at": _stamped(outcome.observed_at),
            "churned": int(outcome.churned),
            "intake": intake,
            "recorded_at": _stamped(outcome.recorded_at),
        }
        for outcome in told
    ]
    if rows:
        connection.execute(outcomes.insert(), rows)


def read_outcomes(state: State, until: datetime, which: ColumnElement[bool] | None = None, *, moments: bool = False) -> pd.DataFrame:
    """Outcomes known at `until`, of them those `which` chooses in SQL: columns `_id`, `_time` (scoring time, UTC or missing), `_observed`
    (UTC), `_churned`, `_recorded` (UTC; where nobody said, when it was observed); in the order they were said. The latest word on an id and time wins, with `moments` (`add_outcomes_in`) on each moment;
    the same word with another time of observation corrects that time."""
    query = (
        select(outcomes.c.id, outcomes.c.predicted_at, outcomes.c.observed_at, outcomes.c.churned, outcomes.c.recorded_at)
        .where(not_taken_back(), true() if which is None else which)
        .order_by(outcomes.c.seq)
    )
    with state.read() as connection:
        rows = connection.execute(query).all()
    frame = pd.DataFrame(rows, columns=["_id", "_time", "_observed", "_churned", "_recorded"])
    for name in ("_time", "_observed", "_recorded"):
        frame[name] = pd.to_datetime(frame[name], utc=True, format="ISO8601")
    frame["_recorded"] = frame["_recorded"].fillna(frame["_observed"])
    keys = [frame["_id"], frame["_time"], frame["_observed"].where(frame["_time"].isna() & moments)]
    following = frame["_churned"].groupby(keys, dropna=False, sort=False).shift(-1)
    frame = frame[(frame["_churned"] != following) & (frame["_observed"] <= until)]
    return frame[~pd.concat([key[frame.index] for key in keys], axis=1).duplicated(keep="last")]
