"""The main job with its state in PostgreSQL: the same verdicts, a challenger, an approval, answers over HTTP, and nothing in SQLite."""

import json
import sys
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from pipeline.clock import utc_now
from pipeline.record.opened_workspace import open_workspace
from pipeline.state.database import predictions
from prompts import policy_text
from reports.web.app import web_app
from tests.end_to_end.command_line import CommandLine
from tests.postgres import postgres_server
from tests.reports.decisions.test_approval_terminal import at_a_terminal
from tests.reports.web.test_prediction_api import customer


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgres_server() as url:
        yield url


@pytest.mark.slow
def test_from_customers_to_an_approved_challenger_that_answers(churnops: CommandLine, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHURNOPS_DATABASE_URL", server)
    for command in (
        ("init", "--synthetic", "--rows", "2500"),
        ("train",),
        ("simulate", "--scenario", "market_shift", "--rows", "2000"),
        ("event", "add", "a new price list", "--from", "2026-01-01", "--to", "2026-01-02"),
    ):
        said = churnops(*command)
        assert said.code == 0, said.err
    assert not (churnops.folder / ".churnops" / "state.db").exists()
    drift = churnops("drift", "--json").json
    # What the same weeks come to in SQLite; see test_story.
    assert (drift["drifted"], drift["features_total"], drift["band"]) == (8, 19, "retrain")
    assert churnops("drift", "--window", "2d", "--json").code == 0
    diagnosis = churnops("diagnose", "--attribute", "--json").json
    assert diagnosis["cause"] == "concept_drift"
    split = diagnosis["attribution"]
    assert sum(share["amount"] for share in split["shares"]) == pytest.approx(split["total"])
    said = churnops("triage", "--operator", "rulebook", "--json", "--detailed-exit-code")
    outcome = said.json
    assert (said.code, outcome["status"], outcome["action"], outcome["mode"]) == (20, "pending_approval", "retrain", "recent")
    assert [case["status"] for case in churnops("reports", "list", "--json").json["cases"]] == ["pending_approval"]
    assert churnops("reports", "show", outcome["case_id"]).code == 0
    verified = churnops("reports", "verify")
    assert verified.code == 0, verified.out + verified.err
    exported = churnops.folder / "case.zip"
    assert churnops("reports", "export", outcome["case_id"], str(exported)).code == 0
    # A copy for review has a state of its own, and says so where the environment names another one.
    copy = churnops("reports", "import", str(exported), "-w", str(churnops.folder.parent / "copy"))
    assert (copy.code, "CHURNOPS_DATABASE_URL" in copy.err) == (1, True)
    with monkeypatch.context() as away:
        away.delenv("CHURNOPS_DATABASE_URL")
        copy = churnops("reports", "import", str(exported), "-w", str(churnops.folder.parent / "copy"))
        assert copy.code == 0, copy.err

    approve = [sys.executable, "-m", "churnops", "reports", "approve", outcome["case_id"], "-w", str(churnops.folder)]
    ended = at_a_terminal(
        [*approve, "--reason", "Looks right.", "--reviewer", "Ada"], {"to confirm": f"deploy {outcome['challenger']['version']}"}
    )
    assert ended.code == 0, ended.shown

    opened = open_workspace(churnops.folder, policy_text(), utc_now)
    with TestClient(web_app(opened, local=True), base_url="http://localhost") as api:
        answer = api.post("/predict", json=customer(opened)).json()
        assert answer["model_version"] == outcome["challenger"]["version"]
        told = api.post("/outcomes", json={"outcomes": [{"id": "C-1", "churned": True}]}).json()
        assert told["outcomes"][0]["result"] == "added"
    with opened.state.read() as connection:
        row = connection.execute(select(predictions).where(predictions.c.id == "C-1")).one()
    assert (row.score, row.features["SeniorCitizen"]) == (answer["probability"], "0")
    assert churnops("reports", "verify").code == 0
    assert json.loads((churnops.folder / ".churnops" / "champion").read_text())["version"] == answer["model_version"]
    opened.state.close()
