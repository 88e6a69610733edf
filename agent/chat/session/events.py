"""What happened in a chat session: typed events, on disk in this order; the session, its replay and its tests read nothing else."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from agent.case.bounds import StopReason
from agent.conversation.messages import OperatorTurn, Spend, ToolCall
from pipeline.stored_record import StoredRecord

Consent = Literal["yes", "always", "no"]


class _SessionEvent(StoredRecord):
    at: datetime


class SessionOpened(_SessionEvent):
    """The session begins, or is resumed; `operator` and `window` are the words shown to people."""

    kind: Literal["opened"] = "opened"
    session_id: str
    operator: str
    window: str
    resumed: bool = False


class Queued(_SessionEvent):
    """The human typed something while a turn was running; it waits."""

    kind: Literal["queued"] = "queued"
    text: str


class QuestionAsked(_SessionEvent):
    """The human asks; questions count from 1. `queued` says that the text had waited."""

    kind: Literal["asked"] = "asked"
    number: int
    text: str
    queued: bool = False


class OperatorSaid(_SessionEvent):
    """One whole answer of an operator; `by` names it with its model, because only that one may be handed its own content back."""

    kind: Literal["said"] = "said"
    by: str
    turn: OperatorTurn
    spend: Spend


class OperatorGaveUp(_SessionEvent):
    """The operator cannot go on, for `reason`, after saying `partial`; `next` goes on, if there is one. `traceback`: of an exception that nobody
    raises on purpose."""

    kind: Literal["gave_up"] = "gave_up"
    by: str
    reason: str
    next: str | None
    partial: str = ""
    spend: Spend
    traceback: str = ""


class CallStarted(_SessionEvent):
    """A tool is about to be called. `number` counts the session's calls from 1; people meet `CallEnded.label`."""

    kind: Literal["call_started"] = "call_started"
    number: int
    call: ToolCall


class ConsentGiven(_SessionEvent):
    """What the human said to a call that changes something; `bounds` is what an `always` covers."""

    kind: Literal["consent"] = "consent"
    number: int
    exact: str
    bounds: str
    answer: Consent


class CallEnded(_SessionEvent):
    """A call has its answer. `text` is all of it but what is beyond the most that is kept (`lost` characters); `shown` is what the
    operator was handed; `cached_from` names the earlier call whose answer this is."""

    kind: Literal["call_ended"] = "call_ended"
    number: int
    is_error: bool
    line: str
    text: str
    shown: str
    lost: int = 0
    structured: dict[str, Any] | None = None
    cached_from: int | None = None

    @property
    def cited(self) -> int | None:
        """The number by which answers cite the call: its case's, where the result says it."""
        return cited_number(self.structured)

    @property
    def label(self) -> str:
        """How people are shown the call when it ends: `7`, the number that answers cite; without one `#4`, the session's fourth."""
        return call_label(self.number, self.structured)


def cited_number(structured: dict[str, Any] | None) -> int | None:
    """The case's number for a call, where its result says it; None else."""
    known = (structured or {}).get("call")
    return known if type(known) is int and known > 0 else None


def call_label(number: int, structured: dict[str, Any] | None) -> str:
    """See `CallEnded.label`."""
    known = cited_number(structured)
    return f"#{number}" if known is None else str(known)


class QuestionEnded(_SessionEvent):
    """The question is over. `partial` is what had been said of an answer that was cut off; `unsourced` its numbers without a source."""

    kind: Literal["ended"] = "ended"
    stopped: StopReason
    partial: str = ""
    unsourced: tuple[str, ...] = ()


class CommandRan(_SessionEvent):
    """A command of the human, and what it showed, as Markdown. `changes`: what was read before may no longer hold."""

    kind: Literal["command"] = "command"
    line: str
    markdown: str
    spend: Spend = Spend()
    queued: bool = False
    changes: bool = False


class Changed(_SessionEvent):
    """The human chose another operator, model or window: results of before are no longer taken for fresh."""

    kind: Literal["changed"] = "changed"
    what: Literal["operator", "window"]
    to: str


class Folded(_SessionEvent):
    """The first `upto` questions are handed to the operator in short from here on."""

    kind: Literal["folded"] = "folded"
    upto: int


Event = Annotated[
    SessionOpened
    | Queued
    | QuestionAsked
    | OperatorSaid
    | OperatorGaveUp
    | CallStarted
    | ConsentGiven
    | CallEnded
    | QuestionEnded
    | CommandRan
    | Changed
    | Folded,
    Field(discriminator="kind"),
]
