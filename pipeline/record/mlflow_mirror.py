"""MLflow as the mirror people browse: runs, registered versions, the champion's alias. The ledger and the digests are the truth."""

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pipeline.atomic_files import make_file, write_atomically
from pipeline.errors import WorkspaceError
from pipeline.measures.measure import Comparison, GateResult, Measure, Metrics
from pipeline.models.artifact import MODEL, Artifact, Manifest
from pipeline.own_file import read_own
from pipeline.workspace.folder import Workspace

if TYPE_CHECKING:
    from mlflow import MlflowClient

EXPERIMENT = "churnops"
REGISTERED_MODEL = "churnops"
CHAMPION_ALIAS = "champion"
_MIRRORED_BYTES = 1 << 10


def log_run(
    workspace: Workspace, *, manifest: Manifest, metrics: Metrics, comparison: Comparison | None, gate: GateResult, case_id: str | None
) -> str:
    """Log one judged training, passed or not; returns the run's id. `case_id` is None for the first champion."""
    with _client(workspace) as client:
        from mlflow.entities import Metric, Param, RunTag

        at = int(manifest.trained_at.timestamp() * 1000)
        run = client.create_run(_experiment(client, workspace), start_time=at)
        client.log_batch(
            run.info.run_id,
            metrics=[Metric(name, value, at, 0) for name, value in _numbers(metrics, comparison)],
            params=[Param(name, str(value)) for name, value in _params(manifest).items()],
            tags=[RunTag(f"churnops.{name}", value) for name, value in _tags(manifest, gate, case_id).items()],
        )
        client.set_terminated(run.info.run_id)
        return str(run.info.run_id)


def register(workspace: Workspace, run_id: str, artifact: Artifact) -> str:
    """Make a published artifact a version of the registered model; returns the version.

    MLflow gets a copy among the run's artifacts: whoever loads `models:/churnops@champion` makes MLflow write a file into
    the folder it loads from, and that must not be the folder whose bytes we vouch for.
    """
    with _client(workspace) as client:
        client.log_artifacts(run_id, str(artifact.path / MODEL), MODEL)
        if not client.search_registered_models(f"name = '{REGISTERED_MODEL}'"):
            client.create_registered_model(REGISTERED_MODEL)
        source = f"{client.get_run(run_id).info.artifact_uri}/{MODEL}"
        version = client.create_model_version(REGISTERED_MODEL, source, run_id=run_id, tags={"churnops.sha256": artifact.digest})
        return str(version.version)


def set_champion(workspace: Workspace, version: str) -> None:
    """Point the alias `champion` at a registered version."""
    with _client(workspace) as client:
        client.set_registered_model_alias(REGISTERED_MODEL, CHAMPION_ALIAS, version)


def champion_version(workspace: Workspace) -> str | None:
    """The registered version that MLflow's alias `champion` names, or None."""
    if not workspace.mlflow_db.is_file():
        return None
    with _client(workspace) as client:
        for model in client.search_registered_models(f"name = '{REGISTERED_MODEL}'"):
            version = model.aliases.get(CHAMPION_ALIAS)
            return None if version is None else str(version)
    return None


def mirrored(workspace: Workspace) -> str | None:
    """Hash of the ledger's row that the alias last followed, or None. Asking loads no MLflow."""
    try:
        return read_own(workspace.mlflow_mirrored, _MIRRORED_BYTES).decode("ascii", "replace").strip()
    except FileNotFoundError:
        return None


def note_mirrored(workspace: Workspace, ledger_hash: str) -> None:
    """Remember that the alias follows the ledger's row with this hash."""
    write_atomically(workspace.mlflow_mirrored, ledger_hash.encode() + b"\n")


@contextmanager
def _client(workspace: Workspace) -> "Iterator[MlflowClient]":
    """A client of the workspace's own store, which says nothing on standard output or error.

    Raises:
        WorkspaceError: the store cannot be read or written.
    """
    # Read when MLflow is imported.
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("DO_NOT_TRACK", "true")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from mlflow import MlflowClient
        from mlflow.exceptions import MlflowException
        from sqlalchemy import URL
        from sqlalchemy.exc import SQLAlchemyError

        loggers = [logging.getLogger(name) for name in ("mlflow", "alembic")]
        levels = [logger.level for logger in loggers]
        for logger in loggers:
            logger.setLevel(logging.CRITICAL)  # what fails is raised as well
        try:
            make_file(workspace.mlflow_db)
            # The driver named, because of `sqlite:///` MLflow takes the escaped path for a folder and makes it.
            uri = URL.create("sqlite+pysqlite", database=str(workspace.mlflow_db.resolve())).render_as_string()
            yield MlflowClient(tracking_uri=uri, registry_uri=uri)
        except (MlflowException, SQLAlchemyError) as error:
            said = str(error).splitlines()[0]
            raise WorkspaceError(
                f"MLflow's store {workspace.mlflow_db} cannot be used ({said}).", "Look after it and the room on its disk, then try again."
            ) from error
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)


def _experiment(client: "MlflowClient", workspace: Workspace) -> str:
    # Without a place of its own MLflow writes ./mlruns where the user stands.
    place = (workspace.home / "mlruns").resolve().as_uri()
    found = client.get_experiment_by_name(EXPERIMENT)
    if found is not None and found.artifact_location == place:
        return str(found.experiment_id)
    if found is not None:
        # The workspace was moved or copied, and an experiment keeps its place for life: new runs go to one that lies here.
        client.rename_experiment(found.experiment_id, f"{EXPERIMENT} before a move, {found.experiment_id}")
    return client.create_experiment(EXPERIMENT, artifact_location=place)


def _numbers(metrics: Metrics, comparison: Comparison | None) -> Iterator[tuple[str, float]]:
    for name, found in metrics:
        if isinstance(found, Measure):
            yield name, found.value
            if found.low is not None and found.high is not None:
                yield f"{name}_low", found.low
                yield f"{name}_high", found.high
    if comparison is not None:
        yield "roc_auc_difference", comparison.difference
        yield "roc_auc_difference_low", comparison.low
        yield "roc_auc_difference_high", comparison.high


def _params(manifest: Manifest) -> dict[str, Any]:
    return {
        "estimator": manifest.estimator,
        **manifest.hyperparameters,
        "seed": manifest.seed,
        "threshold": manifest.threshold,
        "calibrated": manifest.calibration.kept,
        "rows": manifest.rows,
        "churners": manifest.churners,
    }


def _tags(manifest: Manifest, gate: GateResult, case_id: str | None) -> dict[str, str]:
    return {
        "data_sha256": manifest.data_sha256,
        "gate": "passed" if gate.passed else "failed",
        "gate_said": " ".join(check.said for check in gate.checks),
        **({} if case_id is None else {"case_id": case_id}),
    }
