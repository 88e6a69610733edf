"""The child process that fits and judges one model: it touches nothing but its staging folder, and dies with its parent.

Run as `python -P -m pipeline.training.child JOB.json WORKSPACE`; the rows lie beside the job. Standard output carries one JSON
`Progress` per line, standard error is for people, standard input says by closing that the parent is gone.
"""

import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TextIO

from pipeline.errors import ChurnopsError, DataError
from pipeline.families import family_named
from pipeline.measures.evaluation import Evaluation
from pipeline.measures.measure import Comparison
from pipeline.measures.risk_tiers import tier_flow
from pipeline.models.artifact import Artifact, Manifest, Recalibration, installed_versions, open_artifact
from pipeline.models.artifact_writer import write_artifact
from pipeline.training.job import (
    ARTIFACT,
    DRIFT_ROWS,
    REFERENCE_ROWS,
    RESULT,
    TEST_ROWS,
    TRAIN_ROWS,
    UNSEEN,
    Made,
    Progress,
    Say,
    TrainingJob,
)
from pipeline.workspace.folder import Workspace

if TYPE_CHECKING:
    import pandas as pd

ORPHANED = 3


def main() -> None:
    """Fit, judge, write; exit 1 with one sentence on standard error when the data or a model do not allow it."""
    job_file, root = Path(sys.argv[1]), Path(sys.argv[2])
    job = TrainingJob.model_validate_json(job_file.read_bytes())
    threading.Thread(target=_die_with_parent, args=(bool(job.command),), daemon=True).start()
    # What libraries print must not mix with progress.
    progress = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    try:
        run(job, job_file.parent, Workspace(root), progress)
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
    from pipeline.tables.typed_parquet import read_rows

    champion = None if job.champion is None else open_artifact(workspace, job.champion)
    both = job.columns if champion is None else job.columns.united(champion.manifest.columns)
    train, test = read_rows(folder / TRAIN_ROWS, job.columns), read_rows(folder / TEST_ROWS, both)
    if job.recalibrates:
        assert champion is not None  # there is nothing else to recalibrate
        made = _recalibrated(job, champion, train, folder, say)
    elif job.command:
        made = _own(job, folder, workspace, train, say)
    else:
        made = _fitted(job, train, folder / UNSEEN, say)

    say("judging", 0.7, f"Judging on {len(test):,} rows of the test set")
    evaluation = judge_made(job, made, champion, train, test)
    if champion is not None and (folder / REFERENCE_ROWS).exists():
        evaluation = evaluation.model_copy(
            update={"on_reference": _on_reference(job, made, champion, read_rows(folder / REFERENCE_ROWS, both))}
        )

    say(
        "weighing",
        0.75,
        f"ROC-AUC {evaluation.metrics.roc_auc.value:.4f} on the test set; measuring the importance of {len(job.columns.features)} features",
    )
    importances = made.importances()

    say("saving", 0.85, "Saving the model")
    # A recalibrated champion's manifest tells of the rows that came before it, not before its successor.
    manifest = made.manifest.model_copy(update={"drift_reference": job.drift_reference, "repository": job.repository})
    drift_rows = read_rows(folder / DRIFT_ROWS, job.columns) if job.drift_reference else None
    write_artifact(folder / ARTIFACT, made.saved, manifest, evaluation.metrics, importances, made.reference, made.scores, drift_rows)
    (folder / RESULT).write_text(evaluation.model_dump_json(), encoding="utf-8")
    say("done", 1.0, "Trained and judged")


def _own(job: TrainingJob, folder: Path, workspace: Workspace, train: "pd.DataFrame", say: Say) -> Made:
    """A new model by the team's own trainer. What it measured is recorded; what counts is measured here."""
    from pipeline.training.adopted_fit import take_over
    from pipeline.training.team_trainer import MODEL, run_own_trainer

    words = " ".join(job.command)
    say("fitting", 0.2, f"Running your trainer: {words}")
    out = folder / "own"
    claimed = run_own_trainer(job.command, folder / TRAIN_ROWS, folder / TEST_ROWS, out, job.seed, workspace.root)
    return take_over(job, out / MODEL, train, f"training.command: {words}", claimed=claimed)


