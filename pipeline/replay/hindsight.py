"""What a model would have brought in the batches that followed: known only afterwards, and to nobody who decides but the oracle."""

from collections.abc import Sequence

from pipeline.benchmark.instance import Answer, Remedy
from pipeline.benchmark.truth import COST
from pipeline.errors import DataError
from pipeline.measures.campaign_value import gain
from pipeline.models.artifact import Artifact
from pipeline.replay.dated_table import Batch
from pipeline.replay.look import Look
from pipeline.replay.training_desk import MODES, TrainingDesk
from pipeline.workspace.policy import TrainingRules
from pipeline.workspace.value_settings import ValueSettings

BATCHES = 3  # that follow a look: a training is paid once and serves for a while, and by then the next one has been thought of
_ANSWERS: dict[Remedy, Answer] = {
    "recalibrate": Answer(cause="prior_shift", action="recalibrate", mode="recalibrate"),
    "retrain_combined": Answer(cause="concept_drift", action="retrain", mode="combined"),
    "retrain_recent": Answer(cause="concept_drift", action="retrain", mode="recent"),
}


class Hindsight:
    """Looks ahead in the table's batches."""

    def __init__(self, batches: Sequence[Batch], desk: TrainingDesk, value: ValueSettings, rules: TrainingRules) -> None:
        self._batches, self._desk, self._value, self._rules = batches, desk, value, rules

    def gain(self, look: Look, model: Artifact) -> float:
        """Points that the model brings over the look's champion in the next three batches together, fewer at the end of the table."""
        target = look.champion.manifest.columns.target
        following = self._batches[look.number : look.number + BATCHES]
        return sum(
            gain(batch.rows[target], model.scores(batch.rows), look.champion.scores(batch.rows), self._value).percent for batch in following
        )

    def best(self, look: Look) -> tuple[Remedy, float]:
        """The training that brings the most beyond its cost, and how much, in points; to monitor, and 0, where none does. The gate has no say."""
        found: tuple[Remedy, float] = ("monitor", 0.0)
        if not look.can_train(self._rules):
            return found
        for remedy in MODES:
            try:
                model = self._desk.train(look, remedy)
            except DataError:
                continue
            beyond = self.gain(look, model.artifact) - COST[remedy]
            if beyond > found[1]:
                found = (remedy, beyond)
        return found

    def oracle(self, look: Look) -> Answer:
        """What somebody would decide who knows the next batches."""
        return _ANSWERS.get(self.best(look)[0], Answer(cause="none", action="monitor"))
