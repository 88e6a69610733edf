"""One strategy's way through the batches: its champion, what it decides, and what becomes of that."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from pipeline.benchmark.instance import Answer
from pipeline.benchmark.truth import COST
from pipeline.errors import DataError
from pipeline.measures.campaign_value import worth
from pipeline.models.artifact import Artifact
from pipeline.replay.dated_table import Batch
from pipeline.replay.hindsight import Hindsight
from pipeline.replay.lived import Decided, LivedBatch, Result
from pipeline.replay.look import Look
from pipeline.replay.strategies import Decide
from pipeline.replay.training_desk import MODES, TrainingDesk
from pipeline.workspace.policy import TrainingRules
from pipeline.workspace.value_settings import ValueSettings


@dataclass(frozen=True)
class Terms:
    """What all lives of a replay share."""

    desk: TrainingDesk
    hindsight: Hindsight
    rules: TrainingRules
    value: ValueSettings


class Life:
    """Lives by `decide`. `gated`: what did not pass the gate is never deployed; whatever passed it a person approves before the next batch.
    `trained_until`: time of the newest outcome that its champion may have been trained on; None: that of the reference."""

    def __init__(self, decide: Decide, champion: Artifact, terms: Terms, *, gated: bool = True) -> None:
        self.champion = champion
        self.trained_until: datetime | None = None
        self.lived: list[LivedBatch] = []
        self._decide, self._terms, self._gated = decide, terms, gated
        self._last_training: datetime | None = None

    def go_through(self, batch: Batch, look: Look | None) -> None:
        """Score the batch with the champion, then decide on the `look` at it and take the consequences; None: nothing comes after."""
        target = self.champion.manifest.columns.target
        profit = worth(batch.rows[target], self.champion.scores(batch.rows), self._terms.value).percent
        self.lived.append(LivedBatch(profit=profit, decided=None if look is None else self._settle(look)))

    def _settle(self, look: Look) -> Decided:
        answer = self._decide(look)
        if answer.remedy not in MODES:
            return Decided(answer=answer, result="nothing", cost=COST[answer.remedy], missed=_missed(answer, look, self._terms.hindsight))
        if kept := self._kept_from_training(look):
            return Decided(answer=answer, result=kept, cost=0.0)
        try:
            made = self._terms.desk.train(look, answer.remedy)
        except DataError:
            return Decided(answer=answer, result="too_few_outcomes", cost=0.0)
        self._last_training = look.now
        if self._gated and not made.gate.passed:
            failed = tuple(check.rule for check in made.gate.checks if not check.passed)
            return Decided(answer=answer, result="gate_failed", cost=0.0, failed=failed)  # nobody was asked for anything
        gained = self._terms.hindsight.gain(look, made.artifact)
        self.champion, self.trained_until = made.artifact, look.known_until
        return Decided(answer=answer, result="deployed", cost=COST[answer.remedy], gain=gained)

    def _kept_from_training(self, look: Look) -> Result | None:
        rules = self._terms.rules
        if self._last_training is not None and look.now - self._last_training < timedelta(hours=rules.cooldown_hours):
            return "cooldown"
        return None if look.can_train(rules) else "too_few_outcomes"


def _missed(answer: Answer, look: Look, hindsight: Hindsight) -> float | None:
    """See `Decided.missed`."""
    if answer.cause not in ("data_fault", "label_fault") or answer.remedy == "monitor":
        return None
    return hindsight.best(look)[1] or None
