"""What is said in a case: the messages an operator reads and writes, what they cost, and the protocol every operator keeps."""

from collections.abc import Callable
from typing import Any, Literal, Protocol

from pydantic import ValidationError

from pipeline.record.failure import Failure
from pipeline.shown_text import plain
from pipeline.stored_record import StoredRecord
from tools.results import DiagnosisResult, DriftResult, MetricsResult


class ToolSpec(StoredRecord):
    """A tool as an operator sees it; `read_only` ones change nothing and may run at the same time."""

    name: str
    description: str
    input_schema: dict[str, Any]
    read_only: bool = False


class Earlier(StoredRecord):
    """A call that an earlier run of the case has made, and its result."""

    name: str
    arguments: dict[str, Any]
    structured: dict[str, Any]


class Briefing(StoredRecord):
    """The first message: what the case is about, as text for a model and as results for the rulebook. `earlier`: what runs before this one
    looked at and tried."""

    kind: Literal["briefing"] = "briefing"
    case_id: str
    text: str
    drift: DriftResult | None = None
    metrics: MetricsResult | None = None
    diagnosis: DiagnosisResult | None = None
    earlier: tuple[Earlier, ...] = ()


class ToolCall(StoredRecord):
    """One call an operator asks for. `malformed` holds the arguments' raw text when it is no JSON object; such a call is
    answered with an error and never run."""

    id: str
    name: str
    arguments: dict[str, Any]
    malformed: str | None = None


class ToolReturn(StoredRecord):
    """The answer to one call; every call of a conversation has exactly one. `structured` is the result, or the fields of the failure."""

    kind: Literal["tool_return"] = "tool_return"
    call_id: str
    name: str
    is_error: bool
    text: str
    structured: dict[str, Any] | None = None

    @property
    def failure(self) -> Failure | None:
        """Why there is no result; None where there is one. An answer of a foreign or an earlier tool holds no more than its text."""
        if not self.is_error:
            return None
        try:
            return Failure.model_validate(self.structured)
        except ValidationError:
            return Failure(said=self.text)

    @classmethod
    def failed(cls, call: ToolCall, failure: Failure) -> "ToolReturn":
        """The answer to a call that brings no result."""
        return cls(call_id=call.id, name=call.name, is_error=True, text=failure.said, structured=failure.model_dump(mode="json"))


class OperatorTurn(StoredRecord):
    """One answer of an operator. `raw` is the provider's content, handed back to it unchanged and read by nobody else;
    `paused` means the provider wants to be asked again as is."""

    kind: Literal["operator_turn"] = "operator_turn"
    text: str
    calls: tuple[ToolCall, ...] = ()
    raw: tuple[dict[str, Any], ...] = ()
    paused: bool = False


class Nudge(StoredRecord):
    """What the loop says to an operator that neither calls a tool nor has closed the case; in a chat, what went before in short."""

    kind: Literal["nudge"] = "nudge"
    text: str


class Asked(StoredRecord):
    """What the human said in a chat, as they typed it. The last one is to be answered; earlier ones were."""

    kind: Literal["asked"] = "asked"
    text: str


Message = Briefing | Asked | OperatorTurn | ToolReturn | Nudge
Conversation = tuple[Message, ...]


class Spend(StoredRecord):
    """Tokens, and USD at the list price. `input_tokens` is everything read, `cached_tokens` the part of it read from the cache."""

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    usd: float = 0.0

    @property
    def tokens(self) -> int:
        """Tokens read and written."""
        return self.input_tokens + self.output_tokens

    def __add__(self, other: "Spend") -> "Spend":
        return Spend(**{name: getattr(self, name) + getattr(other, name) for name in Spend.model_fields})


class Answer(StoredRecord):
    """An operator's turn and what it cost."""

    turn: OperatorTurn
    spend: Spend = Spend()


class OperatorFailed(Exception):
    """An operator cannot go on. `reason` is one sentence, `spend` what the failed ask has cost as far as is known."""

    def __init__(self, reason: str, spend: Spend | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.spend = spend or Spend()


def unexpected(who: str, error: BaseException) -> str:
    """An exception that nobody raises on purpose, in one sentence."""
    said = plain(str(error), 200)
    return f"{who} failed unexpectedly ({type(error).__name__}{f': {said}' if said else ''})."


Say = Callable[[str], None]


class Operator(Protocol):
    """Anything that, given the conversation so far and the tools, yields the next turn."""

    @property
    def name(self) -> str:
        """Short name: `claude`, `rulebook`."""

    @property
    def about(self) -> str:
        """One line for people: which model, which policy."""

    def worst_case(self, conversation: Conversation, tools: tuple[ToolSpec, ...]) -> Spend:
        """The most the next `ask` can cost, retries included."""

    async def ask(self, conversation: Conversation, tools: tuple[ToolSpec, ...], emit: Say) -> Answer:
        """The next turn; pieces of text go to `emit` as they come.

        Raises:
            OperatorFailed: there is no next turn to be had.
        """
