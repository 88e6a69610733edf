"""The child process that fits and judges one model: it touches nothing but its staging folder, and dies with its parent.

Run as `python -P -m pipeline.trainer JOB.json WORKSPACE`; the rows lie beside the job. Standard output carries one JSON
`Progress` per line, standard error is for people, standard input says by closing that the parent is gone.
"""

import os
import sys
import threading
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from pydantic import BaseModel, ConfigDict

from pipeline.artifact import Artifact, Manifest, installed_versions, open_artifact, write_artifact
from pipeline.errors import ChurnopsError
from pipeline.evidence import Comparison, Metrics
from pipeline.schema import Schema
from pipeline.settings import EstimatorName
from pipeline.workspace import Workspace

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

JOB = "job.json"
TRAIN_ROWS = "train.parquet"
GATE_ROWS = "gate.parquet"
ARTIFACT = "artifact"
RESULT = "result.json"
ORPHANED = 3


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TrainingJob(_Message):
    """What to train. `champion` is the digest of the model to beat on the gate rows, `confidence` that of the intervals."""

    columns: Schema
    estimator: EstimatorName
    hyperparameters: dict[str, int | float] = {}
    seed: int
    threshold: float
    confidence: float
    champion: str | None = None
    trained_at: datetime


class Progress(_Message):
    """How far a training is: `fraction` in 0-1, and a sentence for people."""

    stage: str
    fraction: float
    said: str


class Judged(_Message):
    """What the child found on the gate rows; the artifact lies beside it."""

    manifest: Manifest
    metrics: Metrics
    champion_metrics: Metrics | None
    comparison: Comparison | None


def main() -> None:
    """Fit, judge, write; exit 1 with one sentence on standard error when the data or a model do not allow it."""
    job_file, root = Path(sys.argv[1]), Path(sys.argv[2])
    threading.Thread(target=_die_with_parent, daemon=True).start()
    # What libraries print must not mix with progress.
    progress = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    try:
        run(TrainingJob.model_validate_json(job_file.read_bytes()), job_file.parent, Workspace(root), progress)
    except ChurnopsError as error:
        sys.exit(str(error))
    # All is on disk. A slow farewell of the libraries would leave a moment in which the parent, done, lets go and is taken for dead.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def run(job: TrainingJob, folder: Path, workspace: Workspace, progress: TextIO) -> None:
    """Train by `job` on the rows in `folder`, and leave artifact and result there.

    Raises:
        ChurnopsError: too few outcomes, unknown hyperparameters, or a champion whose bytes are not its own.
    """

    def say(stage: str, fraction: float, said: str) -> None:
        progress.write(Progress(stage=stage, fraction=fraction, said=said).model_dump_json() + "\n")
        progress.flush()

    say("loading", 0.0, "Loading scikit-learn and the rows")
    from pipeline.calibration import calibrated_model, cross_fit_folds, try_calibration
    from pipeline.estimators import build, hyperparameters_of
    from pipeline.importance import measure_importance
    from pipeline.metrics import compare, measure
    from pipeline.rows import fingerprint, read_rows

    train, gate = read_rows(folder / TRAIN_ROWS, job.columns), read_rows(folder / GATE_ROWS, job.columns)
    features, target = list(job.columns.features), job.columns.target
    x, y = train[features], train[target].to_numpy()

    say("calibrating", 0.2, f"Trying calibration on {len(train):,} training rows")
    groups = _groups(train, job.columns)
    folds = cross_fit_folds(y, groups, job.seed)
    pipeline = build(job.estimator, job.hyperparameters, job.seed, job.columns)
    trial, unseen = try_calibration(pipeline, x, y, groups, folds)

    say("fitting", 0.5, f"Fitting {job.estimator}, calibrated" if trial.kept else f"Fitting {job.estimator}; calibrating did not help")
    model = calibrated_model(pipeline, folds) if trial.kept else pipeline
    model.fit(x, y)

    say("judging", 0.7, f"Judging on {len(gate):,} gate rows")
    outcome = gate[target].to_numpy()
    p = model.predict_proba(gate[features])[:, 1]
    metrics = measure(outcome, p, job.threshold, job.confidence)
    champion_metrics, comparison = None, None
    if job.champion is not None:
        champion: Artifact = open_artifact(workspace, job.champion)
        p_champion = champion.scores(gate)
        champion_metrics = measure(outcome, p_champion, champion.manifest.threshold, job.confidence)
        comparison = compare(outcome, p, p_champion, job.confidence)

    say("weighing", 0.75, f"Weighing {len(features)} features")
    importances = measure_importance(model, x, y, job.seed)

    say("saving", 0.85, "Saving the model")
    manifest = Manifest(
        columns=job.columns,
        estimator=job.estimator,
        hyperparameters=hyperparameters_of(job.estimator, job.hyperparameters),
        seed=job.seed,
        threshold=job.threshold,
        calibration=trial,
        data_sha256=fingerprint(train[[*features, target]]),
        rows=len(train),
        churners=int(y.sum()),
        versions=installed_versions(),
        trained_at=job.trained_at,
    )
    write_artifact(folder / ARTIFACT, model, manifest, metrics, importances, train, unseen)
    judged = Judged(manifest=manifest, metrics=metrics, champion_metrics=champion_metrics, comparison=comparison)
    (folder / RESULT).write_text(judged.model_dump_json(), encoding="utf-8")
    say("done", 1.0, "Trained and judged")


def _groups(train: "pd.DataFrame", columns: Schema) -> "NDArray[np.int64] | None":
    """Customer of each row as numbers from 0, where customers repeat."""
    if columns.id is None or columns.id not in train.columns or train[columns.id].is_unique:
        return None
    codes, _ = train[columns.id].factorize(use_na_sentinel=False)
    return codes


def _die_with_parent() -> None:
    # Not through sys.stdin: its lock would be held at exit. Nothing is ever written to the pipe, so this ends only at its end.
    os.read(0, 1)
    os._exit(ORPHANED)


if __name__ == "__main__":
    main()
