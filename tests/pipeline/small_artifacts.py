"""One quickly fitted artifact, made without a child process."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.measures.measure import CalibrationTrial
from pipeline.measures.metrics import measure
from pipeline.models.artifact import Manifest, installed_versions
from pipeline.models.artifact_writer import write_artifact
from pipeline.models.importance import Importance
from pipeline.models.unfitted_model import build
from pipeline.tables.typed_parquet import fingerprint
from pipeline.training.drift_reference import RowsBefore
from tests.pipeline.small_tables import COLUMNS, small_table

FEATURES = list(COLUMNS.features)
TABLE = small_table(200, 1)


def small_artifact(folder: Path, table: pd.DataFrame = TABLE, before: RowsBefore | None = None) -> Path:
    """Write it, fitted on these 200 rows and not yet published, into the new folder `folder`. `before`: its drift reference."""
    fitted = FITTED if table is TABLE else _fitted(table)
    p = fitted.predict_proba(table[FEATURES])[:, 1]
    manifest = Manifest(
        columns=COLUMNS,
        estimator="random_forest",
        hyperparameters={"n_estimators": 10, "max_depth": 4},
        seed=7,
        threshold=0.5,
        calibration=CalibrationTrial(method="sigmoid", log_loss_raw=0.4, log_loss_calibrated=0.4, z=0.0, n=200, kept=False),
        data_sha256=fingerprint(table[[*FEATURES, "churned"]]),
        rows=200,
        churners=int(table["churned"].sum()),
        versions=installed_versions(),
        trained_at=datetime(2026, 11, 21, 9, tzinfo=UTC),
        drift_reference=before.told if before else None,
    )
    importances = tuple(Importance(feature=name, auc_drop=0.1) for name in FEATURES)
    metrics = measure(table["churned"], p, 0.5, 0.95)
    write_artifact(folder, fitted, manifest, metrics, importances, table, p, before.rows if before else None)
    return folder


def _fitted(table: pd.DataFrame) -> Any:
    return build("random_forest", {"n_estimators": 10, "max_depth": 4}, 7, COLUMNS).fit(table[FEATURES], table["churned"])


FITTED = _fitted(TABLE)
