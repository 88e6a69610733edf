"""The parent: a training that ends in any way leaves a published artifact or nothing."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import anyio
import pandas as pd
import pytest

from pipeline.errors import IntegrityError, TrainingError
from pipeline.measures.metrics import measure
from pipeline.models.artifact import open_artifact, publish
from pipeline.training.job import Progress, TrainingJob
from pipeline.training.parent import OnProgress, TrainingOutcome, train
from pipeline.workspace.folder import Workspace
from pipeline.workspace.staging import staging_folder
from tests.checkout import ROOT
from tests.pipeline.small_artifacts import small_artifact
from tests.pipeline.small_tables import small_job, small_table

TRAIN, TEST = small_table(300, 1), small_table(150, 2)
ENDLESS = {"n_estimators": 100_000}

KILLED_PARENT = """
import os, signal, sys
from pathlib import Path
import anyio
from pipeline.training.parent import train
from pipeline.workspace.folder import Workspace
from tests.pipeline.small_tables import small_job, small_table

async def die(progress):
    if progress.stage == "calibrating":
        os.kill(os.getpid(), signal.SIGKILL)

async def main():
    job = small_job(hyperparameters={"n_estimators": 100_000})
    async with train(job, small_table(300, 1), small_table(150, 2), Workspace(Path(sys.argv[1])), on_progress=die, time_limit_seconds=60):
        pass

anyio.run(main)
"""


def in_block(
    workspace: Workspace,
    then: Callable[[TrainingOutcome], object],
    job: TrainingJob | None = None,
    *,
    rows: pd.DataFrame = TRAIN,
    on_progress: OnProgress | None = None,
    time_limit_seconds: float = 60,
) -> object:
    """What `then` makes of the outcome while its block is open."""

    async def main() -> object:
        async with train(
            job or small_job(), rows, TEST, workspace, on_progress=on_progress, time_limit_seconds=time_limit_seconds
        ) as outcome:
            return then(outcome)

    return anyio.run(main)


def never(outcome: TrainingOutcome) -> None:
    pytest.fail("the training should not have come to an outcome")


def at(stage: str, act: Callable[[], object]) -> Callable[[Progress], Awaitable[None]]:
    async def react(progress: Progress) -> None:
        if progress.stage == stage:
            act()

    return react


def trainers(workspace: Workspace) -> list[int]:
    """Processes that train for this workspace."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().decode().split("\0")
        except OSError:
            continue
        if "pipeline.training.child" in words and str(workspace.root) in words:
            found.append(int(process.name))
    return found


def leftovers(workspace: Workspace) -> list[Path]:
    staged = [path for path in workspace.staging.iterdir() if path.is_dir()]
    return staged + (list(workspace.models.iterdir()) if workspace.models.exists() else [])


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path.resolve())


@pytest.mark.slow
def test_what_is_published_inside_the_block_stays_and_nothing_else(workspace: Workspace) -> None:
    said: list[Progress] = []

    async def note(progress: Progress) -> None:
        said.append(progress)

    outcomes: list[TrainingOutcome] = []
    digest = in_block(workspace, lambda outcome: (outcomes.append(outcome), publish(outcome.staged, workspace))[1], on_progress=note)
    assert leftovers(workspace) == [workspace.models / str(digest)]
    artifact = open_artifact(workspace, str(digest))
    assert artifact.metrics == outcomes[0].evaluation.metrics
    assert artifact.manifest == outcomes[0].manifest
    assert 0 < outcomes[0].seconds < 60
    assert [step.stage for step in said][-1] == "done"
    assert trainers(workspace) == []


@pytest.mark.slow
def test_what_is_not_published_has_met_the_champion_on_the_test_set_and_leaves_no_trace(workspace: Workspace) -> None:
    champion = publish(small_artifact(workspace.root / "staged"), workspace)
    staged: list[bool] = []
    outcome = in_block(workspace, lambda outcome: (staged.append(outcome.staged.is_dir()), outcome)[1], small_job(champion=champion))
    assert isinstance(outcome, TrainingOutcome)
    assert staged == [True]
    assert leftovers(workspace) == [workspace.models / champion]
    assert outcome.evaluation.champion_metrics == measure(TEST["churned"], open_artifact(workspace, champion).scores(TEST), 0.5, 0.95)
    assert outcome.evaluation.comparison is not None
    assert outcome.evaluation.comparison.n == 150


def test_a_tampered_champion_is_refused_before_anything_starts(workspace: Workspace) -> None:
    folder = workspace.models / ("0" * 64)
    folder.mkdir(parents=True)
    with pytest.raises(IntegrityError, match="bytes differ"):
        in_block(workspace, never, small_job(champion="0" * 64))
    assert not workspace.staging.exists()


