"""What happens in a run, as it happens: the terminal, the transcript and the tests read the same events."""

from datetime import datetime
from traceback import format_exception
from typing import Annotated, Any, Literal

from pydantic import Field

from agent.case.bounds import StopReason
from agent.conversation.messages import Spend, unexpected
from pipeline.stored_record import StoredRecord
from pipeline.workspace.policy import Limits
from tools.results import ReportReply


class _Event(StoredRecord):
    at: datetime


class Started(_Event):
    """The run begins. `window` is one line on the drift it is about."""

    kind: Literal["started"] = "started"
    case_id: str
    operator: str
    about: str
    window: str
    limits: Limits
    tool_calls: int


class TurnStarted(_Event):
    """The operator is asked; turns count from 1. `reserved`: the most that the answer can cost."""

    kind: Literal["turn_started"] = "turn_started"
    turn: int
    operator: str
    reserved: Spend = Spend()


class TextDelta(_Event):
    """A piece of what the operator says, as it is streamed."""

    kind: Literal["text_delta"] = "text_delta"
    text: str


class ToolCalled(_Event):
    """A tool is called. `number` counts the case's calls from 1."""

    kind: Literal["tool_called"] = "tool_called"
    call_id: str
    number: int
    name: str
    arguments: dict[str, Any]


class ToolProgress(_Event):
    """How far a running tool is: `done` of `total`, in the tool's own unit."""

    kind: Literal["tool_progress"] = "tool_progress"
    call_id: str
    done: float
    total: float | None
    message: str


class ToolReturned(_Event):
    """A called tool has answered; `line` is the answer for people."""

    kind: Literal["tool_returned"] = "tool_returned"
    call_id: str
    name: str
    is_error: bool
    line: str
    structured: dict[str, Any] | None


class Refused(_Event):
    """A call was not carried out: a bound forbids it (`rule` names it, if it is one of the policy), or it was no valid call."""

    kind: Literal["refused"] = "refused"
    call_id: str
    name: str
    rule: str | None
    line: str


class Crashed(_Event):
    """An exception that nobody raises on purpose, in the operator, the tool or the step `where`; `line` is for people, `traceback` for whoever
    repairs it."""

    kind: Literal["crashed"] = "crashed"
    where: str
    line: str
    traceback: str


class Spent(_Event):
    """What an ask has cost, and all asks so far."""

    kind: Literal["spent"] = "spent"
    turn: int
    spend: Spend
    total: Spend


class OperatorChanged(_Event):
    """The operator `failed` and another one goes on; `label` names both, `claude+rulebook`."""

    kind: Literal["operator_changed"] = "operator_changed"
    failed: str
    operator: str
    label: str
    about: str
    reason: str


class Stopped(_Event):
    """The run is over. `report` is the saved report, if there is one; `failure` why the operator failed, if it did."""

    kind: Literal["stopped"] = "stopped"
    stopped: StopReason
    operator: str
    turns: int
    tool_calls: int
    trainings: int
    spend: Spend
    report: ReportReply | None
    failure: str | None


Event = Annotated[
    Started | TurnStarted | TextDelta | ToolCalled | ToolProgress | ToolReturned | Refused | Crashed | Spent | OperatorChanged | Stopped,
    Field(discriminator="kind"),
]


def crashed(at: datetime, where: str, error: BaseException) -> Crashed:
    """The event of `error`, met at `where`."""
    return Crashed(at=at, where=where, line=unexpected(where, error), traceback="".join(format_exception(error)))
