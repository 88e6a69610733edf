"""An operator that plays a script, and fails loudly on an ask nobody wrote down or a step nobody played."""

from collections.abc import Sequence
from typing import Any

from agent.conversation.messages import Answer, Conversation, OperatorFailed, OperatorTurn, Say, Spend, ToolCall, ToolSpec

Step = OperatorTurn | Answer | OperatorFailed


def calls(*named: tuple[str, dict[str, Any]], prefix: str = "c") -> OperatorTurn:
    """A turn with these calls; ids are the prefix and the place in the turn."""
    return OperatorTurn(
        text="", calls=tuple(ToolCall(id=f"{prefix}{place}", name=name, arguments=given) for place, (name, given) in enumerate(named))
    )


class Scripted:
    """Answers with `steps` in order; an `OperatorFailed` among them is raised."""

    name = "scripted"
    about = "a script"

    def __init__(self, *steps: Step, worst: Spend | None = None) -> None:
        self._steps: Sequence[Step] = steps
        self._worst = worst or Spend()
        self.seen: list[Conversation] = []

    def worst_case(self, conversation: Conversation, tools: tuple[ToolSpec, ...]) -> Spend:
        return self._worst

    async def ask(self, conversation: Conversation, tools: tuple[ToolSpec, ...], emit: Say) -> Answer:
        assert len(self.seen) < len(self._steps), f"ask {len(self.seen) + 1} is not in the script"
        step = self._steps[len(self.seen)]
        self.seen.append(conversation)
        if isinstance(step, OperatorFailed):
            raise step
        answer = step if isinstance(step, Answer) else Answer(turn=step)
        if answer.turn.text:
            emit(answer.turn.text)
        return answer

    def assert_played(self) -> None:
        """Every step was asked for."""
        assert len(self.seen) == len(self._steps), f"{len(self._steps) - len(self.seen)} steps were not played"
