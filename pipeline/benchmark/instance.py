"""One question of the benchmark, the truth about it, and what was answered."""

from collections.abc import Iterator, Sequence
from typing import Literal

from pydantic import BaseModel

from pipeline.diagnosis.diagnosis import Action, Diagnosis, Mode
from pipeline.diagnosis.finding import Cause
from pipeline.worlds.change import Severity
from pipeline.worlds.scenarios import SEVERITIES, number_of, scenario_named

Labels = Literal["full", "partial", "none"]
Remedy = Literal["monitor", "fix_data", "collect_labels", "recalibrate", "retrain_combined", "retrain_recent", "fix_then_retrain"]

_LABELS: tuple[Labels, ...] = ("full", "partial", "none")
_FAMILIES = ("random_forest", "logistic_regression")  # whatever families there are, so that the figures of two versions compare


class _Fact(BaseModel, frozen=True, extra="forbid"):
    """Frozen: what was read stays as it was."""


class Question(_Fact):
    """A kind of change of one severity, drawn with `seed`, met by a champion of one `family`, with outcomes for all rows, some or none."""

    kind: str
    severity: Severity
    seed: int
    family: str
    labels: Labels


class Truth(_Fact):
    """What was right. `also` is a second cause, where two came at once. `worth` of a remedy is percent of the maximum profit on the future, less
    its cost; None where it could not be carried out. `columns`: any of them is the right one to name; empty where no column is to blame. `unsafe`: training on these rows
    means training on a fault. `invisible`: nothing an operator is given tells this world from an unchanged one."""

    cause: Cause
    also: Cause | None = None
    columns: tuple[str, ...]
    worth: dict[Remedy, float | None]
    acceptable: tuple[Remedy, ...]
    unsafe: bool
    invisible: bool

    @property
    def causes(self) -> tuple[Cause, ...]:
        """The cause, or both where two came at once."""
        return (self.cause,) if self.also is None else (self.cause, self.also)

    @property
    def best(self) -> float:
        """Worth of the best acceptable remedy."""
        return max(worth for remedy in self.acceptable if (worth := self.worth[remedy]) is not None)

    def regret(self, remedy: Remedy) -> float:
        """Points lost against the best acceptable remedy, 0 where it was better. What cannot be carried out leaves the champion alone."""
        worth = self.worth.get(remedy)
        if worth is None:
            worth = self.worth["monitor"] or 0.0
        return max(0.0, self.best - worth)


class Answer(_Fact):
    """What one operator or rule said, and how long it took. `then` is what remains to be done once the action is done."""

    cause: Cause
    column: str | None = None
    action: Action
    then: Action | None = None
    mode: Mode | None = None
    rule: str | None = None
    confidence: float | None = None
    seconds: float = 0.0

    @classmethod
    def of(cls, found: Diagnosis) -> "Answer":
        """What a diagnosis said."""
        return cls(
            cause=found.cause,
            column=found.column,
            action=found.action,
            then=found.then,
            mode=found.mode,
            rule=found.rule,
            confidence=found.confidence,
        )

    @property
    def remedy(self) -> Remedy:
        """The action with its mode, as something that can be done."""
        if self.action == "fix_data" and self.then == "retrain":
            return "fix_then_retrain"
        if self.action == "wait_for_outcomes":
            return "collect_labels"
        if self.action == "rollback":  # until a person carries it out the champion serves on
            return "monitor"
        if self.action != "retrain":
            return self.action
        return "retrain_combined" if self.mode in (None, "combined") else "retrain_recent"


class Answered(_Fact):
    """A question with its truth and the answers, by who gave them."""

    question: Question
    truth: Truth
    answers: dict[str, Answer]


class Broken(_Fact):
    """A question on which the benchmark itself failed: no answer, neither right nor wrong."""

    question: Question
    said: str


class Skipped(_Fact):
    """A question that the table cannot express."""

    question: Question
    said: str


Result = Answered | Broken | Skipped


def questions(kinds: Sequence[str], severities: Sequence[Severity], seeds: Sequence[int]) -> Iterator[Question]:
    """Every kind in every severity for every seed. Model families alternate, and so do the amounts of labels: six seeds in a row hold every
    combination."""
    for seed in seeds:
        for kind in kinds:
            for place, severity in enumerate(SEVERITIES):
                if severity not in severities:
                    continue
                turn = seed + number_of(kind) + place
                labels = _LABELS[(seed + number_of(kind) + 2 * place) % 3]
                # Without labels none can be at fault.
                if scenario_named(kind).truth == "label_fault" and labels == "none":
                    labels = "partial"
                yield Question(kind=kind, severity=severity, seed=seed, family=_FAMILIES[turn % 2], labels=labels)
