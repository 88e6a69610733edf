"""A changing call that the rulebook proposes and a person consents to."""

from dataclasses import dataclass

from agent.conversation.messages import ToolCall


@dataclass(frozen=True)
class Proposal:
    """A call to be agreed to, and what is said with it."""

    text: str
    call: ToolCall
