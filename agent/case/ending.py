"""How a run of the loop ended."""

from collections.abc import Mapping
from types import MappingProxyType

from pydantic import BaseModel

from agent.case.bounds import StopReason
from agent.conversation.messages import Conversation, Spend
from tools.results import ReportReply

_PARTIAL: Mapping[StopReason, str] = MappingProxyType(
    {
        "turn_limit": "The operator used all its turns (`limits.turns`).",
        "tool_limit": "The operator used all its tool calls (`limits.tool_calls`).",
        "token_limit": "The next answer could have exceeded the token limit (`limits.tokens`).",
        "cost_limit": "The next answer could have exceeded the cost limit (`limits.usd`).",
        "time_limit": "The time was up (`limits.seconds`).",
        "interrupted": "A person stopped the run, or opened the case again after it was closed.",
        "operator_failed": "The operator failed.",
    }
)


class Ending(BaseModel, frozen=True):
    """How a run ended. `operator` is `claude+rulebook` when the second took over; `turns`, `tool_calls` and `spend` include what was spent
    before the run; of an ask that the time limit or an interrupt cut off, `spend` holds what it could have cost."""

    stopped: StopReason
    operator: str
    turns: int
    tool_calls: int
    trainings: int
    spend: Spend
    report: ReportReply | None
    failure: str | None
    conversation: Conversation

    @property
    def why_partial(self) -> str:
        """Why the case did not come to a report of the operator's, in a sentence."""
        return _PARTIAL[self.stopped] if self.failure is None else f"The operator failed: {self.failure}"
