"""From rows to a challenger: train in a child process, judge at the gate, and only then publish and register."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from pipeline import tracking
from pipeline.artifact import Artifact, open_artifact, publish
from pipeline.cases import Challenger, TrainingResult
from pipeline.gate import judge
from pipeline.opened import Opened
from pipeline.policy import Band
from pipeline.settings import EstimatorName
from pipeline.splits import split_recent
from pipeline.trainer import TrainingJob
from pipeline.training import OnProgress, TrainingOutcome, train
from pipeline.windows import Window


@dataclass(frozen=True)
class Rows:
    """Typed rows to learn from and rows to be judged on; no customer is in both."""

    train: pd.DataFrame
    gate: pd.DataFrame


def retraining_rows(champion: Artifact, window: Window, held_out_share: float) -> Rows:
    """What the champion learnt from plus the window's earlier outcomes to learn from, its later ones to be judged on.

    A window without times is taken in the order of its rows.
    """
    columns, known = champion.manifest.columns, window.labelled
    recent = known.features.assign(**{columns.target: known.churned.astype("int8")})
    times = known.times
    if times is None:
        times = pd.Series(pd.date_range("2000-01-01", periods=len(recent), freq="s", tz="UTC"), index=recent.index)
    split = split_recent(recent, times, known.ids, held_out_share)
    return Rows(train=pd.concat([champion.reference(), recent[split.train]], ignore_index=True), gate=recent[split.held_out])


async def challenge(
    opened: Opened,
    rows: Rows,
    *,
    case_id: str | None,
    mode: str,
    champion: Artifact | None,
    band: Band | None,
    estimator: EstimatorName,
    hyperparameters: Mapping[str, float],
    on_progress: OnProgress | None,
) -> tuple[TrainingResult, Challenger | None]:
    """Train one candidate and judge it. Every training is tracked; only one that passed the gate is published and registered.

    Raises:
        TrainingError: see `pipeline.training.train`; nothing is left behind.
    """
    settings, policy = opened.settings, opened.policy
    job = TrainingJob(
        columns=settings.data.columns,
        estimator=estimator,
        hyperparameters=dict(hyperparameters),
        seed=settings.training.seed,
        threshold=settings.training.threshold,
        confidence=policy.gate.confidence,
        champion=champion.digest if champion else None,
        trained_at=opened.clock(),
    )
    async with train(
        job, rows.train, rows.gate, opened.workspace, on_progress=on_progress, time_limit_seconds=settings.training.time_limit_seconds
    ) as outcome:
        return _judge_and_register(opened, outcome, rows, case_id, mode, band)


def _judge_and_register(
    opened: Opened, outcome: TrainingOutcome, rows: Rows, case_id: str | None, mode: str, band: Band | None
) -> tuple[TrainingResult, Challenger | None]:
    workspace, ledger, manifest = opened.workspace, opened.ledger, outcome.manifest
    gate = judge(outcome.metrics, outcome.comparison, band, opened.policy)
    run_id = tracking.log_run(
        workspace, manifest=manifest, metrics=outcome.metrics, comparison=outcome.comparison, gate=gate, case_id=case_id
    )
    figures = {"roc_auc": outcome.metrics.roc_auc.value, "gate_rows": outcome.metrics.n, "mlflow_run": run_id}
    ledger.append(opened.clock(), "trained", case_id, {"data": manifest.data_sha256, "estimator": manifest.estimator, **figures})
    ledger.append(opened.clock(), "gated", case_id, {**gate.model_dump(mode="json"), "policy_version": opened.policy.version, **figures})
    challenger = None
    if gate.passed:
        digest = publish(outcome.staged, workspace)
        version = tracking.register(workspace, run_id, open_artifact(workspace, digest))
        challenger = Challenger(version=version, digest=digest, gate=gate, metrics=outcome.metrics)
        ledger.append(opened.clock(), "challenged", case_id, {"version": version, "digest": digest, "mlflow_run": run_id})
    result = TrainingResult(
        mode=mode,
        estimator=manifest.estimator,
        hyperparameters=manifest.hyperparameters,
        digest=challenger.digest if challenger else None,
        version=challenger.version if challenger else None,
        metrics=outcome.metrics,
        champion_metrics=outcome.champion_metrics,
        comparison=outcome.comparison,
        gate=gate,
        calibration=manifest.calibration,
        train_rows=len(rows.train),
        gate_rows=len(rows.gate),
        seconds=outcome.seconds,
    )
    return result, challenger
