"""From rows to a challenger: train in a child process, judge at the gate, and only then publish and register."""

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from anyio import to_thread
from sqlalchemy import Connection

from pipeline.canonical_json import digest_of
from pipeline.diagnosis.diagnosis import Mode
from pipeline.families import family_named
from pipeline.measures.campaign_value import break_even
from pipeline.measures.customer_terms import typical
from pipeline.measures.measure import Reweighting
from pipeline.models.artifact import Artifact, installed_versions, open_artifact, publish
from pipeline.models.unfitted_model import hyperparameters_of
from pipeline.record import mlflow_mirror
from pipeline.record.cases import Challenger, TrainingResult
from pipeline.record.ledger import Ledger
from pipeline.record.opened_workspace import Opened
from pipeline.tables.schema import Schema
from pipeline.tables.splits import split_recent
from pipeline.tables.typed_parquet import fingerprint
from pipeline.training.drift_reference import RowsBefore
from pipeline.training.gate import judge, judge_recalibrated, treatment_of
from pipeline.training.job import TrainingJob
from pipeline.training.parent import OnProgress, TrainingOutcome, train
from pipeline.training.reweighted_rows import reweighted_rows
from pipeline.windows.window import Window
from pipeline.workspace.policy import Band
from pipeline.workspace.settings import Settings
from pipeline.workspace.team_repository import team_repository

if TYPE_CHECKING:  # it loads scikit-learn
    from pipeline.models.calibration import OutOfFold

# Writes what a training means for its case, in one transaction with the ledger's rows on it.
Record = Callable[[Connection, TrainingResult, Challenger | None], object]


_NEWER_FROM = 0.5  # of the rows in the order of time


@dataclass(frozen=True)
class Rows:
    """Typed rows to train on and to test on; no customer is in both. The last `recent` training rows are of the window. `before`: what windows
    are to be compared with, None for the training rows. `test_weights`: as `TrainingJob` has them. `reference`: the
    test set of the reference, where other rows test. `unseen`: as `train` takes it. `reweighting`: how the older rows were drawn, where they were."""

    train: pd.DataFrame
    test: pd.DataFrame
    recent: int = 0
    before: RowsBefore | None = None
    test_weights: tuple[float, ...] | None = None
    reference: pd.DataFrame | None = None
    unseen: "OutOfFold | None" = None
    reweighting: Reweighting | None = None


def retraining_rows(
    champion: Artifact, window: Window, held_out_share: float, mode: Mode = "combined", scored: pd.DataFrame | None = None
) -> Rows:
    """The window's earlier outcomes to train on, its later ones to test on; in mode `combined` the champion's training data, too, in mode `reweighted`
    those of them that resemble the `scored` customers (typed features, with or without outcomes), in mode `newest` only the newer half of the earlier
    outcomes, in whole days.

    A window without times is taken in the order of its rows, as if each were of a day of its own.
    """
    columns, known = champion.manifest.columns, window.teaching
    recent = known.features.assign(**{columns.target: known.churned.astype("int8")})
    ids = None if known.ids is None or not known.ids.dropna().duplicated().any() else known.ids
    if ids is not None and columns.id is not None:  # so that no customer is on both sides of a fold
        recent = recent.assign(**{columns.id: ids})
    times = known.times
    if times is None:
        times = pd.Series(pd.date_range("2000-01-01", periods=len(recent), freq="D", tz="UTC", unit="us"), index=recent.index)
    split = split_recent(recent, times, known.ids, held_out_share)
    recent_train = recent[split.train]
    if mode == "newest":
        recent_train = recent_train[(times[split.train].dt.floor("D").rank(pct=True) > _NEWER_FROM).to_numpy()]
    older = champion.reference() if mode in ("combined", "reweighted") else recent_train.iloc[:0]
    reweighting = None
    if mode == "reweighted":
        assert scored is not None  # who asks for this mode has looked at the window's customers
        made = reweighted_rows(older, scored, columns, champion.manifest.seed)
        older, reweighting = made.rows, made.told
    train = pd.concat([older, recent_train], ignore_index=True)
    judging = split.held_out if ids is None else split.held_out & _newest_of_each(ids, times, split.held_out)
    weights = None if known.weights is None else tuple(known.weights[judging].tolist())
    test = recent[judging][[*known.features.columns, columns.target]]
    return Rows(train=train, test=test, recent=len(recent_train), test_weights=weights, reweighting=reweighting)


