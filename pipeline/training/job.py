"""What the parent asks of a training, and what the child that fits tells it: the job, its progress, and what it made."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from pipeline.models.artifact import DriftReference, Manifest
from pipeline.models.importance import Importance
from pipeline.tables.schema import Schema
from pipeline.workspace.team_repository import TeamRepository
from pipeline.workspace.value_settings import CustomerValueSettings

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray


JOB = "job.json"
TRAIN_ROWS = "train.parquet"
TEST_ROWS = "gate.parquet"
DRIFT_ROWS = "drift.parquet"
REFERENCE_ROWS = "reference.parquet"
UNSEEN = "unseen.npy"  # what models that had not seen a training row say of it, where that is known already
ARTIFACT = "artifact"
RESULT = "result.json"


class _Message(BaseModel, frozen=True, extra="forbid"):
    """Frozen: what was read stays as it was."""


class TrainingJob(_Message):
    """What to train. `champion` is the digest of the model to beat on the test set, `confidence` that of the intervals.

    `recent_rows` of the training rows, the last ones, are of the window: on them the champion is recalibrated, as a rival to beat too. A
    job that `recalibrates` makes that rival itself, from training rows that are all recent. `command`: words that start the team's own
    trainer, which then makes the model. `drift_reference` tells of the rows that windows will be compared with, where they are not the
    training rows. `test_weights`: for how many rows each row of the test set stands, None: each for itself. `fairness`:
    categorical features by whose values the candidate's treatment of customers is told. `repository`: the team's, for the record.
    """

    columns: Schema
    estimator: str
    hyperparameters: dict[str, int | float] = {}
    seed: int
    threshold: float
    confidence: float
    champion: str | None = None
    recent_rows: int = 0
    recalibrates: bool = False
    command: tuple[str, ...] = ()
    value: CustomerValueSettings = CustomerValueSettings()
    drift_reference: DriftReference | None = None
    trained_at: datetime
    test_weights: tuple[float, ...] | None = None
    fairness: tuple[str, ...] = ()
    repository: TeamRepository | None = None


class Progress(_Message):
    """How far a training is: `fraction` in 0-1, and a sentence for people."""

    stage: str
    fraction: float
    said: str


Say = Callable[[str, float, str], None]


@dataclass(frozen=True)
class Made:
    """A fitted model and what goes into its artifact. `saved`: what is written there, the model or the folder it was saved in. `scores`: of
    the `reference` rows, by models that had not seen them; where others fitted it, its own."""

    saved: Any
    model: Any
    manifest: Manifest
    reference: "pd.DataFrame"
    scores: "NDArray[np.float64]"
    importances: Callable[[], tuple[Importance, ...]]
