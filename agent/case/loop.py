"""The loop: check bounds, ask the operator, run its tool calls, record, repeat. Every ending is a typed stop reason."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import anyio

from agent.case import events
from agent.case.bounds import Bounds, StopReason, Used
from agent.case.ending import Ending
from agent.case.readers import Readers
from agent.conversation import messages
from agent.conversation.tool_calls import Progress, make_call, spec_of
from agent.conversation.tool_results import line, read
from pipeline.clock import Clock
from pipeline.record.failure import CASE_CLOSED, Failure
from pipeline.workspace.policy import Limits
from tools.results import ReportReply

if TYPE_CHECKING:
    from mcp import Client

NUDGE = "The case is still open. Go on with the tools, and close it with save_remediation_report."


async def tool_specs(client: "Client") -> tuple[messages.ToolSpec, ...]:
    """The tools `client` reaches, in the server's order."""
    return tuple(spec_of(tool) for tool in (await client.list_tools()).tools)


async def run(
    operator: messages.Operator,
    fallback: messages.Operator | None,
    client: "Client",
    tools: tuple[messages.ToolSpec, ...],
    conversation: messages.Conversation,
    limits: Limits,
    emit: Callable[[events.Event], None],
    clock: Clock,
    already_spent_calls: int = 0,
    already_spent: Used | None = None,
) -> Ending:
    """Let `operator` work on the case that `conversation` begins with, until its report is saved or a bound is hit.

    `fallback` takes over if the operator fails, for whatever reason. Cancelling the task ends the run as `interrupted`; it still returns.
    `already_spent` is what a run that was killed has used of the same bounds.

    Raises:
        Exception: what a reader of the events raised, such as a `WorkspaceError` where they cannot be written down; nothing else.
    """
    bounds = Bounds(limits, already_spent_calls, already_spent or Used())
    return await _Run(operator, fallback, client, tools, list(conversation), bounds, Readers(emit), clock).to_the_end()


