"""Trains what a replay asks for, with the product's own trainer and gate, in a workspace that nobody else sees."""

import shutil
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from io import StringIO

import pandas as pd

from pipeline.benchmark.instance import Remedy
from pipeline.diagnosis.diagnosis import Mode
from pipeline.drift.summarise import summarise_drift
from pipeline.errors import DataError
from pipeline.measures.campaign_value import break_even
from pipeline.measures.evaluation import Evaluation
from pipeline.measures.measure import GateResult
from pipeline.models.artifact import Artifact, open_artifact, publish
from pipeline.replay.dated_table import DatedTable
from pipeline.replay.look import Look
from pipeline.tables.schema import Schema
from pipeline.tables.splits import can_split_by_time, split_reference
from pipeline.tables.typed_parquet import write_rows
from pipeline.training.challenge import retraining_rows
from pipeline.training.child import run
from pipeline.training.gate import judge, judge_recalibrated
from pipeline.training.job import ARTIFACT, RESULT, TEST_ROWS, TRAIN_ROWS, TrainingJob
from pipeline.windows.baseline import baseline_of
from pipeline.workspace.folder import Workspace
from pipeline.workspace.policy import Policy
from pipeline.workspace.settings import TrainingSettings
from pipeline.workspace.staging import staging_folder
from pipeline.workspace.value_settings import ValueSettings

MODES: dict[Remedy, Mode] = {"recalibrate": "recalibrate", "retrain_combined": "combined", "retrain_recent": "recent"}


@dataclass(frozen=True)
class TrainedModel:
    """A published model, and what the gate said of it."""

    artifact: Artifact
    gate: GateResult


class TrainingDesk:
    """Trains in `workspace` by `policy`, models of one family. Whoever asks for the same training of the same look is given the same model."""

    def __init__(self, workspace: Workspace, policy: Policy, value: ValueSettings, estimator: str) -> None:
        self._workspace, self._policy, self._value, self._estimator = workspace, policy, value, estimator
        self._usual = TrainingSettings(estimator=estimator)
        self._made: dict[tuple[str, datetime, Remedy], TrainedModel] = {}

    def first_champion(self, table: DatedTable) -> Artifact:
        """The model of the reference, which is split as `init` splits it.

        Raises:
            DataError: too few outcomes in a part of the reference.
        """
        columns, rows = table.columns, table.reference
        by_time = can_split_by_time(rows, columns)
        split = split_reference(rows, columns, self._usual.seed, newest_to_test=by_time)
        digest, _ = self._train(self._job(columns, table.batches[0].since), split.train, split.test)
        return open_artifact(self._workspace, digest)

    def train(self, look: Look, remedy: Remedy) -> TrainedModel:
        """What a training in the remedy's mode makes of a look. The policy must allow one (`Look.can_train`).

        Raises:
            DataError: the rows to train or to test on hold one outcome only.
        """
        key = (look.champion.digest, look.now, remedy)
        if key not in self._made:
            self._made[key] = self._candidate(look, MODES[remedy])
        return self._made[key]

    def keep_only(self, digests: Collection[str]) -> None:
        """Remove every other model: of each batch there are more than a small disk holds."""
        self._made.clear()
        for folder in self._workspace.models.iterdir():
            if folder.name not in digests:
                shutil.rmtree(folder)

    def _candidate(self, look: Look, mode: Mode) -> TrainedModel:
        policy, champion = self._policy, look.champion
        rows = retraining_rows(champion, look.window, policy.training.held_out_share, mode)
        target = champion.manifest.columns.target
        if min(rows.train[target].nunique(), rows.test[target].nunique()) < 2:
            raise DataError("All outcomes of one part are the same.", "Wait for more outcomes.")
        asked: dict[str, object] = {"champion": champion.digest, "recent_rows": rows.recent}
        if mode == "recalibrate":
            asked |= {"recalibrates": True, "threshold": min(break_even(self._value), 1.0)}
        job = self._job(champion.manifest.columns, look.now).model_copy(update=asked)
        digest, found = self._train(job, rows.train, rows.test)
        if mode == "recalibrate":
            gate = judge_recalibrated(found.metrics, found.comparison, found.margins, policy)
        else:
            band = summarise_drift(baseline_of(champion), look.window, policy).band
            gate = judge(found.metrics, found.comparison, band, policy, found.margins, found.margins_recalibrated, found.segments)
        return TrainedModel(open_artifact(self._workspace, digest), gate)

    def _job(self, columns: Schema, now: datetime) -> TrainingJob:
        usual = self._usual
        return TrainingJob(
            columns=columns,
            estimator=self._estimator,
            seed=usual.seed,
            threshold=usual.threshold,
            confidence=self._policy.gate.confidence,
            value=self._value,
            trained_at=now,
        )

    def _train(self, job: TrainingJob, train: pd.DataFrame, test: pd.DataFrame) -> tuple[str, Evaluation]:
        # In this process: starting one for each of a hundred trainings would take longer than they do.
        with staging_folder(self._workspace) as folder:
            write_rows(train, folder / TRAIN_ROWS)
            write_rows(test, folder / TEST_ROWS)
            run(job, folder, self._workspace, StringIO())
            found = Evaluation.model_validate_json((folder / RESULT).read_bytes())
            return publish(folder / ARTIFACT, self._workspace), found
