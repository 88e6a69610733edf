"""Who operates a chat: the operator, the one that takes over if it fails, and how to change them."""

from collections.abc import Callable
from dataclasses import dataclass

from agent.chat.answering.turn import label
from agent.conversation.messages import Operator

Pair = tuple[Operator, Operator | None]  # who works, and who takes over
Choose = Callable[[str, str | None], Pair]


@dataclass
class Operators:
    """`choose` makes an operator by its name, for Claude with a model; it raises `ChurnopsError` where it cannot be had. `for_triage` makes
    those that `/triage` lets work: the same people, told otherwise."""

    operator: Operator
    fallback: Operator | None
    choose: Choose
    for_triage: Callable[[], Pair]

    def change(self, name: str, model: str | None = None) -> None:
        """Let another operator work.

        Raises:
            ChurnopsError: there is no such operator, or it cannot be had.
        """
        self.operator, self.fallback = self.choose(name, model)

    @property
    def shown(self) -> str:
        """The operator for people."""
        return label(self.operator)
