"""Two opinions on one case: what the rulebook makes of the same tool results, beside what the operator chose."""

from dataclasses import dataclass

from pipeline.diagnosis.diagnosis import Action
from pipeline.record.cases import Status
from pipeline.words import ACTIONS, action_name


@dataclass(frozen=True)
class SecondOpinion:
    """What the rulebook would have closed the case with; with `retrain` and `recalibrate` in `mode`. `summary` is its sentence for people,
    `because` the evidence it rests on, in the words of the tool results."""

    action: Action
    mode: str | None
    summary: str
    because: str

    def differs(self, action: Action, mode: str | None) -> bool:
        """Whether the operator's choice is another one."""
        return self.action != action or (self.mode is not None and mode is not None and self.mode != mode)

    def said(self, operator: str, action: Action, mode: str | None) -> str:
        """The disagreement in one sentence."""
        return (
            f"{operator} chose {choice(action, mode)}, the rulebook would {ACTIONS[self.action].would} ({choice(self.action, self.mode)})."
        )


def weighed(status: Status, second: SecondOpinion | None, action: Action, mode: str | None) -> Status:
    """The case's status with both opinions heard: what they differ on is never left as nothing to do."""
    differ = second is not None and second.differs(action, mode)
    return "needs_people" if differ and status in {"no_deploy_needed", "not_enough_data"} else status


def choice(action: str, mode: str | None = None) -> str:
    """An action and its mode in words."""
    name = action_name(action)
    return f"{name}, {mode}" if mode and mode != action else name
