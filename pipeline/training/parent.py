"""The parent of a training: runs the child, passes its progress on, and leaves nothing behind whatever happens."""

import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE
from typing import TYPE_CHECKING

import anyio
from anyio.abc import Process
from anyio.streams.text import TextReceiveStream

from pipeline.code_folder import CODE
from pipeline.errors import TrainingError
from pipeline.measures.evaluation import Evaluation
from pipeline.models.artifact import MANIFEST, Manifest, open_artifact
from pipeline.models.unfitted_model import hyperparameters_of
from pipeline.training.job import ARTIFACT, DRIFT_ROWS, JOB, REFERENCE_ROWS, RESULT, TEST_ROWS, TRAIN_ROWS, UNSEEN, Progress, TrainingJob
from pipeline.training.team_trainer import last_line
from pipeline.workspace.folder import Workspace
from pipeline.workspace.staging import staging_folder

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.models.calibration import OutOfFold

OnProgress = Callable[[Progress], Awaitable[None]]

STDERR = "stderr.txt"


@dataclass(frozen=True)
class TrainingOutcome:
    """A candidate that was trained and judged, but neither decided on nor published.

    `staged` is the artifact's folder; it exists until the `async with` block ends, unless `publish` moved it.
    """

    staged: Path
    manifest: Manifest
    evaluation: Evaluation
    seconds: float


@asynccontextmanager
async def train(
    job: TrainingJob,
    train_rows: "pd.DataFrame",
    test_rows: "pd.DataFrame",
    workspace: Workspace,
    *,
    drift_rows: "pd.DataFrame | None" = None,
    reference_rows: "pd.DataFrame | None" = None,
    unseen: "OutOfFold | None" = None,
    on_progress: OnProgress | None = None,
    time_limit_seconds: float,
) -> AsyncIterator[TrainingOutcome]:
    """Train in a process of its own, and hold the staged artifact until the block ends.

    Publish inside the block what passed the gate; all else is removed on leaving it. Cancelling kills the child.

    Args:
        job: what to train, and which champion to compare with.
        train_rows: typed rows to train on: features, target, and the id where customers repeat.
        test_rows: typed rows of the test set; never trained on.
        workspace: where staging and the champion lie.
        drift_rows: typed features that `job.drift_reference` tells of.
        reference_rows: typed rows of the reference's test set, to see what the candidate forgot.
        unseen: what such models say of the training rows out of fold, where that is known already: by the job's seed, family and hyperparameters.
        on_progress: awaited for every stage.
        time_limit_seconds: wall time of the child.

    Raises:
        TrainingError: hyperparameters the estimator does not take, the time limit, or a child that failed.
        IntegrityError: the champion's bytes are not its own.
        WorkspaceError: the workspace is read-only.
    """
    workspace.require_writable()
    hyperparameters_of(job.estimator, job.hyperparameters)
    if job.champion is not None:
        await anyio.to_thread.run_sync(open_artifact, workspace, job.champion)
    with staging_folder(workspace) as folder:
        started = anyio.current_time()
        handed = {TRAIN_ROWS: train_rows, TEST_ROWS: test_rows, DRIFT_ROWS: drift_rows, REFERENCE_ROWS: reference_rows}
        await anyio.to_thread.run_sync(_hand_over, job, folder, handed, unseen)
        with anyio.move_on_after(time_limit_seconds) as limit:
            await _run_child(folder, workspace, on_progress)
        if limit.cancelled_caught:
            raise TrainingError(
                f"Training was stopped after its time limit of {time_limit_seconds:g} s.",
                "Raise `training.time_limit_seconds` in churnops.toml, or train on fewer rows.",
            )
        staged = folder / ARTIFACT
        yield TrainingOutcome(
            staged=staged,
            manifest=Manifest.model_validate_json((staged / MANIFEST).read_bytes()),
            evaluation=Evaluation.model_validate_json((folder / RESULT).read_bytes()),
            seconds=anyio.current_time() - started,
        )


def _hand_over(job: TrainingJob, folder: Path, rows: "Mapping[str, pd.DataFrame | None]", unseen: "OutOfFold | None") -> None:
    from pipeline.tables.typed_parquet import write_rows

    for name, some in rows.items():
        if some is not None:
            write_rows(some, folder / name)
    if unseen is not None:
        import numpy as np

        np.save(folder / UNSEEN, np.stack([unseen.probability, unseen.response]))
    (folder / JOB).write_text(job.model_dump_json(), encoding="utf-8")


async def _run_child(folder: Path, workspace: Workspace, on_progress: OnProgress | None) -> None:
    command = [sys.executable, "-P", "-m", "pipeline.training.child", str(folder / JOB), str(workspace.root.resolve())]
    with (folder / STDERR).open("wb") as stderr:
        # Shielded, so that a cancellation never comes between the start of the child and its name.
        with anyio.CancelScope(shield=True):
            process = await anyio.open_process(
                command, stdin=PIPE, stdout=PIPE, stderr=stderr, cwd=folder, env=_environment(), start_new_session=True
            )
        try:
            await _pass_on(process, on_progress)
            code = await process.wait()
        finally:
            with anyio.CancelScope(shield=True):
                await _end(process)
    if code != 0:
        raise _failure(code, folder / STDERR)


async def _pass_on(process: Process, on_progress: OnProgress | None) -> None:
    assert process.stdout is not None
    pending = ""
    async for chunk in TextReceiveStream(process.stdout):
        *lines, pending = (pending + chunk).split("\n")
        for line in lines:
            if on_progress is not None:
                await on_progress(Progress.model_validate_json(line))


async def _end(process: Process) -> None:
    if process.returncode is None:
        with suppress(ProcessLookupError):
            # The child leads a group of its own, so whatever it started goes with it.
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
    await process.aclose()


def _environment() -> dict[str, str]:
    path = os.pathsep.join(filter(None, (str(CODE), os.environ.get("PYTHONPATH"))))
    # One thread: the order of a sum, and so its last bit, does not depend on the machine's cores.
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return {**os.environ, **threads, "PYTHONPATH": path, "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}


def _failure(code: int, stderr: Path) -> TrainingError:
    if code < 0:
        return TrainingError(
            f"The training process was killed by signal {-code}.", "Most often memory ran out: train on fewer rows, then try again."
        )
    said = last_line(stderr) or f"it ended with code {code}"
    return TrainingError(f"Training failed: {said}", "Fix that, then train again.")
