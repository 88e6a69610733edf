"""What happened to a window, and what to do about it: the cause, how sure, and what nobody could have seen."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field

from pipeline.diagnosis.finding import Cause, Family, Finding
from pipeline.workspace.policy import Policy
from pipeline.workspace.settings import ValueSettings

if TYPE_CHECKING:
    from pipeline.diagnosis.observed import Observed

Action = Literal["monitor", "fix_data", "collect_labels", "recalibrate", "retrain"]
Mode = Literal["combined", "recent", "recalibrate"]
Rule = Literal[
    "broken_data",
    "lost_dependency",
    "moved_alone",
    "untrusted_labels",
    "conflict",
    "changed_behaviour",
    "unfamiliar_customers",
    "changed_level",
    "unfamiliar_without_labels",
    "changed_prior",
    "moved_harmlessly",
    "nothing",
    "overruled",
]


class _Word(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RunnerUp(_Word):
    """The cause that fits second best, and what would tell it from the first."""

    cause: Cause
    tell_apart: str


class Diagnosis(_Word):
    """What happened. `rule` decided, and `confidence` (0-1) is how often that rule was right on the benchmark. `mode` says how to train,
    None where nothing is trained. `said` is for people. `findings`: notable ones first. `blind_spots`: what nobody could have seen here.
    `without_outcomes`: too few are known to see whether customers of the same kind behave differently."""

    cause: Cause
    confidence: float
    column: str | None
    action: Action
    mode: Mode | None
    rule: Rule
    said: str
    findings: tuple[Finding, ...]
    blind_spots: tuple[str, ...]
    runner_up: RunnerUp | None
    without_outcomes: bool = Field(False, exclude_if=lambda told: not told)

    @property
    def provisional(self) -> bool:
        """Whether it says that all is well only because nobody could see otherwise."""
        return self.without_outcomes and self.rule in {"nothing", "moved_harmlessly"}


def diagnose(
    observed: "Observed", policy: Policy, without: Collection[Family] = (), *, value: ValueSettings, known: Sequence[Finding] = ()
) -> Diagnosis:
    """Look for all evidence but the families in `without`, and conclude.

    Args:
        observed: the window beside the reference.
        policy: thresholds.
        without: families of findings to leave out, to see what they are worth.
        value: of a campaign; gains are told in it.
        known: findings from elsewhere: what people wrote down about the time of the window.
    """
    from pipeline.diagnosis.data_faults.copied_rows import learnt_rows
    from pipeline.diagnosis.diagnose import examine
    from pipeline.diagnosis.rules import Setting, conclude

    outcomes = observed.labelled.churned
    setting = Setting(observed.rows, len(outcomes), int(outcomes.sum()), learnt_rows(observed))
    return conclude((*examine(observed, policy, value, without), *known), setting, policy)
