"""What the operator says of a case, and how the case ends."""

from dataclasses import dataclass

from pydantic import BaseModel, Field

from pipeline.diagnosis.diagnosis import Action
from pipeline.diagnosis.finding import Cause
from pipeline.record.cases import Status
from reports.second_opinion import SecondOpinion


class StatedHypothesis(BaseModel, frozen=True, extra="forbid"):
    """A cause, and what was checked about it."""

    cause: Cause
    checked: str = Field(max_length=400)


@dataclass(frozen=True)
class Narrative:
    """What the operator says about the case, in its own words; `hypotheses`: at most three, the likeliest first."""

    summary: str
    reasoning: str
    hypotheses: tuple[StatedHypothesis, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """How a case ends: what the report's head says. `partial` is the sentence on the bound that was hit, else empty; `second` is what the
    rulebook makes of the same results, where it was asked."""

    status: Status
    action: Action | None
    mode: str | None
    operator: str
    stopped: str
    partial: str = ""
    second: SecondOpinion | None = None

    @property
    def disagreed(self) -> SecondOpinion | None:
        """The rulebook's opinion where it is another one."""
        return self.second if self.second and self.action and self.second.differs(self.action, self.mode) else None
