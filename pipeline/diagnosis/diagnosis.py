"""What happened to a window, and what to do about it: the cause, how sure, and what nobody could have seen."""

from typing import Literal

from pydantic import Field

from pipeline.diagnosis.finding import Cause, Finding
from pipeline.stored_record import StoredRecord
from pipeline.windows.population import Population
from pipeline.windows.stretch import Stretch

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


class RunnerUp(StoredRecord):
    """The cause that fits second best, and what would tell it from the first."""

    cause: Cause
    tell_apart: str


class Diagnosis(StoredRecord):
    """What happened. `rule` decided, and `confidence` (0-1) is how often that rule was right on the benchmark. `mode` says how to train,
    None where nothing is trained. `said` is for people. `findings`: notable ones first. `blind_spots`: what nobody could have seen here.
    `without_outcomes`: too few are known to see whether customers of the same kind behave differently.
    `population`: who was scored, None where neither settings nor ids say. `recent` and `matured`: the rows it speaks of, see `TwoWindows`."""

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
    population: Population | None = Field(None, exclude_if=lambda told: told is None)
    recent: Stretch | None = Field(None, exclude_if=lambda told: told is None)
    matured: Stretch | None = Field(None, exclude_if=lambda told: told is None)

    @property
    def provisional(self) -> bool:
        """Whether it says that all is well only because harm would not be visible here."""
        return self.without_outcomes and self.rule in {"nothing", "moved_harmlessly"}