def _fitted(job: TrainingJob, train: "pd.DataFrame", unseen_file: Path, say: Say) -> Made:
    """A new model of the training rows."""
    import numpy as np

    from pipeline.models.calibration import (
        Method,
        OutOfFold,
        calibrated_model,
        cross_fit_folds,
        customer_groups,
        out_of_fold,
        try_calibration,
    )
    from pipeline.models.importance import measure_importance
    from pipeline.models.unfitted_model import build, fit_on_all_processors, hyperparameters_of
    from pipeline.tables.typed_parquet import fingerprint

    features, target = list(job.columns.features), job.columns.target
    x, y = train[features], train[target].to_numpy()
    say("calibrating", 0.2, f"Trying calibration on {len(train):,} training rows")
    groups = customer_groups(train, job.columns)
    folds = cross_fit_folds(y, groups, job.seed)
    pipeline = build(job.estimator, job.hyperparameters, job.seed, job.columns)
    found = OutOfFold(*np.load(unseen_file)) if unseen_file.exists() else out_of_fold(pipeline, x, y, folds)
    trial, unseen = try_calibration(found, y, groups, folds)

    sofar = f"log loss {min(trial.log_loss_raw, trial.log_loss_calibrated):.4f} out of fold"
    say("fitting", 0.5, f"Fitting {job.estimator}, {'calibrated' if trial.kept else 'uncalibrated'}; {sofar}")
    fitted = fit_on_all_processors(pipeline, x, y)
    method: Method = "isotonic" if trial.method == "isotonic" else "sigmoid"
    model = calibrated_model(fitted, found, y, method) if trial.kept else fitted
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
        versions=installed_versions(family_named(job.estimator).installed),
        trained_at=job.trained_at,
    )
    return Made(model, model, manifest, train, unseen, lambda: measure_importance(model, x, y, job.seed))


def _recalibrated(job: TrainingJob, champion: Artifact, train: "pd.DataFrame", folder: Path, say: Say) -> Made:
    """The recalibrated champion. Its ranks stay, and with them its training data and its feature importance."""
    from pipeline.models.calibration import cross_fit_folds, customer_groups, try_recalibration
    from pipeline.models.recalibration import recalibrate
    from pipeline.tables.typed_parquet import fingerprint

    features, target = list(job.columns.features), job.columns.target
    x, y = train[features], train[target].to_numpy()
    say("calibrating", 0.2, f"Trying recalibration on {len(train):,} recent rows")
    trial = try_recalibration(champion.scores(train), y, cross_fit_folds(y, customer_groups(train, job.columns), job.seed))

    say("fitting", 0.5, f"Recalibrating the champion {champion.digest[:12]}")
    made, before = recalibrate(champion.model, x, y), champion.manifest
    adopted = before.adopted
    changes = {
        "threshold": job.threshold,
        "calibration": trial,
        # Of the packages of a model that is loaded and fitted on; of an adopted one those that fitted it.
        "versions": before.versions if adopted else installed_versions(family_named(before.estimator).installed),
        "trained_at": job.trained_at,
        "recalibration": Recalibration(
            of=champion.digest,
            slope=made.slope,
            intercept=made.intercept,
            rows=len(train),
            churners=int(y.sum()),
            data_sha256=fingerprint(train[[*features, target]]),
        ),
    }
    scores = made.passed_through(champion.reference_scores())
    saved = made.model
    if adopted is not None:
        from pipeline.training.adopted_fit import recalibrated_folder

        saved = recalibrated_folder(champion, made.slope, made.intercept, folder / "recalibrated")
    return Made(saved, made.model, before.model_copy(update=changes), champion.reference(), scores, champion.importances)


