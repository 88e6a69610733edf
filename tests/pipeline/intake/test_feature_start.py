"""A feature that came with a model was perhaps not sent before: no row from before its deploy counts against the feed."""

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from pipeline.diagnosis.diagnose import diagnose
from pipeline.diagnosis.observed import observe
from pipeline.errors import DataError
from pipeline.intake.windows import logged_window
from pipeline.models.artifact import MANIFEST, Artifact, open_artifact, publish
from pipeline.record.champion import Champion
from pipeline.record.opened_workspace import Opened
from pipeline.state.outcomes import log_outcomes
from pipeline.state.predictions import log_predictions
from pipeline.tables.schema import Schema
from pipeline.windows.baseline import baseline_of
from pipeline.windows.spans import Since
from pipeline.workspace.value_settings import ValueSettings
from tests.pipeline.small_artifacts import small_artifact
from tests.pipeline.small_tables import COLUMNS, small_table
from tests.pipeline.small_windows import DAY, NEWEST, small_opened

ROWS, NEW = 300, "charges"


def model(opened: Opened, seed: int, columns: Schema = COLUMNS) -> Artifact:
    staged = small_artifact(opened.workspace.root / f"model-{seed}")
    manifest = json.loads((staged / MANIFEST).read_text("utf-8"))
    (staged / MANIFEST).write_text(json.dumps({**manifest, "seed": seed, "columns": columns.model_dump(mode="json")}), "utf-8")
    return open_artifact(opened.workspace, publish(staged, opened.workspace))


def deploy(opened: Opened, artifact: Artifact, at: datetime) -> Champion:
    entry = opened.ledger.append(at, "deployed", None, {"version": "1", "digest": artifact.digest})
    return Champion(version="1", digest=artifact.digest, ledger_seq=entry.seq, ledger_hash=entry.hash)


def score(opened: Opened, until: datetime, *, sent: bool) -> None:
    """Customers scored in the minutes until then, whose outcomes are known; with the new feature or without."""
    rows = small_table(ROWS, until.day)
    rows = rows if sent else rows.assign(**{NEW: float("nan")})
    ids, times = [f"{until.day}-{number}" for number in range(ROWS)], [until - timedelta(seconds=number) for number in range(ROWS)]
    log_predictions(opened.state, rows, COLUMNS, ids=ids, times=times, scores=[0.5] * ROWS, version="1")
    log_outcomes(opened.state, ids=ids, predicted=times, observed=times, churned=rows["churned"].tolist())


def test_rows_from_before_the_deploy_that_brought_a_feature_are_no_fault_of_the_data(tmp_path: Path) -> None:
    opened, deployed = small_opened(tmp_path), NEWEST - DAY
    deploy(opened, model(opened, 1, COLUMNS.without([NEW])), NEWEST - 9 * DAY)
    score(opened, NEWEST - 2 * DAY, sent=False)
    artifact = model(opened, 2)
    champion, baseline = deploy(opened, artifact, deployed), baseline_of(artifact)
    with pytest.raises(DataError, match="takes features that the model before it did without"):
        logged_window(opened, champion, baseline)
    score(opened, NEWEST, sent=True)
    successor = deploy(opened, model(opened, 3), NEWEST - DAY / 2)  # takes the same: no other start than its predecessor's
    for serving in (champion, successor):
        found = logged_window(opened, serving, baseline)
        assert (found.restriction.since, found.rows, found.labelled_rows) == (deployed, ROWS, ROWS)
    assert logged_window(opened, champion, baseline, Since(NEWEST - 5 * DAY)).rows == 2 * ROWS  # who names the first row means it
    assert diagnose(observe(artifact, baseline, found), opened.policy, value=ValueSettings()).rule != "broken_data"
