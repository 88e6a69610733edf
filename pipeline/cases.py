"""Cases: one triage from alert to decision, with every tool call and training on record."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Connection, func, select

from pipeline.clock import moment, stamp
from pipeline.diagnosis import Action, Diagnosis
from pipeline.errors import ChurnopsError
from pipeline.evidence import CalibrationTrial, Comparison, DriftSummary, GateResult, Metrics
from pipeline.state import State, calls, cases, trainings

Status = Literal["open", "no_deploy_needed", "needs_people", "pending_approval", "partial", "approving", "approved", "rejected"]
CallOutcome = Literal["ok", "refused", "failed"]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ModelRef(_Record):
    """A registered model: registry version and artifact digest."""

    version: str
    digest: str


class WindowFacts(_Record):
    """What a case remembers of its window."""

    source: str
    since: datetime | None
    until: datetime | None
    rows: int
    labelled_rows: int
    labelled_churners: int
    fingerprint: str


class Challenger(_Record):
    """A candidate that passed the gate and waits for approval."""

    version: str
    digest: str
    gate: GateResult
    metrics: Metrics


class ReportRef(_Record):
    """A report as it was written."""

    path: str
    sha256: str


class Decision(_Record):
    """What a person decided, and why."""

    reviewer: str
    reason: str
    at: datetime


class Case(_Record):
    """One case. `champion` is the model that served when it was opened; None for the champion's own first training."""

    case_id: str
    key: str
    kind: Literal["triage", "manual"]
    status: Status = "open"
    opened_at: datetime
    started_by: str
    policy_version: str
    champion: ModelRef
    window: WindowFacts | None = None
    drift: DriftSummary | None = None
    diagnosis: Diagnosis | None = None
    action: Action | None = None
    mode: str | None = None
    operator: str | None = None
    challenger: Challenger | None = None
    report: ReportRef | None = None
    closed_at: datetime | None = None
    decision: Decision | None = None


class Call(_Record):
    """One tool call of a case; `number` is what reports cite. `result` is the tool's structured answer, or {"refused": …}."""

    number: int
    at: datetime
    tool: str
    arguments: dict[str, Any]
    outcome: CallOutcome
    seconds: float
    result: dict[str, Any]


class TrainingResult(_Record):
    """What one training of a case came to."""

    mode: str
    estimator: str
    hyperparameters: dict[str, int | float]
    digest: str | None
    version: str | None
    metrics: Metrics
    champion_metrics: Metrics | None
    comparison: Comparison | None
    gate: GateResult
    calibration: CalibrationTrial
    train_rows: int
    gate_rows: int
    seconds: float


class Training(_Record):
    """One training of a case; `result` is None while it runs, and stays None when it was cut off."""

    number: int
    started_at: datetime
    arguments: dict[str, Any]
    result: TrainingResult | None