@dataclass
class _Run:
    operator: messages.Operator
    fallback: messages.Operator | None
    client: "Client"
    tools: tuple[messages.ToolSpec, ...]
    conversation: list[messages.Message]
    bounds: Bounds
    emit: Readers
    now: Clock
    label: str = ""
    trainings: int = 0
    closed: bool = False
    report: ReportReply | None = None
    failure: str | None = None
    reserved: messages.Spend = field(
        default_factory=messages.Spend
    )  # for the ask that is running: nobody knows what one that is cut off has cost

    @property
    def _reading(self) -> frozenset[str]:
        return frozenset(tool.name for tool in self.tools if tool.read_only)

    async def to_the_end(self) -> Ending:
        self.label = self.operator.name
        self._announce()
        stopped: StopReason = "time_limit"
        try:
            with anyio.move_on_after(self.bounds.seconds_left):
                stopped = await self._work()
        except asyncio.CancelledError:
            stopped = "interrupted"
            if task := asyncio.current_task():
                task.uncancel()
        except Exception as error:
            stopped, self.failure = "operator_failed", self._unexpected("the run", error)
        self.emit.check()
        if self.reserved.tokens:
            self._spend(self.reserved)
        for call in self._unanswered():
            self._not_made(call, f"This call was not finished: {stopped.replace('_', ' ')}.")
        facts: dict[str, Any] = {
            "stopped": stopped,
            "operator": self.label,
            "turns": self.bounds.turns,
            "tool_calls": self.bounds.tool_calls,
            "trainings": self.trainings,
            "spend": self.bounds.spend,
            "report": self.report,
            "failure": self.failure,
        }
        self.emit(events.Stopped(at=self.now(), **facts))
        return Ending(**facts, conversation=tuple(self.conversation))

    async def _work(self) -> StopReason:
        while True:
            turn = await self._next_turn()
            if not isinstance(turn, messages.OperatorTurn):
                return turn
            await self._answer(turn.calls)
            if self.closed:
                return "operator_failed" if self.failure else "finished"
            if not turn.calls and not turn.paused:
                self.conversation.append(messages.Nudge(text=NUDGE))

    async def _next_turn(self) -> messages.OperatorTurn | StopReason:
        """What the operator says next, or the fallback where it fails; else why nobody is asked any more."""
        while True:
            try:
                worst = self.operator.worst_case(tuple(self.conversation), self.tools)
                return self.bounds.before_ask(worst) or await self._ask(worst)
            except messages.OperatorFailed as failed:
                self.emit.check()
                spend, self.failure = failed.spend, failed.reason
            except Exception as error:  # an operator that breaks has failed; what its ask has cost nobody knows
                spend, self.failure = self.reserved, self._unexpected(self.operator.name, error)
            self._spend(spend)
            if not self._hand_over():
                return "operator_failed"

    async def _ask(self, worst: messages.Spend) -> messages.OperatorTurn:
        self.bounds.turns += 1
        self.reserved = worst
        self.emit(events.TurnStarted(at=self.now(), turn=self.bounds.turns, operator=self.operator.name, reserved=worst))
        answer = await self.operator.ask(
            tuple(self.conversation), self.tools, lambda text: self.emit(events.TextDelta(at=self.now(), text=text))
        )
        self._spend(answer.spend)
        self.conversation.append(answer.turn)
        return answer.turn

    def _unexpected(self, where: str, error: Exception) -> str:
        self.emit.check()
        event = events.crashed(self.now(), where, error)
        self.emit(event)
        return event.line

    def _spend(self, spend: messages.Spend) -> None:
        self.reserved = messages.Spend()
        self.bounds.spend += spend
        self.emit(events.Spent(at=self.now(), turn=self.bounds.turns, spend=spend, total=self.bounds.spend))

    def _hand_over(self) -> bool:
        if self.fallback is None:
            return False
        failed, self.operator, self.fallback = self.operator, self.fallback, None
        self.label = f"{failed.name}+{self.operator.name}"
        change = events.OperatorChanged(
            at=self.now(),
            failed=failed.name,
            operator=self.operator.name,
            label=self.label,
            about=self.operator.about,
            reason=self.failure or "",
        )
        self.emit(change)
        return True

    async def _answer(self, calls: tuple[messages.ToolCall, ...]) -> None:
        """Carry out one turn's calls: neighbours that only read at the same time, what changes something alone and in its place."""
        together: list[messages.ToolCall] = []
        for call in calls:
            alone = call.name not in self._reading or call.malformed is not None
            if alone or self.closed or not self.bounds.may_call():
                await self._read(together)
                together = []
            if not self._may(call):
                continue
            if not alone:
                together.append(call)
            else:
                self._record(call, await make_call(self.client, call, self._progress_of(call)))
        await self._read(together)

    async def _read(self, calls: list[messages.ToolCall]) -> None:
        answers: dict[int, messages.ToolReturn] = {}

        async def read_one(place: int, call: messages.ToolCall) -> None:
            answers[place] = await make_call(self.client, call, self._progress_of(call))

        async with anyio.create_task_group() as group:
            for place, call in enumerate(calls):
                group.start_soon(read_one, place, call)
        for place, call in enumerate(calls):
            self._record(call, answers[place])

    def _may(self, call: messages.ToolCall) -> bool:
        """Count the call and say that it begins; one that may not is answered with the reason."""
        if self.closed:
            self._not_made(call, "The case is closed: nothing was done.")
            return False
        if not self.bounds.may_call():
            self._not_made(call, f"All {self.bounds.limits.tool_calls} tool calls are spent.", "limits.tool_calls")
            return False
        self.bounds.tool_calls += 1
        self.emit(
            events.ToolCalled(at=self.now(), call_id=call.id, number=self.bounds.tool_calls, name=call.name, arguments=call.arguments)
        )
        if call.malformed is not None:
            self._not_made(call, f"The arguments are no JSON object, so nothing was done: {call.malformed[:200]}")
            return False
        return True

    def _record(self, call: messages.ToolCall, answer: messages.ToolReturn) -> None:
        if (failure := answer.failure) is not None and failure.rule is not None:
            # Whoever closed it, the case is over; its report is the other's.
            self.closed = self.closed or failure.rule == CASE_CLOSED
            self._refuse(call, failure)
            return
        self.conversation.append(answer)
        reading = None if answer.is_error else read(call.name, answer.structured)
        self.trainings += call.name == "run_training" and not answer.is_error
        self.closed = self.closed or (call.name == "save_remediation_report" and not answer.is_error)
        if isinstance(reading, ReportReply):
            self.report = reading
        self.emit(
            events.ToolReturned(
                at=self.now(),
                call_id=call.id,
                name=call.name,
                is_error=answer.is_error,
                line=line(reading) if reading else _first_line(answer.text),
                structured=answer.structured,
            )
        )

    def _progress_of(self, call: messages.ToolCall) -> Progress:
        async def on_progress(progress: float, total: float | None, message: str | None) -> None:
            self.emit(events.ToolProgress(at=self.now(), call_id=call.id, done=progress, total=total, message=message or ""))

        return on_progress

    def _refuse(self, call: messages.ToolCall, failure: Failure) -> None:
        self.conversation.append(messages.ToolReturn.failed(call, failure))
        self.emit(events.Refused(at=self.now(), call_id=call.id, name=call.name, rule=failure.rule, line=_first_line(failure.said)))

    def _not_made(self, call: messages.ToolCall, said: str, rule: str | None = None) -> None:
        self._refuse(call, Failure(kind="not_made", said=said, rule=rule))

    def _unanswered(self) -> tuple[messages.ToolCall, ...]:
        for answered, message in enumerate(reversed(self.conversation)):
            if isinstance(message, messages.OperatorTurn):
                return message.calls[answered:]
        return ()

    def _announce(self) -> None:
        briefing = next(message for message in self.conversation if isinstance(message, messages.Briefing))
        self.emit(
            events.Started(
                at=self.now(),
                case_id=briefing.case_id,
                operator=self.operator.name,
                about=self.operator.about,
                window=line(briefing.drift) if briefing.drift else "",
                limits=self.bounds.limits,
                tool_calls=self.bounds.tool_calls,
            )
        )


def _first_line(text: str) -> str:
    return next(iter(text.strip().splitlines()), "")[:300]
