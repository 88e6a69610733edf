"""Where questions are answered: one process's desk, with the champions it opened and the twins it looked at."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.benchmark.baselines import BASELINES
from pipeline.benchmark.customers import Crowds, Table, crowds
from pipeline.benchmark.instance import Answer, Answered, Broken, Labels, Question, Result, Skipped
from pipeline.benchmark.truth import Gains, find_truth, gained_by_rows
from pipeline.benchmark.world import Exhibit, make_world, named_columns, plan_change
from pipeline.models.artifact import Artifact, open_artifact, publish
from pipeline.tables.typed_parquet import write_rows
from pipeline.training.child import run
from pipeline.training.job import ARTIFACT, TEST_ROWS, TRAIN_ROWS, TrainingJob
from pipeline.workspace.folder import Workspace
from pipeline.workspace.policy import Policy
from pipeline.workspace.staging import staging_folder
from pipeline.workspace.value_settings import ValueSettings
from pipeline.worlds.change import NotExpressible
from pipeline.worlds.scenarios import scenario_named

TRAIN_SHARE = 0.75  # of the reference; the rest judges the champion
EARLIER_SHARE = 0.3  # of the reference, where it was before as it is again
TRAINED_AT = datetime(2026, 2, 1, tzinfo=UTC)

Operator = Callable[[Exhibit], Answer]


@dataclass(frozen=True)
class Setup:
    """What all questions of a run share. `folder` holds the champions; `operator` is the one on trial, by `operator_name`."""

    table: Table
    folder: Path
    rows: int
    policy: Policy
    value: ValueSettings
    operator_name: str
    operator: Operator


@dataclass(frozen=True)
class ChampionName:
    """Which champion a question asks for. `of_kind` names the kind of change that has a reference of its own, if it does."""

    seed: int
    family: str
    of_kind: str | None


def champion_of(question: Question) -> ChampionName:
    """The champion that a question is about."""
    return ChampionName(question.seed, question.family, question.kind if scenario_named(question.kind).own_reference else None)


def train_champion(setup: Setup, question: Question) -> str | None:
    """Train and publish the champion that `question` and others ask for; returns its digest, None where the table cannot express the change.

    Raises:
        ChurnopsError: no model can be trained on the table.
    """
    parts = crowds(setup.table, question.seed)
    columns = named_columns(parts.columns)
    try:
        frame = _reference(question, parts)
    except NotExpressible:
        return None
    rows = frame[[*columns.features, columns.target]]
    cut = int(TRAIN_SHARE * len(rows))
    workspace = Workspace(setup.folder)
    job = TrainingJob(
        columns=columns,
        estimator=question.family,
        seed=question.seed,
        threshold=0.5,
        confidence=setup.policy.gate.confidence,
        trained_at=TRAINED_AT,
    )
    with staging_folder(workspace) as folder:
        write_rows(rows.iloc[:cut], folder / TRAIN_ROWS)
        write_rows(rows.iloc[cut:], folder / TEST_ROWS)
        run(job, folder, workspace, StringIO())
        return publish(folder / ARTIFACT, workspace)


def _reference(question: Question, parts: Crowds) -> pd.DataFrame:
    """The rows a champion is trained and tested on, without who only comes with the change, and with the part in which it was so before."""
    frame = parts.reference.frame
    if champion_of(question).of_kind is None:
        return frame
    change, rng = plan_change(question, parts), np.random.default_rng(question.seed)
    if change.absent is not None:
        stays = rng.random(len(frame)) < change.absent(frame)
        return frame[stays].reset_index(drop=True)
    if change.earlier is not None:
        churned = rng.random(len(frame)) < change.earlier(frame, parts.reference.expected)
        was_so = np.arange(len(frame)) < EARLIER_SHARE * len(frame)
        target = parts.columns.target
        return frame.assign(**{target: frame[target].mask(was_so, churned).astype("int8")})
    return frame


class Questioning:
    """Answers questions one after another. `digests` are the champions, by what they are."""

    def __init__(self, setup: Setup, digests: dict[ChampionName, str | None]) -> None:
        self._setup, self._digests = setup, digests
        self._opened: dict[str, Artifact] = {}
        self._twins: dict[tuple[str, int, Labels], Gains] = {}

    def answer(self, question: Question) -> Result:
        """Make the world, find its truth, and ask the operator and the baselines. Whatever fails is told, not raised."""
        try:
            return self._answer(question)
        except NotExpressible as error:
            return Skipped(question=question, said=str(error))
        except Exception as error:  # a failure of the benchmark must neither end it nor pass for an answer
            return Broken(question=question, said=f"{type(error).__name__}: {error}")

    def _answer(self, question: Question) -> Result:
        setup, digest = self._setup, self._digests[champion_of(question)]
        if digest is None:
            return Skipped(question=question, said="The table has no customers of a fitting kind.")
        champion = self._opened.setdefault(digest, open_artifact(Workspace(setup.folder), digest))
        world = make_world(question, setup.table, champion, setup.rows)
        truth = find_truth(question, world, self._free(question, champion), setup.value)
        answers = {setup.operator_name: _timed(lambda: setup.operator(world.exhibit))}
        window = world.exhibit.window()
        for name, rule in BASELINES.items():
            answers[name] = _timed(lambda rule=rule: rule(window, champion, setup.policy))  # type: ignore[misc]
        return Answered(question=question, truth=truth, answers=answers)

    def _free(self, question: Question, champion: Artifact) -> Gains:
        key = (champion.digest, question.seed, question.labels)
        if key not in self._twins:
            twin = question.model_copy(update={"kind": "none", "severity": "strong"})
            self._twins[key] = gained_by_rows(make_world(twin, self._setup.table, champion, self._setup.rows), self._setup.value)
        return self._twins[key]


def _timed(answer: Callable[[], Answer]) -> Answer:
    started = time.perf_counter()
    said = answer()
    return said.model_copy(update={"seconds": time.perf_counter() - started})