class CaseFile:
    """All cases of one workspace, in its state database."""

    def __init__(self, state: State) -> None:
        self._state = state

    def open(self, draft: Case) -> Case:
        """The unfinished case with the draft's key if there is one, else the draft, its id made unique. One per key, whoever asks."""
        with self._state.write() as connection:
            unfinished = _unfinished(connection, draft.key)
            if unfinished is not None:
                return unfinished
            taken = set(
                connection.execute(select(cases.c.case_id).where(cases.c.case_id.startswith(draft.case_id, autoescape=True))).scalars()
            )
            number, case_id = 1, draft.case_id
            while case_id in taken:
                number += 1
                case_id = f"{draft.case_id}-{number}"
            case = draft.model_copy(update={"case_id": case_id})
            connection.execute(
                cases.insert().values(
                    case_id=case_id, key=case.key, status=case.status, opened_at=stamp(case.opened_at), body=case.model_dump(mode="json")
                )
            )
            return case

    def unfinished(self, key: str) -> Case | None:
        """The open or partial case with this key, if there is one."""
        with self._state.read() as connection:
            return _unfinished(connection, key)

    def get(self, case_id: str) -> Case:
        """One case.

        Raises:
            ChurnopsError: there is none with this id.
        """
        with self._state.read() as connection:
            row = connection.execute(select(cases).where(cases.c.case_id == case_id)).first()
        if row is None:
            raise ChurnopsError(f"There is no case {case_id[:64]!r}.", "`churnops reports list` shows the cases.")
        return _case(row)

    def find(self, beginning: str) -> Case:
        """The one case whose id is, or begins with, `beginning`.

        Raises:
            ChurnopsError: there is none, or more than one.
        """
        found = [case for case in self.all() if beginning and case.case_id.startswith(beginning)]
        exact = [case for case in found if case.case_id == beginning]
        if len(exact or found) == 1:
            return (exact or found)[0]
        if not found:
            raise ChurnopsError(f"There is no case {beginning[:64]!r}.", "`churnops reports list` shows the cases.")
        raise ChurnopsError(
            f"{len(found)} cases begin with {beginning!r}: {', '.join(case.case_id for case in found[:5])}.", "Give one in full."
        )

    def all(self) -> tuple[Case, ...]:
        """Every case, newest first."""
        with self._state.read() as connection:
            return tuple(_case(row) for row in connection.execute(select(cases).order_by(cases.c.opened_at.desc(), cases.c.case_id.desc())))

    def move(self, case_id: str, expected: tuple[Status, ...], **changes: Any) -> Case:
        """Change fields of a case if its status is one of `expected`; the check and the change are one transaction.

        Raises:
            ChurnopsError: the case is in another state, which the sentence names.
        """
        with self._state.write() as connection:
            return self.move_in(connection, case_id, expected, **changes)

    def move_in(self, connection: Connection, case_id: str, expected: tuple[Status, ...], **changes: Any) -> Case:
        """As `move`, inside the caller's write transaction."""
        row = connection.execute(select(cases).where(cases.c.case_id == case_id)).first()
        if row is None:
            raise ChurnopsError(f"There is no case {case_id[:64]!r}.", "`churnops reports list` shows the cases.")
        before = _case(row)
        if before.status not in expected:
            raise ChurnopsError(f"Case {case_id} is {before.status.replace('_', ' ')}.", f"This needs it to be {' or '.join(expected)}.")
        after = Case.model_validate({**before.model_dump(), **changes})
        connection.execute(cases.update().where(cases.c.case_id == case_id).values(status=after.status, body=after.model_dump(mode="json")))
        return after

    def ids_in(self, connection: Connection, status: Status) -> tuple[str, ...]:
        """Ids of the cases in one status, as the caller's transaction sees them."""
        return tuple(connection.execute(select(cases.c.case_id).where(cases.c.status == status)).scalars())

    def record_call(
        self,
        case_id: str,
        at: datetime,
        tool: str,
        arguments: Mapping[str, Any],
        outcome: CallOutcome,
        seconds: float,
        result: Mapping[str, Any],
    ) -> int:
        """Put one finished tool call on record; returns its number in the case, from 1."""
        with self._state.write() as connection:
            number = 1 + (connection.execute(select(func.max(calls.c.number)).where(calls.c.case_id == case_id)).scalar() or 0)
            connection.execute(
                calls.insert().values(
                    case_id=case_id,
                    number=number,
                    at=stamp(at),
                    tool=tool,
                    arguments=dict(arguments),
                    outcome=outcome,
                    seconds=seconds,
                    result={**result, "call": number},
                )
            )
            return number

    def calls(self, case_id: str) -> tuple[Call, ...]:
        """The case's tool calls in order."""
        with self._state.read() as connection:
            rows = connection.execute(select(calls).where(calls.c.case_id == case_id).order_by(calls.c.number)).all()
        return tuple(Call(**{key: value for key, value in row._mapping.items() if key != "case_id"}) for row in rows)

    def begin_training(self, case_id: str, at: datetime, arguments: Mapping[str, Any]) -> int:
        """Put the start of a training on record; returns its number in the case, from 1."""
        with self._state.write() as connection:
            number = 1 + (connection.execute(select(func.max(trainings.c.number)).where(trainings.c.case_id == case_id)).scalar() or 0)
            connection.execute(trainings.insert().values(case_id=case_id, number=number, started_at=stamp(at), arguments=dict(arguments)))
            return number

    def finish_training(self, case_id: str, number: int, result: TrainingResult) -> None:
        """Put a training's result on record."""
        with self._state.write() as connection:
            connection.execute(
                trainings.update()
                .where(trainings.c.case_id == case_id, trainings.c.number == number)
                .values(result=result.model_dump(mode="json"))
            )

    def trainings(self, case_id: str) -> tuple[Training, ...]:
        """The case's trainings in order."""
        with self._state.read() as connection:
            rows = connection.execute(select(trainings).where(trainings.c.case_id == case_id).order_by(trainings.c.number)).all()
        return tuple(Training(number=row.number, started_at=row.started_at, arguments=row.arguments, result=row.result) for row in rows)

    def last_training_elsewhere(self, case_id: str) -> datetime | None:
        """When the latest training of any other case began."""
        with self._state.read() as connection:
            latest = connection.execute(select(func.max(trainings.c.started_at)).where(trainings.c.case_id != case_id)).scalar()
        return moment(latest) if latest else None


def _unfinished(connection: Connection, key: str) -> Case | None:
    query = select(cases).where(cases.c.key == key, cases.c.status.in_(("open", "partial"))).order_by(cases.c.opened_at.desc()).limit(1)
    row = connection.execute(query).first()
    return None if row is None else _case(row)


def _case(row: Any) -> Case:
    return Case.model_validate({**row.body, "status": row.status})
