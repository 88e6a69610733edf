"""What has been going on in a workspace, in short: which models served and who decided it, what is open, what was trained, told and logged."""

from datetime import datetime, timedelta
from typing import Annotated

from pydantic import BaseModel, Field
from sqlalchemy import func, select

from pipeline.clock import moment
from pipeline.intake.team_log import own_log
from pipeline.record.cases import Case, Waiting, concluded, waiting_in
from pipeline.record.champion import champion_of
from pipeline.record.ledger import MOVES
from pipeline.record.opened_workspace import Opened
from pipeline.rulings.acknowledgements import recorded_acknowledgements
from pipeline.rulings.exclusions import recorded_exclusions
from pipeline.rulings.noted_events import recorded_events
from pipeline.shown_text import plain
from pipeline.state.database import State, outcomes, predictions
from pipeline.state.predictions import logged_rows_per_day, newest_prediction

MOST = 8  # of each list, the newest
_ASKS = frozenset({"open", "partial", "needs_people", "pending_approval", "approving"})


class Served(BaseModel, frozen=True):
    """One move of the champion. `by` and `reason` are empty where nobody had to approve: the first model."""

    version: str
    digest: str
    since: datetime
    how: Annotated[str, Field(description="first model, or what a person did")]
    by: str
    reason: str
    case_id: str | None


class CaseInShort(BaseModel, frozen=True):
    """One case: what it found, and what people made of it."""

    case_id: str
    status: str
    opened_at: datetime
    cause: str | None
    action: str | None
    challenger: Annotated[str | None, Field(description="Version")]
    decided_by: str | None
    reason: str | None


class TrainingInShort(BaseModel, frozen=True):
    """One training; `passed` is null while it runs or where it was cut off."""

    case_id: str
    at: datetime
    mode: str | None
    passed: bool | None
    roc_auc: float | None


class Told(BaseModel, frozen=True):
    """What people told: an event, or a ruling (acknowledgement, exclusion, a cause overruled)."""

    kind: str
    at: datetime
    by: str
    said: str


class LoggedRows(BaseModel, frozen=True):
    """Predictions logged; none are counted where the team keeps its own log."""

    rows: int
    newest: datetime | None
    per_day: Annotated[dict[str, int], Field(description="The last 7 days (UTC) up to the newest; a day that is not there has none")]


class KnownOutcomes(BaseModel, frozen=True):
    """Outcomes on record."""

    customers: int
    newest: datetime | None


class WorkspaceHistory(BaseModel, frozen=True):
    """The workspace as it is now and how it came to be, newest first, at most eight of each."""

    served: Annotated[tuple[Served, ...], Field(description="The first is the champion")]
    waiting: Annotated[Waiting | None, Field(description="A challenger that waits for a person")]
    open_cases: tuple[CaseInShort, ...]
    decisions: Annotated[tuple[CaseInShort, ...], Field(description="Challengers that a person decided on")]
    last_triage: CaseInShort | None
    trainings: tuple[TrainingInShort, ...]
    told: tuple[Told, ...]
    predictions: LoggedRows | None
    outcomes: KnownOutcomes

    @property
    def champion(self) -> Served | None:
        """The model that serves now."""
        return self.served[0] if self.served else None


def workspace_history(opened: Opened) -> WorkspaceHistory:
    """Read it all; what does not change is not measured again."""
    cases, moves = opened.cases.all(), served(opened)
    digest = moves[0].digest if moves else None
    asking = [case for case in cases if case.status in _ASKS and (digest is None or case.champion.digest.startswith(digest))]
    own = own_log(opened) is not None
    return WorkspaceHistory(
        served=moves[:MOST],
        waiting=next((waits for case in asking if (waits := waiting_in(case))), None),
        open_cases=tuple(in_short(case) for case in asking[:MOST]),
        decisions=tuple(in_short(case) for case in cases if case.decision is not None)[:MOST],
        last_triage=next((in_short(case) for case in cases if case.kind == "triage"), None),
        trainings=_trainings(opened, cases),
        told=_told(opened, cases),
        predictions=None if own else _logged(opened.state),
        outcomes=_outcomes(opened.state),
    )