def test_an_unknown_hyperparameter_is_refused_before_anything_starts(workspace: Workspace) -> None:
    with pytest.raises(TrainingError, match="no hyperparameter C"):
        in_block(workspace, never, small_job(hyperparameters={"C": 1.0}))
    assert not workspace.staging.exists()


@pytest.mark.slow
def test_the_childs_own_sentence_reaches_people(workspace: Workspace) -> None:
    with pytest.raises(TrainingError, match="Training failed: Of the 300 training rows 0 churned") as caught:
        in_block(workspace, never, rows=TRAIN.assign(churned=TRAIN["churned"] * 0))
    assert "Traceback" not in str(caught.value)
    assert leftovers(workspace) == []


@pytest.mark.slow
def test_an_unforeseen_failure_is_one_sentence_too(workspace: Workspace) -> None:
    with pytest.raises(TrainingError, match=r"Training failed: KeyError.*tenure") as caught:
        in_block(workspace, never, rows=TRAIN.drop(columns="tenure"))
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_the_time_limit_ends_the_child(workspace: Workspace) -> None:
    started = time.monotonic()
    with pytest.raises(TrainingError, match=r"stopped after its time limit of 1\.5 s"):
        in_block(workspace, never, small_job(hyperparameters=ENDLESS), time_limit_seconds=1.5)
    assert time.monotonic() - started < 15
    assert leftovers(workspace) == []
    assert trainers(workspace) == []


@pytest.mark.slow
def test_cancelling_the_scope_ends_the_child(workspace: Workspace) -> None:
    async def main() -> bool:
        with anyio.CancelScope() as scope:
            stop = at("calibrating", scope.cancel)
            job = small_job(hyperparameters=ENDLESS)
            async with train(job, TRAIN, TEST, workspace, on_progress=stop, time_limit_seconds=60) as outcome:
                never(outcome)
        return scope.cancelled_caught

    assert anyio.run(main)
    assert leftovers(workspace) == []
    assert trainers(workspace) == []


@pytest.mark.slow
def test_cancelling_the_task_ends_the_child(workspace: Workspace) -> None:
    async def main() -> None:
        began = asyncio.Event()

        async def work() -> None:
            job = small_job(hyperparameters=ENDLESS)
            async with train(job, TRAIN, TEST, workspace, on_progress=at("calibrating", began.set), time_limit_seconds=60) as outcome:
                never(outcome)

        task = asyncio.create_task(work())
        await began.wait()
        assert len(trainers(workspace)) == 1
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert leftovers(workspace) == []
    assert trainers(workspace) == []


@pytest.mark.slow
def test_a_reader_of_progress_that_fails_ends_the_child(workspace: Workspace) -> None:
    def fail() -> None:
        raise ConnectionError("the reader went away")

    with pytest.raises(ConnectionError, match="went away"):
        in_block(workspace, never, small_job(hyperparameters=ENDLESS), on_progress=at("calibrating", fail))
    assert leftovers(workspace) == []
    assert trainers(workspace) == []


@pytest.mark.slow
def test_a_killed_child_is_one_sentence(workspace: Workspace) -> None:
    kill = at("calibrating", lambda: os.kill(trainers(workspace)[0], signal.SIGKILL))
    with pytest.raises(TrainingError, match="killed by signal 9") as caught:
        in_block(workspace, never, small_job(hyperparameters=ENDLESS), on_progress=kill)
    assert "memory" in caught.value.next_step
    assert leftovers(workspace) == []


@pytest.mark.slow
def test_a_killed_parent_leaves_no_orphan_and_its_staging_is_swept(workspace: Workspace) -> None:
    command = [sys.executable, "-c", KILLED_PARENT, str(workspace.root)]
    parent = subprocess.run(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False)
    assert parent.returncode == -signal.SIGKILL
    deadline = time.monotonic() + 20
    while trainers(workspace) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert trainers(workspace) == []
    assert not workspace.models.exists()
    assert len(leftovers(workspace)) == 1
    with staging_folder(workspace):
        assert len(leftovers(workspace)) == 1
    assert leftovers(workspace) == []


@pytest.mark.slow
def test_a_module_of_the_same_name_where_the_user_stands_is_not_run(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    shadow = workspace.root / "shadow" / "pipeline"
    shadow.mkdir(parents=True)
    (shadow / "__init__.py").write_text("raise SystemExit('shadowed')")
    monkeypatch.chdir(shadow.parent)
    monkeypatch.setenv("PYTHONPATH", str(shadow.parent))
    assert in_block(workspace, lambda outcome: outcome.evaluation.metrics.n) == 150