def _newest_of_each(ids: pd.Series, times: pd.Series, rows: np.ndarray) -> np.ndarray:
    """Which are the newest of their customer's among the `rows`, shape (rows of `ids`,): one customer is one observation, however often scored."""
    places = np.flatnonzero(rows)
    in_order = places[times.iloc[places].rank(method="first", na_option="top").argsort().to_numpy()]
    named = ids.iloc[in_order]
    newest = np.zeros(len(ids), dtype=bool)
    newest[in_order[(named.isna() | ~named.duplicated(keep="last")).to_numpy()]] = True
    return newest


def same_again(champion: Artifact, rows: Rows, settings: Settings, estimator: str, hyperparameters: Mapping[str, float]) -> bool:
    """Whether a new model with these hyperparameters, else the estimator's defaults, would be the champion once more: same rows, same settings, same versions. What a
    trainer of the team's own would make, nobody knows before."""
    made, columns = champion.manifest, settings.model_columns
    now = made.model_copy(
        update={
            "columns": columns,
            "estimator": estimator,
            "hyperparameters": hyperparameters_of(estimator, hyperparameters),
            "seed": settings.training.seed,
            "threshold": settings.training.threshold,
            "data_sha256": fingerprint(rows.train[[*columns.features, columns.target]]),
            "versions": installed_versions(family_named(estimator).installed),
            "recalibration": None,
            "adopted": None,
        }
    )
    return now == made and not settings.training.command


async def challenge(
    opened: Opened,
    rows: Rows,
    *,
    case_id: str | None,
    mode: str,
    champion: Artifact | None,
    band: Band | None,
    estimator: str,
    hyperparameters: Mapping[str, float],
    on_progress: OnProgress | None,
    record: Record | None = None,
) -> tuple[TrainingResult, Challenger | None]:
    """Train one candidate and judge it. Every training is tracked; only one that passed the gate is published and registered.

    In mode `recalibrate` the champion's own estimator and hyperparameters count, whatever is given. In every other mode
    `training.command` trains, where it is set; it is told the estimator where that is not the workspace's, and every hyperparameter given.

    A first model, and one of mode `reference`, takes what the settings name; a retraining keeps the champion's features and derived numbers, which its rows have.

    Raises:
        TrainingError: see `pipeline.training.parent.train`; nothing is left behind.
    """
    settings = opened.settings
    before = rows.before
    columns = settings.model_columns if champion is None or mode == "reference" else champion.manifest.columns
    asked = {
        "columns": columns,
        "estimator": estimator,
        "hyperparameters": dict(hyperparameters),
        "recent_rows": rows.recent,
        "drift_reference": before.told if before else None,
        "test_weights": rows.test_weights,
    }
    job = usual_job(opened, champion).model_copy(update=asked)
    if mode == "recalibrate":
        job = job.model_copy(update={"recalibrates": True, "threshold": _worthwhile_from(settings, rows.train)})
    elif settings.training.command:
        named = () if estimator == settings.training.estimator else ("--estimator", estimator)
        given = (word for name, value in hyperparameters.items() for word in ("--set", f"{name}={value}"))
        job = job.model_copy(update={"command": (*shlex.split(settings.training.command), *named, *given)})
        rows = replace(rows, train=trainable(rows.train, columns))
    # One that no longer has what the champion takes cannot say what was forgotten.
    reference = rows.reference if rows.reference is not None and {*columns.features} <= {*rows.reference.columns} else None
    async with train(
        job,
        rows.train,
        rows.test,
        opened.workspace,
        drift_rows=before.rows if before else None,
        reference_rows=reference,
        unseen=rows.unseen,
        on_progress=on_progress,
        time_limit_seconds=settings.training.time_limit_seconds,
    ) as outcome:
        # In a thread: MLflow and the disk take their time, and others are being served.
        return await to_thread.run_sync(judge_and_register, opened, outcome, rows, case_id, mode, band, record)


