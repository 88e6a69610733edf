"""The cases of one workspace in its state database: opened once per window, changed only from where they are expected to be."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from pipeline.clock import moment, stamp
from pipeline.errors import ChurnopsError
from pipeline.record.cases import Call, CallOutcome, Case, Status, Training, TrainingResult
from pipeline.state.database import State, calls, cases, trainings
from pipeline.words import STATUSES


class CaseFile:
    """All cases of one workspace, in its state database."""

    def __init__(self, state: State) -> None:
        self._state = state

    def open(self, draft: Case) -> Case:
        """The case of the draft's key if there is one, else the draft, its id made unique: one per key, whoever asks. What a person starts by
        hand is begun anew once it is closed; no other is."""
        with self._state.write() as connection:
            known = _of_key(connection, draft.key, closed=draft.kind != "manual")
            if known is not None:
                return known
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

    def of_key(self, key: str) -> Case | None:
        """The newest case with this key, open or closed, if there is one."""
        with self._state.read() as connection:
            return _of_key(connection, key, closed=True)

    def waiting(self, champion: str, beside: str = "") -> Case | None:
        """The newest case whose challenger waits to replace the champion with this digest, other than the case `beside`."""
        query = select(cases).where(cases.c.status == "pending_approval", cases.c.case_id != beside).order_by(cases.c.opened_at.desc())
        with self._state.read() as connection:
            found = (_case(row) for row in connection.execute(query))
            return next((case for case in found if case.champion.digest == champion and case.challenger is not None), None)

    def get(self, case_id: str) -> Case:
        """One case.

        Raises:
            ChurnopsError: there is none with this id.
        """
        with self._state.read() as connection:
            return _get(connection, case_id)

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
            raise _no_case(beginning)
        raise ChurnopsError(
            f"{len(found)} cases begin with {beginning!r}: {', '.join(case.case_id for case in found[:5])}.", "Give one in full."
        )

    def all(self) -> tuple[Case, ...]:
        """Every case, newest first."""
        with self._state.read() as connection:
            return tuple(_case(row) for row in connection.execute(select(cases).order_by(cases.c.opened_at.desc(), cases.c.case_id.desc())))

    def newest(self, most: int) -> tuple[Case, ...]:
        """At most so many cases, newest first."""
        query = select(cases).order_by(cases.c.opened_at.desc(), cases.c.case_id.desc()).limit(most)
        with self._state.read() as connection:
            return tuple(_case(row) for row in connection.execute(query))

    def move(self, case_id: str, expected: tuple[Status, ...], **changes: Any) -> Case:
        """Change fields of a case if its status is one of `expected`; the check and the change are one transaction.

        Raises:
            ChurnopsError: the case is in another state, which the sentence names.
        """
        with self._state.write() as connection:
            return self.move_in(connection, case_id, expected, **changes)

    def move_in(self, connection: Connection, case_id: str, expected: tuple[Status, ...], **changes: Any) -> Case:
        """As `move`, inside the caller's write transaction."""
        before = _get(connection, case_id)
        if before.status not in expected:
            raise ChurnopsError(f"Case {case_id} has status “{STATUSES[before.status]}”.", f"This needs it to be {' or '.join(expected)}.")
        after = Case.model_validate({**before.model_dump(), **changes})
        connection.execute(cases.update().where(cases.c.case_id == case_id).values(status=after.status, body=after.model_dump(mode="json")))
        return after

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
            done = {
                "tool": tool,
                "arguments": dict(arguments),
                "outcome": outcome,
                "seconds": seconds,
                "result": {**result, "call": number},
            }
            connection.execute(calls.insert().values(case_id=case_id, number=number, at=stamp(at), **done))
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

    def finish_training(self, connection: Connection, case_id: str, number: int, result: TrainingResult) -> None:
        """Put a training's result on record, inside the caller's write transaction."""
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


def _get(connection: Connection, case_id: str) -> Case:
    row = connection.execute(select(cases).where(cases.c.case_id == case_id)).first()
    if row is None:
        raise _no_case(case_id)
    return _case(row)


def _no_case(named: str) -> ChurnopsError:
    return ChurnopsError(f"There is no case {named[:64]!r}.", "`churnops reports list` shows the cases.")


def _of_key(connection: Connection, key: str, *, closed: bool) -> Case | None:
    query = select(cases).where(cases.c.key == key).order_by(cases.c.opened_at.desc(), cases.c.case_id.desc()).limit(1)
    if not closed:
        query = query.where(cases.c.status.in_(("open", "partial")))
    row = connection.execute(query).first()
    return None if row is None else _case(row)


def _case(row: Any) -> Case:
    return Case.model_validate({**row.body, "status": row.status})
