"""The loop: check bounds, ask the operator, run its tool calls, record, repeat. Every ending is a typed stop reason."""

import asyncio
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import anyio
from pydantic import BaseModel, ConfigDict

from agent.bounds import Bounds, StopReason
from agent.conversation import (
    Briefing,
    Conversation,
    Message,
    Nudge,
    Operator,
    OperatorFailed,
    OperatorTurn,
    Spend,
    ToolCall,
    ToolReturn,
    ToolSpec,
)
from agent.events import (
    Event,
    OperatorChanged,
    Refused,
    Spent,
    Started,
    Stopped,
    TextDelta,
    ToolCalled,
    ToolProgress,
    ToolReturned,
    TurnStarted,
)
from agent.readings import line, read
from pipeline.clock import Clock
from pipeline.policy import Limits
from tools.results import ReportReply

if TYPE_CHECKING:
    from mcp import Client
    from mcp.types import CallToolResult

NUDGE = "The case is still open. Go on with the tools, and close it with save_remediation_report."
_RULE = re.compile(r"Rule `([\w.]+)` in policy\.toml")


class Ending(BaseModel):
    """How a run ended. `operator` is `claude+rulebook` when the second took over; `tool_calls` includes those already spent
    before the run; `spend` holds every ask that came back, not one cut off by the time limit or an interrupt."""

    model_config = ConfigDict(frozen=True)

    stopped: StopReason
    operator: str
    turns: int
    tool_calls: int
    trainings: int
    spend: Spend
    report: ReportReply | None
    failure: str | None
    conversation: Conversation


async def tool_specs(client: "Client") -> tuple[ToolSpec, ...]:
    """The tools `client` reaches, in the server's order."""
    listed = (await client.list_tools()).tools
    return tuple(ToolSpec(name=tool.name, description=tool.description or "", input_schema=tool.input_schema) for tool in listed)


async def run(
    operator: Operator,
    fallback: Operator | None,
    client: "Client",
    tools: tuple[ToolSpec, ...],
    conversation: Conversation,
    limits: Limits,
    emit: Callable[[Event], None],
    clock: Clock,
    already_spent_calls: int = 0,
) -> Ending:
    """Let `operator` work on the case that `conversation` begins with, until its report is saved or a bound is hit.

    `fallback` takes over if the operator fails. Cancelling the task ends the run as `interrupted`; it still returns.

    Raises:
        WorkspaceError: a reader of the events cannot write them down.
    """
    return await _Run(operator, fallback, client, tools, list(conversation), Bounds(limits, already_spent_calls), emit, clock).to_the_end()


