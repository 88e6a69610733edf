"""A replay from the first champion to the last batch, every strategy side by side."""

import logging
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from pipeline.replay.dated_table import DatedTable, Pace
from pipeline.replay.hindsight import Hindsight
from pipeline.replay.life import Life, Terms
from pipeline.replay.lived import ReplayReport
from pipeline.replay.look import Look, see
from pipeline.replay.strategies import ORACLE, strategies
from pipeline.replay.summary import summarise
from pipeline.replay.training_desk import TrainingDesk
from pipeline.workspace.folder import Workspace
from pipeline.workspace.policy import Policy
from pipeline.workspace.value_settings import ValueSettings

_FLOOR_BELOW = 0.1  # the first champion's ROC-AUC: what a table can reach is no model's fault
_LOWEST_FLOOR = 0.5


class Replay:
    """One table lived through. `folder` holds its models and is the caller's to remove."""

    def __init__(self, table: DatedTable, pace: Pace, folder: Path, policy: Policy, value: ValueSettings, estimator: str) -> None:
        self._table, self._pace, self._folder, self._value, self._estimator = table, pace, folder, value, estimator
        self._policy = policy
        self._lives: dict[str, Life] = {}

    def steps(self) -> Iterator[int]:
        """Train the first champion, then go through the batches; yields the number of each that is done, beginning with 0.

        Raises:
            DataError: the reference is too small to train on.
        """
        # It warns at every save that pickles are code; these are ours, and gone when the replay ends.
        logging.getLogger("mlflow.sklearn").setLevel(logging.ERROR)
        workspace = Workspace(self._folder)
        champion = TrainingDesk(workspace, self._policy, self._value, self._estimator).first_champion(self._table)
        floor = max(_LOWEST_FLOOR, round(champion.metrics.roc_auc.value - _FLOOR_BELOW, 2))
        self._policy = self._policy.model_copy(update={"gate": self._policy.gate.model_copy(update={"min_roc_auc": floor})})
        desk = TrainingDesk(workspace, self._policy, self._value, self._estimator)
        hindsight = Hindsight(self._table.batches, desk, self._value, self._policy.training)
        terms = Terms(desk, hindsight, self._policy.training, self._value)
        lives = {name: Life(decide, champion, terms) for name, decide in strategies(self._policy, self._value).items()}
        self._lives = lives | {ORACLE: Life(hindsight.oracle, champion, terms, gated=False)}
        yield 0
        for batch in self._table.batches:
            looks: dict[tuple[str, datetime | None], Look] = {}
            for life in self._lives.values():
                key = (life.champion.digest, life.trained_until)
                if key not in looks and batch is not self._table.batches[-1]:
                    looks[key] = see(self._table, batch, self._pace, life.champion, life.trained_until, self._policy)
                life.go_through(batch, looks.get(key))
            desk.keep_only({life.champion.digest for life in self._lives.values()})
            yield batch.number

    def report(self) -> ReplayReport | None:
        """The figures of the batches that all strategies have lived through; None before the first."""
        lives = {name: life.lived for name, life in self._lives.items()}
        if not lives or not all(lives.values()):
            return None
        floor = self._policy.gate.min_roc_auc
        return summarise(self._table, self._pace, lives, family=self._estimator, floor=floor, value=self._value)
