"""What version 0.1.0 wrote opens, verifies, renders and goes on under today's code, in a folder that has moved since."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.atomic_files import digest_of_folder
from pipeline.errors import ChurnopsError
from pipeline.intake.reference import load_split
from pipeline.models.artifact import Artifact, open_artifact
from pipeline.record.approvers import confirmed
from pipeline.record.cases import Decision
from pipeline.record.champion import require_champion
from pipeline.record.opened_workspace import Opened
from pipeline.workspace import retired_names
from pipeline.workspace.policy import Policy
from pipeline.workspace.retired_names import Retired
from reports.decisions.approval import approve, draft_approval, reject
from reports.decisions.rollback import draft_rollback, roll_back
from reports.web.review_page.sign_in import START
from tests.end_to_end.command_line import CommandLine
from tests.reports.web.review_page.browser import Browser
from tests.reports.web.test_prediction_api import client_of, customer

CASES = {
    "2026-10-15-c33f66-2": ("open", "concept_drift"),
    "2026-10-15-c33f66": ("pending_approval", "concept_drift"),
    "2026-10-04-68c4eb": ("needs_people", "data_fault"),
    "2026-09-23-6e0260": ("no_deploy_needed", "covariate_benign"),
    "2026-09-12-cca632": ("approved", "prior_shift"),
    "2026-09-02-51a68e": ("approved", None),
}
REPORTED = tuple(case for case, (status, _) in CASES.items() if status != "open")
PENDING = "2026-10-15-c33f66"


@pytest.fixture
def decision(earlier: Opened) -> Decision:
    return Decision(reviewer="Ada", reason="As agreed.", at=earlier.clock())


@pytest.mark.slow
def test_it_is_listed_shown_and_verified_without_a_change_to_its_bytes(churnops: CommandLine, earlier: Opened, unpacked: Path) -> None:
    assert churnops("reports", "verify").code == 0
    listed = churnops("reports", "list", "--json")
    assert listed.code == 0, listed.err
    assert {case["case_id"]: case["status"] for case in listed.json["cases"]} == {case: said[0] for case, said in CASES.items()}
    for case in REPORTED:
        shown = churnops("reports", "show", case)
        assert (shown.code, case in shown.out) == (0, True), shown.err
    for case, (_, cause) in CASES.items():
        record = churnops("case", "show", case, "--json").json
        assert (record["case"]["diagnosis"] or {}).get("cause") == cause
    assert [event["name"] for event in churnops("event", "list", "--json").json["events"]] == ["price list, 20 September"]
    assert len(churnops("window", "list", "--json").json["exclusions"]) == 1
    assert "acknowledged" in churnops("case", "list").out
    for folder in ("models", "transcripts", "chat", "reports"):
        assert digest_of_folder(earlier.workspace.home / folder) == digest_of_folder(unpacked / ".churnops" / folder)


def test_its_chat_is_shown_again(churnops: CommandLine) -> None:
    shown = churnops("chat", "--replay", "newest")
    assert shown.code == 0, shown.err
    for words in ("What drifted?", "5 of 19 features drifted", "concept drift", "can you deploy it?"):
        assert words in shown.out


@pytest.mark.slow
def test_its_reports_are_drawn_on_the_review_page(earlier: Opened) -> None:
    browser = Browser(earlier).sign_in()
    for case in REPORTED:
        for page in (f"{START}/cases/{case}", f"{START}/cases/{case}/report"):
            assert browser.get(page).status_code == 200, page
    assert "customers like those of the reference behave differently now" in browser.get(f"{START}/cases/{PENDING}/report").text


def test_the_recalibrated_adopted_champion_scores_and_serves(earlier: Opened, champion: Artifact) -> None:
    found, rows = champion.manifest.recalibration, load_split(earlier).test
    assert champion.manifest.adopted is not None
    assert found is not None
    before = open_artifact(earlier.workspace, found.of).scores(rows)
    odds = found.slope * np.log(before / (1 - before)) + found.intercept
    assert champion.scores(rows) == pytest.approx(1 / (1 + np.exp(-odds)), abs=1e-12)
    with client_of(earlier) as client:
        answer = client.post("/predict", json=customer(earlier))
    assert (answer.status_code, answer.json()["model_version"]) == (200, "3"), answer.text


@pytest.mark.slow
def test_its_drift_is_measured_and_doctor_finds_nothing_wrong(churnops: CommandLine, champion: Artifact) -> None:
    drift = churnops("drift", "--json")
    assert drift.code == 0, drift.err
    assert (drift.json["current_rows"], drift.json["band"]) == (802, "monitor")
    doctor = churnops("doctor", "--json")
    assert doctor.code == 0, doctor.out


@pytest.mark.slow
def test_its_window_is_diagnosed_and_judged_by_todays_rules(churnops: CommandLine, champion: Artifact) -> None:
    found = churnops("diagnose", "--json")
    assert found.code == 0, found.err
    assert found.json["cause"] == "concept_drift"
    said = churnops("triage", "--operator", "rulebook", "--json")
    assert said.code == 0, said.err
    assert said.json["case_id"] not in CASES
    assert said.json["status"] == "pending_approval"
    assert churnops("reports", "verify").code == 0


def test_the_waiting_case_is_not_approved_by_rules_it_was_not_judged_by(earlier: Opened, decision: Decision) -> None:
    """A version that brings further rules asks for another triage."""
    with pytest.raises(ChurnopsError, match="The policy changed since the report") as refused:
        draft_approval(earlier, PENDING, decision)
    assert "churnops triage" in refused.value.next_step
    assert require_champion(earlier.workspace, earlier.ledger).version == "3"


def test_the_waiting_case_is_approved_where_the_rules_are_the_same(
    earlier: Opened, decision: Decision, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Policy, "version", earlier.cases.get(PENDING).policy_version)
    record = draft_approval(earlier, PENDING, decision)
    deployed = approve(earlier, record, confirmed(record))
    assert deployed.champion.version == "4"
    assert require_champion(earlier.workspace, earlier.ledger) == deployed.champion


def test_the_waiting_case_is_rejected(earlier: Opened, decision: Decision) -> None:
    reject(earlier, PENDING, decision)
    assert earlier.cases.get(PENDING).status == "rejected"
    assert require_champion(earlier.workspace, earlier.ledger).version == "3"


@pytest.mark.parametrize(("asked", "version"), [(None, "2"), ("1", "1")])
def test_an_earlier_champion_serves_again(earlier: Opened, decision: Decision, asked: str | None, version: str) -> None:
    record = draft_rollback(earlier, asked, decision)
    assert roll_back(earlier, record, confirmed(record)).champion.version == version
    assert require_champion(earlier.workspace, earlier.ledger).version == version


def test_what_it_sets_and_no_longer_exists_is_said_once_and_stops_nothing(
    earlier: Opened, churnops: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    retired = Retired("0.2.0", "The interval of the difference decides.")
    monkeypatch.setattr(retired_names, "RULES", {"gate.min_gain": retired})
    monkeypatch.setattr(retired_names, "SETTINGS", {"approval.quorum": retired})
    file = earlier.workspace.settings_file
    file.write_text(file.read_text().replace("[approval]", "[approval]\nquorum = 2").replace("[policy]", "[policy]\ngate.min_gain = 0.1"))
    said = churnops("reports", "list")
    assert said.code == 0, said.err
    assert said.err.count("`policy.gate.min_gain`") == said.err.count("`approval.quorum`") == 1
    assert said.err.count("\n") == 2
    file.write_text(file.read_text().replace("gate.min_gain", "gate.min_roc_uac"))
    typo = churnops("reports", "list")
    assert (typo.code, "The nearest is `gate.min_roc_auc`." in typo.err) == (1, True)
