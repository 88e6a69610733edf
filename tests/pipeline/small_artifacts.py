"""One quickly fitted artifact, made without a child process."""

from datetime import UTC, datetime
from pathlib import Path

from pipeline.measures.measure import CalibrationTrial
from pipeline.measures.metrics import measure
from pipeline.models.artifact import Manifest, installed_versions, write_artifact
from pipeline.models.importance import Importance
from pipeline.models.unfitted_model import build
from pipeline.tables.typed_parquet import fingerprint
from tests.pipeline.small_tables import COLUMNS, small_table

FEATURES = list(COLUMNS.features)
TABLE = small_table(200, 1)
FITTED = build("random_forest", {"n_estimators": 10, "max_depth": 4}, 7, COLUMNS).fit(TABLE[FEATURES], TABLE["churned"])


def small_artifact(folder: Path) -> Path:
    """Write it, not yet published, into the new folder `folder`."""
    p = FITTED.predict_proba(TABLE[FEATURES])[:, 1]
    manifest = Manifest(
        columns=COLUMNS,
        estimator="random_forest",
        hyperparameters={"n_estimators": 10, "max_depth": 4},
        seed=7,
        threshold=0.5,
        calibration=CalibrationTrial(method="sigmoid", log_loss_raw=0.4, log_loss_calibrated=0.4, z=0.0, n=200, kept=False),
        data_sha256=fingerprint(TABLE[[*FEATURES, "churned"]]),
        rows=200,
        churners=int(TABLE["churned"].sum()),
        versions=installed_versions(),
        trained_at=datetime(2026, 11, 21, 9, tzinfo=UTC),
    )
    importances = tuple(Importance(feature=name, auc_drop=0.1) for name in FEATURES)
    write_artifact(folder, FITTED, manifest, measure(TABLE["churned"], p, 0.5, 0.95), importances, TABLE, p)
    return folder
