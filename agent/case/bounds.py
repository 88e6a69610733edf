"""The bounds of one run of the loop: checked before spending, with every way to end named."""

from dataclasses import dataclass, field
from typing import Literal

from agent.conversation.messages import Spend
from pipeline.workspace.policy import Limits

StopReason = Literal["finished", "turn_limit", "token_limit", "cost_limit", "time_limit", "tool_limit", "operator_failed", "interrupted"]


@dataclass(frozen=True)
class Used:
    """What earlier runs of a case have used of its bounds; `seconds` of wall time."""

    turns: int = 0
    spend: Spend = field(default_factory=Spend)
    seconds: float = 0.0


class Bounds:
    """Counts turns, tool calls, tokens and cost against `limits`. Seconds are the loop's own: they also cancel what is running."""

    def __init__(self, limits: Limits, tool_calls: int = 0, used: Used | None = None) -> None:
        used = used or Used()
        self.limits = limits
        self.turns = used.turns
        self.tool_calls = tool_calls
        self.spend = used.spend
        self.seconds_left = max(0.0, limits.seconds - used.seconds)

    def before_ask(self, worst: Spend) -> StopReason | None:
        """Why the operator may not be asked once more, if the ask may cost up to `worst`; None when it may."""
        if self.turns >= self.limits.turns:
            return "turn_limit"
        if not self.may_call():
            return "tool_limit"
        # An ask that costs nothing is always within what is left, even when all of it is spent.
        if worst.tokens and self.spend.tokens + worst.tokens > self.limits.tokens:
            return "token_limit"
        if worst.usd and self.spend.usd + worst.usd > self.limits.usd:
            return "cost_limit"
        return None

    def may_call(self) -> bool:
        """Whether one more tool call is allowed."""
        return self.tool_calls < self.limits.tool_calls
