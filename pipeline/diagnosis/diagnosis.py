"""What happened to a window, and what to do about it: the cause, how sure, and what nobody could have seen."""

from typing import Literal

from pydantic import Field

from pipeline.diagnosis.attribution.attribution import Attribution
from pipeline.diagnosis.expected_performance import ExpectedPerformance
from pipeline.diagnosis.finding import Cause, Finding
from pipeline.diagnosis.hypothesis import Hypothesis
from pipeline.diagnosis.repairs.tried_repair import TriedRepair
from pipeline.diagnosis.ruled_out import RuledOut
from pipeline.diagnosis.timing.retraining_time import RetrainingTime
from pipeline.stored_record import StoredRecord
from pipeline.windows.offers_made import OffersMade
from pipeline.windows.population import Population
from pipeline.windows.stretch import BrokenDays, Stretch

Action = Literal["monitor", "fix_data", "collect_labels", "wait_for_outcomes", "rollback", "recalibrate", "retrain"]
Mode = Literal["combined", "recent", "newest", "reweighted", "recalibrate"]
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
    "unlogged_contacts",
    "overruled",
]


class RunnerUp(StoredRecord):
    """The cause that fits second best, and what would tell it from the first."""

    cause: Cause
    tell_apart: str


class Diagnosis(StoredRecord):
    """What happened. `cause` is the most probable one, `confidence` its probability (0-1), and `rule` the kind of evidence that tells it. `mode` says
    how to train, None where nothing is trained. `hypotheses`: the causes that may be the one, the most probable first.
    `also`: a second cause that is there beside a fault, or among the customers who were not contacted, and `then` what to do about it once the fault is fixed; both None where there is none.
    `fault_probability`: that data or outcomes are faulty, or outcomes those of contacted customers (0-1), which keeps a training back; None in records of earlier versions. `said` is for people. `findings`: notable ones first. `blind_spots`: what nobody could have seen here.
    `without_outcomes`: too few are known to see whether customers of the same kind behave differently.
    `population`: who was scored, None where neither settings nor ids say. `expected`: performance without outcomes,
    None where it was not or could not be computed. `ruled_out`: the checks that found nothing, the nearest miss first. `repairs`: those that were tried, the ones that return first.
    `recent` and `matured`: the rows it speaks of, days `left_out` of them, and `offers`: whom of them the team had contacted, see `TwoWindows`.
    `owners`: whom to call about what is broken, as the settings name them. `attribution`: what a fall of the campaign's profit comes from, None where it was not asked or cannot be told. `timing`: when to retrain, None where outcomes do not tell."""

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
    hypotheses: tuple[Hypothesis, ...] = Field((), exclude_if=lambda told: not told)
    also: Cause | None = Field(None, exclude_if=lambda told: told is None)
    then: Action | None = Field(None, exclude_if=lambda told: told is None)
    fault_probability: float | None = Field(None, exclude_if=lambda told: told is None)
    expected: ExpectedPerformance | None = Field(None, exclude_if=lambda told: told is None)
    ruled_out: tuple[RuledOut, ...] = Field((), exclude_if=lambda checks: not checks)
    repairs: tuple[TriedRepair, ...] = Field((), exclude_if=lambda tried: not tried)
    recent: Stretch | None = Field(None, exclude_if=lambda told: told is None)
    matured: Stretch | None = Field(None, exclude_if=lambda told: told is None)
    left_out: tuple[BrokenDays, ...] = Field((), exclude_if=lambda told: not told)
    owners: tuple[str, ...] = Field((), exclude_if=lambda told: not told)
    offers: OffersMade | None = Field(None, exclude_if=lambda told: told is None)
    attribution: Attribution | None = Field(None, exclude_if=lambda told: told is None)
    timing: RetrainingTime | None = Field(None, exclude_if=lambda told: told is None)

    @property
    def provisional(self) -> bool:
        """Whether it says that all is well only because harm would not be visible here."""
        return self.without_outcomes and self.rule in {"nothing", "moved_harmlessly"}