def trainable(rows: pd.DataFrame, columns: Schema) -> pd.DataFrame:
    """What a team's own trainer is given of training rows: the features of `columns`, the target, and the id where there is one."""
    return rows[[name for name in rows if name in (*columns.features, columns.target, columns.id)]]


def usual_job(opened: Opened, champion: Artifact | None) -> TrainingJob:
    """A job as settings and policy have it, against this champion."""
    settings = opened.settings
    return TrainingJob(
        columns=settings.model_columns,
        estimator=settings.training.estimator,
        seed=settings.training.seed,
        threshold=settings.training.threshold,
        confidence=opened.policy.gate.confidence,
        champion=champion.digest if champion else None,
        value=settings.value,
        fairness=settings.fairness.columns,
        trained_at=opened.clock(),
        repository=team_repository(opened.workspace.root),
    )


def _worthwhile_from(settings: Settings, rows: pd.DataFrame) -> float:
    """Probability from which an offer to the average customer pays. New probabilities ask for a new threshold, and where they are right this is the best one."""
    paying = break_even(typical(settings.value, rows))
    return paying if paying < 1 else settings.training.threshold


def judge_and_register(
    opened: Opened, outcome: TrainingOutcome, rows: Rows, case_id: str | None, mode: str, band: Band | None, record: Record | None
) -> tuple[TrainingResult, Challenger | None]:
    """Put a candidate before the gate, track it, and publish, register and record it if it passed."""
    workspace, ledger, manifest, found = opened.workspace, opened.ledger, outcome.manifest, outcome.evaluation
    treatment = treatment_of(found.fairness, opened.settings.fairness)
    if mode == "recalibrate":
        gate = judge_recalibrated(found.metrics, found.comparison, found.margins, opened.policy, treatment)
    else:
        gate = judge(
            found.metrics, found.comparison, band, opened.policy, found.margins, found.margins_recalibrated, found.segments, treatment
        )
    run_id = None
    if workspace.shared is None:  # MLflow's store is a file: hosts without a common disk have no mirror
        run_id = mlflow_mirror.log_run(
            workspace, manifest=manifest, metrics=found.metrics, comparison=found.comparison, gate=gate, case_id=case_id
        )
    figures = {"mode": mode, "roc_auc": found.metrics.roc_auc.value, "gate_rows": found.metrics.n, "mlflow_run": run_id}
    digest = publish(outcome.staged, workspace) if gate.passed else None
    version = mlflow_mirror.register(workspace, run_id, open_artifact(workspace, digest)) if digest and run_id else None
    serving = found.model_dump(mode="json", include={"serving"})
    judged = {**gate.model_dump(mode="json"), "policy_version": opened.policy.version, **figures, **serving}
    # One transaction: a kill leaves a training that is known with all that follows from it, or one that never was.
    with opened.state.write() as connection:
        at = opened.clock()
        # Under the write lock, no two hosts count to the same number.
        challenger = None
        if digest is not None:
            challenger = Challenger(version=version or _next_version(ledger), digest=digest, gate=gate, metrics=found.metrics)
        result = TrainingResult(
            mode=mode,
            estimator=manifest.estimator,
            hyperparameters=manifest.hyperparameters,
            digest=digest,
            version=challenger.version if challenger else None,
            gate=gate,
            calibration=manifest.calibration,
            train_rows=len(rows.train),
            gate_rows=len(rows.test),
            seconds=outcome.seconds,
            drift_reference=manifest.drift_reference,
            reweighting=rows.reweighting,
            **dict(found),
        )
        ledger.append_in(connection, at, "trained", case_id, {"data": manifest.data_sha256, "estimator": manifest.estimator, **figures})
        ledger.append_in(connection, at, "gated", case_id, judged)
        if challenger is not None:
            known = {"version": challenger.version, "digest": challenger.digest, "mlflow_run": run_id, "metrics": digest_of(result)}
            ledger.append_in(connection, at, "challenged", case_id, known)
        if record is not None:
            record(connection, result, challenger)
    ledger.catch_up()
    return result, challenger


def _next_version(ledger: Ledger) -> str:
    numbers = [int(version) for entry in ledger.of_kind("challenged") if (version := str(entry.body["version"])).isdecimal()]
    return str(max(numbers, default=0) + 1)
