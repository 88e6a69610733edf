"""A chat without a person at a terminal: questions come as lines or as an argument, nobody is ever asked, and no is the answer."""

import sys
from collections.abc import Iterable

from pydantic import BaseModel

from agent.case.bounds import StopReason
from agent.chat.answering.turn import Wish
from agent.chat.chat import Chat
from agent.chat.leaving import Leave
from agent.chat.markdown import clean
from agent.chat.screen.scroll import arguments, stopped_words
from agent.chat.session.events import CallEnded, CallStarted, Consent, Event, OperatorGaveUp, QuestionEnded
from agent.conversation.messages import ToolCall
from pipeline.errors import ChurnopsError


class AnswerCall(BaseModel, frozen=True):
    """One tool call of an answer. `number` is the one that answers cite, null for a call that has none, as one that was refused."""

    number: int | None
    tool: str
    arguments: dict[str, object]
    is_error: bool
    said: str


class Answered(BaseModel, frozen=True):
    """One answer as `churnops chat --ask … --json` prints it; `unsourced` are numbers in it that no tool result bears out."""

    session_id: str
    question: str
    answer: str
    operator: str
    stopped: StopReason
    calls: tuple[AnswerCall, ...]
    unsourced: tuple[str, ...]
    tokens: int
    cost_usd: float


class Lines:
    """A screen of plain lines: answers go to stdout as Markdown, all else to stderr. What is going on nobody watches."""

    def __init__(self) -> None:
        self._chat: Chat | None = None
        self._calls: dict[int, ToolCall] = {}
        self._live = False

    def attach(self, chat: Chat) -> None:
        """This is the session that is shown."""
        self._chat = chat

    def show(self, event: Event) -> None:
        """Calls and endings, on stderr."""
        match event:
            case CallStarted():
                self._calls[event.number] = event.call
            case CallEnded() if self._live:
                call = self._calls[event.number]
                _aside(f"{'✗' if event.is_error else '✓'} {event.label} {call.name} {arguments(call)}".rstrip() + f": {event.line}")
            case OperatorGaveUp() if self._live:
                _aside(f"{event.by} failed: {event.reason}")
            case QuestionEnded() if self._live and event.stopped != "finished":
                _aside(stopped_words(event.stopped))

    def asking(self, *_: object, **__: object) -> None:
        """Nobody watches."""

    said = progress = doing = measured = asking

    async def consent(self, wish: Wish) -> Consent:
        """Nobody is there to allow it."""
        return "no"

    async def decide(self, case_id: str, approve: bool) -> str:
        """Refuse: only a person at a terminal decides."""
        raise ChurnopsError(
            "There is no person at a terminal here.", f"Run `churnops reports {'approve' if approve else 'reject'} {case_id}`."
        )

    async def run(self, chat: Chat, lines: Iterable[str]) -> StopReason:
        """Take `lines` one by one; returns how the last question ended."""
        stopped: StopReason = "finished"
        for line in lines:
            if not line.strip():
                continue
            try:
                shown = await self.take(chat, line.strip())
            except Leave:
                break
            sys.stdout.write(clean(shown.answer).rstrip() + "\n\n")
            sys.stdout.flush()
            stopped = shown.stopped
        return stopped

    async def take(self, chat: Chat, line: str) -> Answered:
        """Have one question answered, or one command run.

        Raises:
            Leave: the line asks to end.
        """
        self._live = True
        session = chat.session
        before, commands = session.spend, len(session.shown)
        await chat.take(line)
        ran = len(session.shown) > commands
        exchange = None if ran else session.exchanges[-1]
        ended = exchange.ended if exchange is not None else None
        found = [result for number in exchange.calls if (result := session.results[number]).ended is not None] if exchange else []
        answer = chat.grounds.check(exchange.answer or (ended.partial if ended else "")).text if exchange else session.shown[-1]
        return Answered(
            session_id=session.session_id,
            question=line,
            answer=answer,
            operator=session.operator,
            stopped=ended.stopped if ended is not None else "finished",
            calls=tuple(
                AnswerCall(
                    number=one.ended.cited,
                    tool=one.call.name,
                    arguments=one.call.arguments,
                    is_error=one.ended.is_error,
                    said=one.ended.line,
                )
                for one in found
                if one.ended is not None
            ),
            unsourced=ended.unsourced if ended is not None else (),
            tokens=session.spend.tokens - before.tokens,
            cost_usd=round(session.spend.usd - before.usd, 6),
        )


def _aside(text: str) -> None:
    sys.stderr.write(clean(text).replace("\n", " ") + "\n")
