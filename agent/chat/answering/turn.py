"""One question: the operator is asked, its calls are run, what changes something is put to the human, and every ending is recorded."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from traceback import format_exception
from typing import Any, Protocol

import anyio

from agent.case.bounds import Bounds, StopReason
from agent.chat.answering.tool_connection import ToolConnection
from agent.chat.session import events
from agent.chat.session.memory import conversation, first_whole, to_fold
from agent.chat.session.result_budget import KEPT_CHARACTERS, READ_RESULT, fit, page
from agent.chat.session.session import LOOKS, Session, exact
from agent.conversation.messages import Operator, OperatorFailed, OperatorTurn, ToolCall, ToolReturn, unexpected
from agent.conversation.tool_calls import Progress
from agent.conversation.tool_results import line, read
from pipeline.errors import ChurnopsError
from pipeline.record.failure import Failure
from pipeline.workspace.policy import Policy
from reports.grounding.grounding import Grounded


@dataclass(frozen=True)
class Wish:
    """A call that changes something, as the human is asked about it. `bounds` is what an `always` would cover."""

    call: ToolCall
    bounds: str


class Watcher(Protocol):
    """What a turn tells while it runs, beyond the events, and the one thing it asks."""

    def asking(self, operator: str) -> None:
        """The operator is being asked."""

    def said(self, text: str) -> None:
        """A piece of its answer."""

    def progress(self, number: int, done: float, total: float | None, message: str) -> None:
        """How far a call is."""

    def doing(self, words: str, share: float | None = None) -> None:
        """What is being done that is neither of these, and how much of it is done, 0-1."""

    async def consent(self, wish: Wish) -> events.Consent:
        """What the human says to a call that changes something."""


Check = Callable[[str], Grounded]


@dataclass
class Turn:
    """Answers one question of `session`. `fallback` takes over if the operator fails; `check` finds numbers without a source."""

    session: Session
    operator: Operator
    fallback: Operator | None
    connection: Callable[[], Awaitable[ToolConnection]]
    policy: Policy
    watcher: Watcher
    check: Check

    async def answer(self, text: str, *, queued: bool = False) -> StopReason:
        """Answer `text`. Cancelling the task ends the question as `interrupted`; it still returns.

        Raises:
            WorkspaceError: the session cannot be written down.
        """
        session = self.session
        session.record(events.QuestionAsked(at=session.now(), number=len(session.exchanges) + 1, text=text, queued=queued))
        spent, limits = session.spend, self.policy.limits
        # What the session has left bounds the question too, so both are checked before anything is spent.
        left = {"tokens": self.policy.chat.tokens - spent.tokens, "usd": self.policy.chat.usd - spent.usd}
        self._bounds = Bounds(limits.model_copy(update={name: max(0, min(getattr(limits, name), most)) for name, most in left.items()}))
        self._said = ""
        self._refused: set[str] = set()
        stopped: StopReason = "time_limit"
        try:
            with anyio.move_on_after(limits.seconds) as self._scope:
                stopped = await self._work()
        except asyncio.CancelledError:
            stopped = "interrupted"
            if task := asyncio.current_task():
                task.uncancel()
        end(session, stopped, self._said, self.check)
        return stopped

    async def _work(self) -> StopReason:
        self.watcher.doing("opening the tools")
        connection = await self.connection()
        if (upto := to_fold(self.session)) is not None:
            self.session.record(events.Folded(at=self.session.now(), upto=upto))
        while True:
            talk = conversation(self.session, label(self.operator))
            try:
                if bound := self._bounds.before_ask(self.operator.worst_case(talk, connection.tools)):
                    if bound in {"token_limit", "cost_limit"} and self._fold_all():
                        continue
                    return bound
                turn = await self._ask(connection)
            except ChurnopsError:  # the session cannot be written down
                raise
            except Exception as error:
                if not self._hand_over(error):
                    return "operator_failed"
                continue
            for call in turn.calls:
                await self._carry_out(connection, call)
            if not turn.calls and not turn.paused:
                return "finished"

    def _fold_all(self) -> bool:
        """What went before is handed on in short, so that there is room for this question; says whether there was anything to fold."""
        before = len(self.session.exchanges) - 1
        if before <= first_whole(self.session, label(self.operator)):
            return False
        self.session.record(events.Folded(at=self.session.now(), upto=before))
        return True

    async def _ask(self, connection: ToolConnection) -> OperatorTurn:
        self._bounds.turns += 1
        self._said = ""
        by = label(self.operator)
        self.watcher.asking(self.operator.name)
        answer = await self.operator.ask(conversation(self.session, by), connection.tools, self._hear)
        self._bounds.spend += answer.spend
        self._said = ""
        self.session.record(events.OperatorSaid(at=self.session.now(), by=by, turn=answer.turn, spend=answer.spend))
        return answer.turn

    def _hear(self, text: str) -> None:
        self._said += text
        self.watcher.said(text)

    def _hand_over(self, error: Exception) -> bool:
        by, after = label(self.operator), self.fallback
        known = error if isinstance(error, OperatorFailed) else OperatorFailed(unexpected(self.operator.name, error))
        self._bounds.spend += known.spend
        event = events.OperatorGaveUp(
            at=self.session.now(), by=by, reason=known.reason, next=after.name if after else None, partial=self._said, spend=known.spend,
            traceback="" if known is error else "".join(format_exception(error)),
        )  # fmt: skip
        self._said = ""
        self.session.record(event)
        if after is None:
            return False
        self.operator, self.fallback = after, None
        return True

    async def _carry_out(self, connection: ToolConnection, call: ToolCall) -> None:
        number = len(self.session.results) + 1
        refusal = await self._refusal(number, call, connection)
        self.session.record(events.CallStarted(at=self.session.now(), number=number, call=call))
        if refusal is not None:
            self._finish(number, ToolReturn.failed(call, refusal))
        elif call.name == READ_RESULT.name:
            self._finish(number, self._page(call))
        elif (known := self.session.known(call)) is not None and known.ended is not None:
            self._finish(number, _answered(call, self._again(known.number, known.ended), known.ended.structured), cached_from=known.number)
        else:
            self._finish(number, await connection.call(call, self._progress_of(number)))

    async def _refusal(self, number: int, call: ToolCall, connection: ToolConnection) -> Failure | None:
        """Why the call is not made; None when it may be."""
        if not self._bounds.may_call():
            spent = f"All {self._bounds.limits.tool_calls} tool calls of this question are spent (`limits.tool_calls`)."
            return Failure(kind="not_made", said=spent, rule="limits.tool_calls")
        self._bounds.tool_calls += 1
        if call.malformed is not None:
            return Failure(kind="not_made", said=f"The arguments are no JSON object, so nothing was done: {call.malformed[:200]}")
        if call.name in LOOKS or call.name not in {tool.name for tool in connection.tools}:
            return None  # a tool that does not exist changes nothing, and its refusal names those that do
        key, bounds = exact(call), always_covers(call, self.policy.version)
        if self.session.consented(call, bounds):
            return None
        if key not in self._refused:
            left, self._scope.deadline = self._scope.deadline - anyio.current_time(), math.inf  # a person may think as long as they like
            answer = await self.watcher.consent(Wish(call, bounds))
            self._scope.deadline = anyio.current_time() + left
            self.session.record(events.ConsentGiven(at=self.session.now(), number=number, exact=key, bounds=bounds, answer=answer))
            if answer != "no":
                return None
            self._refused.add(key)
        said = "The human did not allow this call, so nothing was done. Do not repeat it; say what you would have done and why."
        return Failure(kind="declined", said=said)

    def _again(self, number: int, ended: events.CallEnded) -> str:
        """An answer that still stands; not repeated where the operator has it before its eyes."""
        seen = self.session.exchanges[first_whole(self.session, label(self.operator)) :]
        before = any(number in exchange.calls for exchange in seen) and len(ended.shown) == len(ended.text)
        head = f"(the answer of call {ended.label}, {ended.at:%H:%M} UTC; nothing has changed since"
        return f"{head}; it stands above: {ended.line})" if before else f"{head})\n{ended.text}"

    def _page(self, call: ToolCall) -> ToolReturn:
        label, wanted = call.arguments.get("call"), call.arguments.get("page", 1)
        known = self.session.called(str(label)) if type(label) in {int, str} else None
        if set(call.arguments) - {"call", "page"} or type(wanted) is not int or wanted < 1 or known is None or known.ended is None:
            shown = ", ".join(self.session.labels()) or "there is none"
            said = f"read_result takes the number of an earlier call ({shown}) as call, and a page from 1."
            return ToolReturn.failed(call, Failure(kind="invalid", said=said))
        try:
            return _answered(call, page(known.ended.text, known.ended.lost, str(label), wanted))
        except ValueError as error:
            return ToolReturn.failed(call, Failure(kind="invalid", said=str(error)))

    def _progress_of(self, number: int) -> Progress:
        async def on_progress(progress: float, total: float | None, message: str | None) -> None:
            self.watcher.progress(number, progress, total, message or "")

        return on_progress

    def _finish(self, number: int, returned: ToolReturn, cached_from: int | None = None) -> None:
        finish_call(self.session, number, returned, cached_from)


def _answered(call: ToolCall, text: str, structured: dict[str, Any] | None = None) -> ToolReturn:
    return ToolReturn(call_id=call.id, name=call.name, is_error=False, text=text, structured=structured)


def finish_call(session: Session, number: int, returned: ToolReturn, cached_from: int | None = None) -> None:
    """Record the answer to a call, within its bounds."""
    text, call = returned.text[:KEPT_CHARACTERS], session.results[number].call
    lost = len(returned.text) - len(text)
    used = sum(len(ended.shown) for other in session.exchanges[-1].calls if (ended := session.results[other].ended) is not None)
    reading = None if returned.is_error else read(call.name, returned.structured)
    event = events.CallEnded(
        at=session.now(),
        number=number,
        is_error=returned.is_error,
        line=line(reading) if reading else _first_line(text),
        text=text,
        shown=fit(returned.text, events.call_label(number, None if lost else returned.structured), used),
        lost=lost,
        structured=None if lost else returned.structured,
        cached_from=cached_from,
    )
    session.record(event)


def end(session: Session, stopped: StopReason, partial: str, check: Check) -> None:
    """End the open question so that the conversation stays whole: every call gets an answer."""
    exchange = session.exchanges[-1]
    for call in session.unanswered():
        started = [number for number in exchange.calls if session.results[number].call == call and session.results[number].ended is None]
        number = started[0] if started else len(session.results) + 1
        if not started:
            session.record(events.CallStarted(at=session.now(), number=number, call=call))
        why = f"This call was not waited for: {stopped.replace('_', ' ')}."
        if started and call.name not in LOOKS:
            why += " Whether it took effect stands in the case's record."
        finish_call(session, number, ToolReturn.failed(call, Failure(kind="not_made", said=why)))
    answer = partial or (exchange.answer if stopped == "finished" else "")
    session.record(events.QuestionEnded(at=session.now(), stopped=stopped, partial=partial, unsourced=check(answer).unsourced))


def label(operator: Operator) -> str:
    """Operator and model: who may be handed its own content back."""
    return f"{operator.name} ({operator.about})"


def always_covers(call: ToolCall, policy_version: str) -> str:
    """What an `always` to this call covers: the tool, its case, what kind of change it is, and the bounds of the policy as they are."""
    kind = call.arguments.get("mode") or call.arguments.get("action") or ""
    return f"{call.name} case={str(call.arguments.get('case_id', ''))[:64]} kind={str(kind)[:40]} policy={policy_version}"


def _first_line(text: str) -> str:
    return next(iter(text.strip().splitlines()), "")[:300]
