"""The team's own trainer runs as ours does, within its limits; what it claims decides nothing."""

import io
import json
import os
import shlex
import subprocess
import sys
import time
from pathlib import Path

import anyio
import pytest

from pipeline.errors import ChurnopsError, TrainingError
from pipeline.models.artifact import Artifact, open_artifact, publish
from pipeline.tables.typed_parquet import write_rows
from pipeline.training.child import run
from pipeline.training.job import TEST_ROWS, TRAIN_ROWS, TrainingJob
from pipeline.training.parent import TrainingOutcome, train
from pipeline.workspace.folder import Workspace
from tests.checkout import ROOT
from tests.pipeline.small_tables import small_job, small_table

TRAIN, TEST = small_table(300, 1), small_table(150, 2)
HEAD = """
import argparse, json, os, sys, time
from pathlib import Path
parser = argparse.ArgumentParser()
for name in ("train", "gate", "out", "seed", "estimator"):
    parser.add_argument(f"--{name}")
parser.add_argument("--set", action="append", default=[])
asked = parser.parse_args()
out = Path(asked.out)
"""
GOOD = (
    HEAD
    + """
import warnings; warnings.simplefilter("ignore")
import mlflow.sklearn, pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.impute import SimpleImputer
rows = pd.read_parquet(asked.train)
model = make_pipeline(SimpleImputer(), LogisticRegression()).fit(rows[["tenure", "charges"]], rows["churned"])
mlflow.sklearn.save_model(model, str(out / "model"), serialization_format="cloudpickle", pip_requirements=["scikit-learn"])
print("progress that is none of ours")
(out / "metrics.json").write_text(json.dumps({"roc_auc": 0.9999, "rows": len(rows)}))
Path("asked.json").write_text(json.dumps({**vars(asked), "path": os.environ.get("PYTHONPATH", "")}))
"""
)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path.resolve())


def job_with(workspace: Workspace, script: str, *more: str) -> TrainingJob:
    (workspace.root / "own.py").write_text(script)
    return small_job(command=(sys.executable, "own.py", *more), hyperparameters={})


def outcome_of(workspace: Workspace, job: TrainingJob, limit: float = 120) -> tuple[TrainingOutcome, Artifact]:
    async def main() -> tuple[TrainingOutcome, Artifact]:
        async with train(job, TRAIN, TEST, workspace, time_limit_seconds=limit) as outcome:
            return outcome, open_artifact(workspace, publish(outcome.staged, workspace))

    return anyio.run(main)


def in_this_process(workspace: Workspace, job: TrainingJob) -> None:
    """What the child does, without a process of its own around the trainer's."""
    folder = workspace.staging / "job"
    folder.mkdir(parents=True)
    write_rows(TRAIN, folder / TRAIN_ROWS)
    write_rows(TEST, folder / TEST_ROWS)
    run(job, folder, workspace, io.StringIO())


