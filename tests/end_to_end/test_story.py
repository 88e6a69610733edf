"""The main job from the command line: from nothing to a report that waits for a person."""

import json
import shutil
from pathlib import Path

import pytest

from pipeline.record.opened_workspace import Opened
from tests.conftest import Simulated
from tests.end_to_end.command_line import CommandLine
from tests.reports.decisions.test_approval_terminal import typing

DRIFT_KEYS = {"reference_rows", "current_rows", "share", "drifted", "features_total", "band"}


@pytest.mark.slow
def test_from_customers_to_a_challenger_that_waits(churnops: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    said = churnops("init", "--synthetic", "--rows", "2500", "--json")
    assert said.code == 0, said.err
    assert said.json["id"] == "customerID"
    said = churnops("train", "--json")
    assert said.code == 0, said.err
    assert said.json["result"]["gate"]["passed"] is True
    pointer = churnops.folder / ".churnops" / "champion"
    champion = pointer.read_bytes()
    assert churnops("simulate", "--scenario", "market_shift", "--rows", "2000", "--json").json["rows"] == 2000

    drift = churnops("drift", "--json").json
    assert drift.keys() >= DRIFT_KEYS | {"features"}
    assert (drift["drifted"], drift["features_total"], drift["band"]) == (8, 19, "retrain")
    feature = next(feature for feature in drift["features"] if feature["name"] == "tenure")
    assert feature.keys() >= {"name", "kind", "method", "score", "threshold", "drifted", "direction"}
    assert (feature["kind"], feature["drifted"], feature["direction"]) == ("numerical", True, "up")

    said = churnops("triage", "--json", "--detailed-exit-code")
    outcome = said.json
    assert (said.code, outcome["status"], outcome["action"], outcome["mode"]) == (20, "pending_approval", "retrain", "recent")
    assert (outcome["operator"], outcome["stopped"], outcome["trainings"]) == ("rulebook", "finished", 1)
    assert outcome["drift"].keys() >= DRIFT_KEYS
    assert (outcome["diagnosis"]["cause"], outcome["diagnosis"]["action"]) == ("concept_drift", "retrain")
    assert outcome["diagnosis"].keys() >= {"cause", "confidence", "column", "action", "mode", "findings", "blind_spots", "runner_up"}
    assert outcome["challenger"].keys() >= {"version", "digest", "gate", "metrics"}
    assert outcome.keys() >= {"case_id", "turns", "tool_calls", "tokens", "cost_usd", "report"}
    assert pointer.read_bytes() == champion

    listed = churnops("reports", "list", "--json").json["cases"]
    assert [case["status"] for case in listed] == ["pending_approval"]
    shown = churnops("reports", "show", outcome["case_id"])
    assert f"churnops reports approve {outcome['case_id']}" in shown.out
    refused = churnops("reports", "approve", outcome["case_id"], "--reason", "looks good")
    assert (refused.code, pointer.read_bytes()) == (1, champion)
    assert "person at a terminal" in refused.err
    said = churnops("reports", "reject", outcome["case_id"], "--reason", "not now")
    assert (said.code, "person at a terminal" in said.err) == (1, True)
    with monkeypatch.context() as patch:  # nobody is at a terminal afterwards
        typing(patch, f"reject {outcome['challenger']['version']}")
        said = churnops("reports", "reject", outcome["case_id"], "--reason", "not now")
    assert said.code == 0, said.err
    assert pointer.read_bytes() == champion

    # The same data again: the case they have, as it was decided.
    shown_again = churnops("triage", "--json", "--detailed-exit-code")
    assert (shown_again.code, shown_again.json["case_id"], shown_again.json["shown"]) == (0, outcome["case_id"], True)

    # A case of new data within a day of that training is refused one, and its report says by which rule.
    churnops("simulate", "--scenario", "market_shift", "--rows", "2000", "--seed", "5")
    again = churnops("triage", "--json").json
    assert again["case_id"] != outcome["case_id"]
    assert (again["action"], again["trainings"]) == ("monitor", 0)
    assert "training.cooldown_hours" in (churnops.folder / ".churnops" / "reports" / f"{again['case_id']}.md").read_text()
    kinds = [json.loads(line)["kind"] for line in (churnops.folder / ".churnops" / "ledger.jsonl").read_text().splitlines()]
    assert kinds == [
        "trusted",
        "trained",
        "gated",
        "challenged",
        "deployed",
        "trained",
        "gated",
        "challenged",
        "reported",
        "rejected",
        "refused",
        "reported",
    ]


@pytest.mark.slow
def test_too_few_outcomes_ask_people_for_labels(churnops: CommandLine, trained: Opened) -> None:
    churnops.folder = trained.workspace.root
    churnops("simulate", "--scenario", "segment_arrives", "--rows", "1000", "--labels", "0.02")
    said = churnops("triage", "--json", "--detailed-exit-code")
    assert (said.code, said.json["action"], said.json["status"]) == (10, "collect_labels", "needs_people")


@pytest.mark.slow
def test_a_floor_out_of_reach_registers_nothing_and_names_the_line_that_lowers_it(
    churnops: CommandLine, fresh: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    churnops.folder = fresh.workspace.root
    monkeypatch.setenv("CHURNOPS_POLICY__GATE__MIN_ROC_AUC", "0.99")
    said = churnops("train", "--estimator", "logistic_regression")
    assert said.code == 1
    assert "interval" in said.err
    assert "gate.min_roc_auc = 0.8" in said.err
    home = fresh.workspace.home
    assert not (home / "champion").exists()
    assert not list((home / "models").glob("*"))


@pytest.mark.slow
def test_a_second_training_by_a_person_waits_for_approval_too(churnops: CommandLine, trained: Opened) -> None:
    churnops.folder = trained.workspace.root
    champion = trained.workspace.champion_pointer.read_bytes()
    said = churnops("train", "--estimator", "logistic_regression", "--json")
    assert said.code == 0, said.err
    assert said.json["case"]["status"] == "pending_approval"
    assert trained.workspace.champion_pointer.read_bytes() == champion


@pytest.mark.slow
def test_drift_writes_evidentlys_own_report(churnops: CommandLine, simulated: Simulated, tmp_path: Path) -> None:
    churnops.folder = tmp_path / "simulated"
    shutil.copytree(simulated("none", 400, 0.5, 1), churnops.folder)
    assert churnops("drift", "--html", "out/drift.html").code == 0
    assert "<html" in (churnops.folder / "out" / "drift.html").read_text(encoding="utf-8")[:2000].lower()