def judge_made(job: TrainingJob, made: Made, champion: Artifact | None, train: "pd.DataFrame", test: "pd.DataFrame") -> Evaluation:
    """The model beside the champion, and beside the champion recalibrated, on the test set."""
    from pipeline.measures.campaign_value import campaigns
    from pipeline.measures.customer_terms import terms_of
    from pipeline.measures.fairness import measure_fairness
    from pipeline.measures.margins import measure_margins
    from pipeline.measures.measure import Profit
    from pipeline.measures.metrics import compare, measure, reliability
    from pipeline.measures.paired_bootstrap import average_precision, bootstrap, profit_per_thousand
    from pipeline.measures.segments import compare_segments
    from pipeline.measures.weakest_group import weakest_group
    from pipeline.models.recalibration import recalibrate
    from pipeline.scoring.proof import not_ours, prove

    features, target = list(job.columns.features), job.columns.target
    outcome, weights = test[target].to_numpy(), job.test_weights
    p = made.model.predict_proba(test[features])[:, 1]
    terms, groups = terms_of(job.value, test), {name: _named(test[name]) for name in job.columns.categorical}
    fair = {name: groups[name] for name in job.fairness}
    scores = [p] if champion is None else [p, champion.scores(test)]
    earned, money = bootstrap(tuple(profit_per_thousand(outcome, one, terms) for one in scores), outcome, job.confidence, job.seed, weights)
    alone = Evaluation(
        metrics=measure(outcome, p, job.threshold, job.confidence, weights),
        champion_metrics=None,
        comparison=None,
        serving=not_ours() if made.manifest.adopted else prove(made.model, job.columns, made.reference, job.threshold)[1],
        reliability=reliability(outcome, p),
        profit=Profit(
            candidate=earned[0],
            champion=earned[1] if champion else None,
            difference=money[0] if champion else None,
            currency=job.value.currency,
        ),
        fairness=measure_fairness(outcome, p, job.threshold, fair, job.confidence) if fair else None,
        fitted_elsewhere=_fitted_elsewhere(made, champion),
    )
    if champion is None:
        return alone
    p_champion = scores[1]
    _, ranked = bootstrap(tuple(average_precision(outcome, one) for one in scores), outcome, job.confidence, job.seed, weights)
    beside = {
        "champion_metrics": measure(outcome, p_champion, champion.manifest.threshold, job.confidence, weights),
        "champion_reliability": reliability(outcome, p_champion),
        "comparison": compare(outcome, p, p_champion, job.confidence, weights),
        "tier_flow": tier_flow(p_champion.tolist(), p.tolist()),
        "margins": measure_margins(outcome, p, p_champion, terms, job.confidence, weights),
        "weakest_group": weakest_group(outcome, p, p_champion, groups, job.confidence),
        "campaigns": campaigns(outcome, p, p_champion, terms, weights),
        "pr_auc": ranked[0],
        "segments": compare_segments(outcome, p, p_champion, groups, job.confidence),
    }
    recent = train.iloc[len(train) - job.recent_rows :]
    if recent[target].nunique() == 2 and not job.recalibrates:
        rival = recalibrate(champion.model, recent[features], recent[target].to_numpy())
        beside["margins_recalibrated"] = measure_margins(outcome, p, rival.passed_through(p_champion), terms, job.confidence, weights)
    return alone.model_copy(update=beside)


def _named(column: "pd.Series") -> list[str]:
    """A category of each row, as text."""
    return column.astype(str).where(column.notna(), "missing").tolist()


def _on_reference(job: TrainingJob, made: Made, champion: Artifact, rows: "pd.DataFrame") -> Comparison | None:
    """The model beside the champion where a first model is judged; None with too few outcomes of a kind there."""
    from pipeline.measures.metrics import compare

    p = made.model.predict_proba(rows[list(job.columns.features)])[:, 1]
    try:
        return compare(rows[job.columns.target].to_numpy(), p, champion.scores(rows), job.confidence)
    except DataError:
        return None


def _fitted_elsewhere(made: Made, champion: Artifact | None) -> tuple[Literal["candidate", "champion"], ...]:
    candidate: tuple[Literal["candidate"], ...] = ("candidate",) if made.manifest.adopted else ()
    return (*candidate, "champion") if champion is not None and champion.manifest.adopted else candidate


def _die_with_parent(whole_group: bool) -> None:
    # Not through sys.stdin: its lock would be held at exit. Nothing is ever written to the pipe, so this ends only at its end.
    os.read(0, 1)
    if whole_group and os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)  # the team's trainer goes along, whether or not it watches its standard input
    os._exit(ORPHANED)


if __name__ == "__main__":
    main()