def served(opened: Opened) -> tuple[Served, ...]:
    """Every model that served, newest first."""
    rows = {entry.seq: entry for entry in opened.ledger.entries()}
    found = []
    for entry in rows.values():
        champion = champion_of(entry)
        if entry.kind not in MOVES or champion is None:
            continue
        approval = rows.get(entry.body.get("approval") or 0, entry)
        found.append(
            Served(
                version=champion.version,
                digest=champion.digest[:12],
                since=moment(entry.at),
                how="first model" if entry.body.get("bootstrap") else entry.kind.replace("_", " "),
                by=str(approval.body.get("reviewer") or ""),
                reason=str(approval.body.get("reason") or ""),
                case_id=entry.case_id,
            )
        )
    return tuple(reversed(found))


def in_short(case: Case) -> CaseInShort:
    """One case in short."""
    found = concluded(case)
    return CaseInShort(
        case_id=case.case_id,
        status=case.status,
        opened_at=case.opened_at,
        cause=found.cause if found else None,
        action=case.action,
        challenger=case.challenger.version if case.challenger else None,
        decided_by=case.decision.reviewer if case.decision else None,
        reason=case.decision.reason if case.decision else None,
    )


def _trainings(opened: Opened, cases: tuple[Case, ...]) -> tuple[TrainingInShort, ...]:
    found: list[TrainingInShort] = []
    for case in cases:
        if len(found) >= MOST:
            break
        for done in reversed(opened.cases.trainings(case.case_id)):
            result = done.result
            known = (result.mode, result.gate.passed, result.metrics.roc_auc.value) if result else (None,) * 3
            mode, passed, roc_auc = known
            found.append(TrainingInShort(case_id=case.case_id, at=done.started_at, mode=mode, passed=passed, roc_auc=roc_auc))
    return tuple(found[:MOST])


def _told(opened: Opened, cases: tuple[Case, ...]) -> tuple[Told, ...]:
    told = [Told(kind="event", at=one.since, by=one.by, said=plain(one.name, 200)) for one in recorded_events(opened.state)]
    told += [
        Told(kind="acknowledgement", at=one.at, by=one.by, said=f"case {one.case_id}: {plain(one.reason, 200)}")
        for one in recorded_acknowledgements(opened.state)
    ]
    told += [
        Told(kind="exclusion", at=one.at, by=one.by, said=f"rows of {one.since:%Y-%m-%d} to {one.until:%Y-%m-%d}: {plain(one.reason, 200)}")
        for one in recorded_exclusions(opened.state)
        if one.ended_at is None
    ]
    told += [
        Told(kind="overruled", at=case.override.at, by=case.override.by, said=f"case {case.case_id}: {plain(case.override.reason, 200)}")
        for case in cases
        if case.override is not None
    ]
    return tuple(sorted(told, key=lambda one: one.at, reverse=True)[:MOST])


def _logged(state: State) -> LoggedRows:
    newest = newest_prediction(state)
    with state.read() as connection:
        rows = int(connection.execute(select(func.count()).select_from(predictions)).scalar_one())
    days = logged_rows_per_day(state, newest - timedelta(days=7), newest) if newest else {}
    return LoggedRows(rows=rows, newest=newest, per_day={f"{day:%Y-%m-%d}": count for day, count in sorted(days.items())})


def _outcomes(state: State) -> KnownOutcomes:
    told = func.coalesce(outcomes.c.recorded_at, outcomes.c.observed_at)
    with state.read() as connection:
        customers, newest = connection.execute(select(func.count(outcomes.c.id.distinct()), func.max(told))).one()
    return KnownOutcomes(customers=int(customers), newest=moment(newest) if newest else None)