@pytest.mark.slow
def test_its_model_is_judged_by_us_and_its_claims_are_only_noted(workspace: Workspace) -> None:
    outcome, artifact = outcome_of(workspace, job_with(workspace, GOOD, "--estimator", "logistic_regression", "--set", "C=2.0"))
    assert 0.6 < outcome.evaluation.metrics.roc_auc.value < 0.95
    manifest = artifact.manifest
    assert manifest.adopted is not None
    assert manifest.adopted.claimed == {"roc_auc": 0.9999, "rows": 300}
    assert manifest.adopted.source.startswith("training.command: ")
    assert (manifest.estimator, manifest.hyperparameters) == ("LogisticRegression", {})
    assert (artifact.scores(TRAIN) == artifact.reference_scores()).all()
    told = json.loads((workspace.root / "asked.json").read_text())
    assert (told["seed"], told["estimator"], told["set"]) == ("7", "logistic_regression", ["C=2.0"])
    assert str(ROOT) not in told["path"].split(os.pathsep), "a team's own package `tools` must not meet ours"
    assert [path.name for path in workspace.staging.iterdir() if path.is_dir()] == []


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("raise ValueError('no churners in March')", "Your trainer failed: ValueError: no churners in March"),
        ("import sys; sys.exit(7)", "Your trainer failed: it ended with code 7"),
        ("", "without leaving model and metrics.json"),
        (HEAD + "(out / 'model').mkdir(); (out / 'metrics.json').write_text('{}')", "not an MLflow model"),
        (HEAD + "(out / 'model').mkdir(); (out / 'metrics.json').write_text('[1]')", "metrics.json is not one JSON object of numbers"),
    ],
    ids=["crashes", "ends with a code", "leaves nothing", "leaves no model", "leaves no numbers"],
)
def test_what_goes_wrong_in_it_is_one_sentence(workspace: Workspace, script: str, said: str) -> None:
    with pytest.raises(ChurnopsError, match=said) as caught:
        in_this_process(workspace, job_with(workspace, script))
    assert "Traceback" not in str(caught.value)


@pytest.mark.slow
def test_its_failure_reaches_people_and_leaves_no_trace(workspace: Workspace) -> None:
    said = "Training failed: Your trainer failed: ValueError: no churners in March"
    with pytest.raises(TrainingError, match=said) as caught:
        outcome_of(workspace, job_with(workspace, "raise ValueError('no churners in March')"))
    assert "Traceback" not in str(caught.value)
    assert not workspace.models.exists()


def test_a_command_that_does_not_exist_says_so(workspace: Workspace) -> None:
    with pytest.raises(TrainingError, match="cannot be started: No such file or directory: no-such-trainer"):
        in_this_process(workspace, small_job(command=("no-such-trainer",)))


def test_no_shell_reads_the_command(workspace: Workspace) -> None:
    job = small_job(command=tuple(shlex.split("echo a; touch ran")))
    with pytest.raises(TrainingError, match="without leaving"):
        in_this_process(workspace, job)
    assert not (workspace.root / "ran").exists()


HANGS = """
import os, subprocess, time
text = f"{os.getpid()} {subprocess.Popen(['sleep', '600']).pid}"
open("pid.part", "w").write(text)
os.rename("pid.part", "pid")
time.sleep(600)
"""
PARENT = """
import sys
from pathlib import Path
import anyio
from pipeline.training.parent import train
from pipeline.workspace.folder import Workspace
from tests.pipeline.small_tables import small_job, small_table

async def main():
    job = small_job(command=(sys.executable, "own.py"))
    async with train(job, small_table(300, 1), small_table(150, 2), Workspace(Path(sys.argv[1])), time_limit_seconds=300):
        pass

anyio.run(main)
"""


def still_run(workspace: Workspace) -> list[str]:
    """Which of the processes that the hanging trainer named are alive, after a few seconds' patience."""
    started = (workspace.root / "pid").read_text().split()
    deadline = time.monotonic() + 10
    while any(Path(f"/proc/{pid}/exe").exists() for pid in started) and time.monotonic() < deadline:
        time.sleep(0.05)
    return [pid for pid in started if Path(f"/proc/{pid}/exe").exists()]


@pytest.mark.slow
def test_one_that_hangs_is_stopped_with_all_it_started(workspace: Workspace) -> None:
    with pytest.raises(TrainingError, match="time limit of 12 s"):
        outcome_of(workspace, job_with(workspace, HANGS), limit=12)
    assert still_run(workspace) == []


@pytest.mark.slow
def test_it_dies_with_churnops_though_it_never_reads_its_standard_input(workspace: Workspace) -> None:
    job_with(workspace, HANGS)
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(workspace.root)], cwd=ROOT)
    deadline = time.monotonic() + 60
    while not (workspace.root / "pid").exists() and parent.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    parent.kill()
    parent.wait()
    assert still_run(workspace) == []
