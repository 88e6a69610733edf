"""Where tests sit down to a chat: a session in memory or on disk, tools whose facts the test sets, and a person who says what they are told."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from mcp.server import MCPServer

from agent.case.bounds import StopReason
from agent.case.loop import tool_specs
from agent.chat.answering.answer_sources import AnswerSources
from agent.chat.answering.tool_connection import ToolConnection
from agent.chat.answering.turn import Turn, Wish
from agent.chat.session.events import Consent, Event
from agent.chat.session.session import Session
from agent.conversation.messages import Operator, OperatorTurn, ToolCall, ToolReturn
from agent.conversation.tool_client import reach
from pipeline.workspace.policy import Policy
from tests.agent.case_tools import CaseTools, shipped_policy


@dataclass
class Person:
    """Watches, and answers what they are asked with `answers` in order; `wishes` is what they were asked."""

    answers: Sequence[Consent] = ()
    wishes: list[Wish] = field(default_factory=list)
    heard: str = ""
    thinks_seconds: float = 0.0

    def asking(self, operator: str) -> None: ...

    def said(self, text: str) -> None:
        self.heard += text

    def progress(self, number: int, done: float, total: float | None, message: str) -> None: ...

    def doing(self, words: str, share: float | None = None) -> None: ...

    async def consent(self, wish: Wish) -> Consent:
        assert len(self.wishes) < len(self.answers), f"nobody wrote down what to say to {wish.call.name}"
        self.wishes.append(wish)
        await asyncio.sleep(self.thinks_seconds)
        return self.answers[len(self.wishes) - 1]


class SlowClock:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 20, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **span: float) -> None:
        self.now += timedelta(**span)


@dataclass
class Table:
    """A session and its connection. `ask` has one question answered by an operator."""

    session: Session
    connection: ToolConnection
    policy: Policy
    events: list[Event]
    person: Person
    clock: SlowClock

    async def ask(self, operator: Operator, question: str = "What moved?", *, fallback: Operator | None = None) -> StopReason:
        return await self.turn(operator, fallback).answer(question)

    def turn(self, operator: Operator, fallback: Operator | None = None) -> Turn:
        async def connection() -> ToolConnection:
            return self.connection

        return Turn(self.session, operator, fallback, connection, self.policy, self.person, AnswerSources(self.session, self.policy).check)


@asynccontextmanager
async def table(
    facts: CaseTools | None = None,
    *answers: Consent,
    server: MCPServer | None = None,
    earlier: Sequence[Event] = (),
    policy: Policy | None = None,
    thinks_seconds: float = 0.0,
) -> AsyncIterator[Table]:
    """A table whose session has seen the events `earlier`; the person answers with `answers`."""
    events: list[Event] = list(earlier)
    clock = SlowClock()
    session = Session(events.append, clock)
    for event in earlier:
        session.apply(event)
    async with reach(server or (facts or CaseTools()).server()) as client:
        connection = ToolConnection(client, await tool_specs(client))
        yield Table(session, connection, policy or shipped_policy(), events, Person(answers, thinks_seconds=thinks_seconds), clock)


def turn(name: str, _id: str = "c1", _said: str = "", **arguments: Any) -> OperatorTurn:
    """A turn with one call."""
    return OperatorTurn(text=_said, calls=(ToolCall(id=_id, name=name, arguments=arguments),))


def words(text: str) -> OperatorTurn:
    """A turn that answers."""
    return OperatorTurn(text=text)


def check_whole(session: Session) -> None:
    """Every call of the session has exactly one answer, right behind its turn."""
    for exchange in session.exchanges:
        waiting: list[str] = []
        for message in exchange.messages:
            if isinstance(message, ToolReturn):
                assert waiting, "an answer to no call"
                assert message.call_id == waiting.pop(0)
            else:
                assert not waiting, f"no answer to {waiting}"
                waiting = [call.id for call in message.calls] if isinstance(message, OperatorTurn) else []
        assert exchange.ended is None or not waiting