@dataclass
class _Run:
    operator: Operator
    fallback: Operator | None
    client: "Client"
    tools: tuple[ToolSpec, ...]
    conversation: list[Message]
    bounds: Bounds
    emit: Callable[[Event], None]
    now: Clock
    label: str = ""
    trainings: int = 0
    closed: bool = False
    report: ReportReply | None = None
    failure: str | None = None

    async def to_the_end(self) -> Ending:
        self.label = self.operator.name
        self._announce()
        stopped: StopReason = "time_limit"
        try:
            with anyio.move_on_after(self.bounds.limits.seconds):
                stopped = await self._work()
        except asyncio.CancelledError:
            stopped = "interrupted"
            if task := asyncio.current_task():
                task.uncancel()
        for call in self._unanswered():
            self._refuse(call, f"This call was not finished: {stopped.replace('_', ' ')}.")
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
        self.emit(Stopped(at=self.now(), **facts))
        return Ending(**facts, conversation=tuple(self.conversation))

    async def _work(self) -> StopReason:
        while True:
            worst = self.operator.worst_case(tuple(self.conversation), self.tools)
            if bound := self.bounds.before_ask(worst):
                return bound
            try:
                turn = await self._ask()
            except OperatorFailed as failed:
                self._spend(failed.spend)
                self.failure = failed.reason
                if not self._hand_over():
                    return "operator_failed"
                continue
            for call in turn.calls:
                await self._answer(call)
            if self.closed:
                return "operator_failed" if self.failure else "finished"
            if not turn.calls and not turn.paused:
                self.conversation.append(Nudge(text=NUDGE))

    async def _ask(self) -> OperatorTurn:
        self.bounds.turns += 1
        self.emit(TurnStarted(at=self.now(), turn=self.bounds.turns, operator=self.operator.name))
        answer = await self.operator.ask(tuple(self.conversation), self.tools, lambda text: self.emit(TextDelta(at=self.now(), text=text)))
        self._spend(answer.spend)
        self.conversation.append(answer.turn)
        return answer.turn

    def _spend(self, spend: Spend) -> None:
        self.bounds.spend += spend
        self.emit(Spent(at=self.now(), turn=self.bounds.turns, spend=spend, total=self.bounds.spend))

    def _hand_over(self) -> bool:
        if self.fallback is None:
            return False
        failed, self.operator, self.fallback = self.operator, self.fallback, None
        self.label = f"{failed.name}+{self.operator.name}"
        change = OperatorChanged(
            at=self.now(),
            failed=failed.name,
            operator=self.operator.name,
            label=self.label,
            about=self.operator.about,
            reason=self.failure or "",
        )
        self.emit(change)
        return True

    async def _answer(self, call: ToolCall) -> None:
        if self.closed:
            self._refuse(call, "The case is closed, its report is saved: nothing was done.")
        elif not self.bounds.may_call():
            self._refuse(call, f"All {self.bounds.limits.tool_calls} tool calls are spent.", "limits.tool_calls")
        else:
            await self._carry_out(call)

    async def _carry_out(self, call: ToolCall) -> None:
        self.bounds.tool_calls += 1
        self.emit(ToolCalled(at=self.now(), call_id=call.id, number=self.bounds.tool_calls, name=call.name, arguments=call.arguments))
        if call.malformed is not None:
            self._refuse(call, f"The arguments are no JSON object, so nothing was done: {call.malformed[:200]}")
            return
        answer = await self._reach(call)
        if answer.is_error and (rule := _RULE.search(answer.text)):
            self._refuse(call, answer.text, rule[1])
            return
        self.conversation.append(answer)
        reading = None if answer.is_error else read(call.name, answer.structured)
        self.trainings += call.name == "run_training" and not answer.is_error
        self.closed = call.name == "save_remediation_report" and not answer.is_error
        if isinstance(reading, ReportReply):
            self.report = reading
        self.emit(
            ToolReturned(
                at=self.now(),
                call_id=call.id,
                name=call.name,
                is_error=answer.is_error,
                line=line(reading) if reading else _first_line(answer.text),
                structured=answer.structured,
            )
        )

    async def _reach(self, call: ToolCall) -> ToolReturn:
        answers: list[ToolReturn] = []

        async def on_progress(progress: float, total: float | None, message: str | None) -> None:
            self.emit(ToolProgress(at=self.now(), call_id=call.id, done=progress, total=total, message=message or ""))

        async def reach() -> None:
            try:
                result = await self.client.call_tool(call.name, call.arguments, progress_callback=on_progress)
            except Exception as error:  # whatever a tool or its transport raises is the operator's to read, not ours to crash on
                answers.append(ToolReturn(call_id=call.id, name=call.name, is_error=True, text=f"The call failed: {error}"))
            else:
                answers.append(_returned(call, result))

        # Ctrl-C cancels this task alone, which a tool in a worker thread never notices; cancelling a group reaches it there too.
        async with anyio.create_task_group() as group:
            group.start_soon(reach)
        return answers[0]

    def _refuse(self, call: ToolCall, why: str, rule: str | None = None) -> None:
        self.conversation.append(ToolReturn(call_id=call.id, name=call.name, is_error=True, text=why))
        self.emit(Refused(at=self.now(), call_id=call.id, name=call.name, rule=rule, line=_first_line(why)))

    def _unanswered(self) -> tuple[ToolCall, ...]:
        for answered, message in enumerate(reversed(self.conversation)):
            if isinstance(message, OperatorTurn):
                return message.calls[answered:]
        return ()

    def _announce(self) -> None:
        briefing = next(message for message in self.conversation if isinstance(message, Briefing))
        self.emit(
            Started(
                at=self.now(),
                case_id=briefing.case_id,
                operator=self.operator.name,
                about=self.operator.about,
                window=line(briefing.drift) if briefing.drift else "",
                limits=self.bounds.limits,
                tool_calls=self.bounds.tool_calls,
            )
        )


def _returned(call: ToolCall, result: "CallToolResult") -> ToolReturn:
    is_error, structured = bool(result.is_error), result.structured_content
    if structured is not None and not is_error:
        # The server's own text is the same JSON indented, a third more tokens for nothing.
        text = json.dumps(structured, ensure_ascii=False, separators=(",", ":"))
    else:
        said = "\n".join(block.text for block in result.content if block.type == "text")
        text = said.removeprefix(f"Error executing tool {call.name}: ")
    return ToolReturn(call_id=call.id, name=call.name, is_error=is_error, text=text or "No answer.", structured=structured)


def _first_line(text: str) -> str:
    return next(iter(text.strip().splitlines()), "")[:300]
