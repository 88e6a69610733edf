"""Checks that a watch has made, so that another process, or the same one after it was killed, knows what is still to be done."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, select

from pipeline.clock import moment, stamp
from pipeline.state.check_figures import CheckFigures
from pipeline.state.database import State
from pipeline.state.watch_tables import checks

UNDONE = ("failed", "parked")  # what is to be tried again
_KEPT = 20_000  # checks on record: two weeks of one a minute, two years of one an hour


@dataclass(frozen=True)
class Check:
    """One check. `status` is that of its case, `no_deploy_needed` where it asked for none, `acknowledged` where people know the shift,
    `failed`, or `parked` where it was stopped before its end. `newest_prediction` as far as it was read; `by` is who checked, and where; `problem`: why outcomes could not be taken in.
    `drift_share`: of the features, 0-1; `roc_auc`: of the champion on known outcomes; None where there is no such figure. `figures`: all that is drawn over time, None in
    checks of earlier versions, and of those that did not come so far."""

    started_at: datetime
    ended_at: datetime
    status: str
    case_id: str | None
    newest_prediction: datetime | None
    said: str
    by: str
    problem: str | None = None
    drift_share: float | None = None
    roc_auc: float | None = None
    figures: CheckFigures | None = None


@dataclass(frozen=True)
class CheckHistory:
    """When the first check began, the newest that came to its end, and the `undone` ones since, newest first."""

    first_at: datetime | None
    done: Check | None
    undone: tuple[Check, ...]


def record_check(state: State, check: Check) -> None:
    """Put a check on record; the oldest beyond some thousands are forgotten."""
    with state.write() as connection:
        number = connection.execute(
            checks.insert().values(
                started_at=stamp(check.started_at),
                ended_at=stamp(check.ended_at),
                status=check.status,
                case_id=check.case_id,
                newest_prediction=stamp(check.newest_prediction) if check.newest_prediction else None,
                said=check.said,
                problem=check.problem,
                drift_share=check.drift_share,
                roc_auc=check.roc_auc,
                by=check.by,
                figures=check.figures.model_dump(mode="json") if check.figures else None,
            )
        ).inserted_primary_key
        assert number is not None  # one row was inserted
        first = connection.execute(select(func.min(checks.c.number))).scalar()
        connection.execute(delete(checks).where(checks.c.number < int(number[0]) - _KEPT, checks.c.number != first))


def check_history(state: State) -> CheckHistory:
    """What was checked so far."""
    with state.read() as connection:
        done = connection.execute(select(checks).where(checks.c.status.not_in(UNDONE)).order_by(checks.c.number.desc()).limit(1)).first()
        since = checks.c.number > (done.number if done else 0)
        undone = connection.execute(select(checks).where(since).order_by(checks.c.number.desc()).limit(20)).all()
        return CheckHistory(_first(connection), _check(done) if done else None, tuple(map(_check, undone)))


def done_checks(state: State, most: int) -> tuple[Check, ...]:
    """The newest checks that came to their end and have figures, oldest first."""
    query = select(checks).where(checks.c.status.not_in(UNDONE), checks.c.figures.is_not(None)).order_by(checks.c.number.desc()).limit(most)
    with state.read() as connection:
        return tuple(_check(row) for row in reversed(connection.execute(query).all()))


def checks_between(state: State, since: datetime, until: datetime) -> tuple[Check, ...]:
    """Checks that began in `since` <= time < `until`, oldest first."""
    query = select(checks).where(checks.c.started_at >= stamp(since), checks.c.started_at < stamp(until)).order_by(checks.c.number)
    with state.read() as connection:
        return tuple(map(_check, connection.execute(query)))


def _first(connection: Connection) -> datetime | None:
    first = connection.execute(select(checks.c.started_at).order_by(checks.c.number).limit(1)).scalar()
    return moment(first) if first else None


def _check(row: object) -> Check:
    values = dict(row._mapping)  # type: ignore[attr-defined]
    newest = values["newest_prediction"]
    return Check(
        started_at=moment(values["started_at"]),
        ended_at=moment(values["ended_at"]),
        status=values["status"],
        case_id=values["case_id"],
        newest_prediction=moment(newest) if newest else None,
        said=values["said"],
        problem=values["problem"],
        drift_share=values["drift_share"],
        roc_auc=values["roc_auc"],
        by=values["by"],
        figures=CheckFigures.model_validate(values["figures"]) if values["figures"] else None,
    )
