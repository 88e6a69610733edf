"""What a client asks of one training, and what it is answered."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.diagnosis.diagnosis import Mode
from pipeline.record.cases import Training, TrainingResult
from pipeline.workspace.policy import Policy
from pipeline.workspace.settings import EstimatorName
from tools.results import Candidate, TrainingReply

USUAL_ESTIMATOR: EstimatorName = "random_forest"


@dataclass(frozen=True)
class TrainingRequest:
    """One training as asked for. An estimator left out is a random forest, hyperparameters left out take its defaults; in mode `recalibrate`
    both are the champion's."""

    mode: Mode
    estimator: EstimatorName | None
    hyperparameters: Mapping[str, float]

    @property
    def arguments(self) -> dict[str, Any]:
        return {"mode": self.mode, **({} if self.estimator is None else {"estimator": self.estimator}), **self.hyperparameters}


def reply_to(case_id: str, result: TrainingResult, done: tuple[Training, ...], policy: Policy) -> TrainingReply:
    """The answer, which says how many of the case's trainings are left."""
    used = sum(training.result is not None for training in done)
    return TrainingReply(
        case_id=case_id,
        mode=result.mode,
        estimator=result.estimator,
        hyperparameters=result.hyperparameters,
        candidate=Candidate(digest=result.digest, version=result.version),
        metrics=result.metrics,
        champion_metrics=result.champion_metrics,
        comparison=result.comparison,
        gate=result.gate,
        train_rows=result.train_rows,
        held_out_rows=result.gate_rows,
        trainings_left=0 if result.gate.passed else max(0, 1 + policy.training.retries - used),
    )
