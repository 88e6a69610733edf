"""The human gate: approving deploys exactly what was reviewed, once, on record; rejecting leaves the champion alone."""

from datetime import timedelta

import pytest

from pipeline.atomic_files import digest_of_file, digest_of_folder
from pipeline.canonical_json import digest_of
from pipeline.clock import moment, stamp
from pipeline.errors import ChurnopsError
from pipeline.record.champion import open_champion
from pipeline.record.mlflow_mirror import champion_version
from pipeline.words import STATUSES
from reports.decisions.approval import draft_approval, reject
from tests.reports.waiting import DECISION, Waiting, approve_case, snapshot
from tests.tools.desk import case_of


def refused(waiting: Waiting, case_id: str) -> str:
    """What approving said; nothing may have changed."""
    before = snapshot(waiting)
    with pytest.raises(ChurnopsError) as error:
        approve_case(waiting.opened, case_id)
    assert snapshot(waiting) == before
    return str(error.value)


def test_approving_moves_the_pointer_to_the_reviewed_artifact(waiting: Waiting) -> None:
    challenger = waiting.case.challenger
    assert challenger is not None
    champion = approve_case(waiting.opened, waiting.ours)
    serving, artifact = open_champion(waiting.opened)
    assert serving == champion
    assert (serving.version, serving.digest, artifact.digest) == (challenger.version, challenger.digest, challenger.digest)
    assert waiting.case.status == "approved"
    assert waiting.case.decision == DECISION


def test_the_registrys_alias_follows(waiting: Waiting) -> None:
    before = champion_version(waiting.opened.workspace)
    champion = approve_case(waiting.opened, waiting.ours)
    assert before != champion.version
    assert champion_version(waiting.opened.workspace) == champion.version


def test_the_ledger_says_approved_then_deployed_and_what_the_approval_is_bound_to(waiting: Waiting) -> None:
    case, before = waiting.case, len(waiting.opened.ledger.entries())
    champion = approve_case(waiting.opened, waiting.ours)
    approved, deployed = waiting.opened.ledger.entries()[before:]
    assert (approved.kind, deployed.kind) == ("approved", "deployed")
    assert approved.case_id == deployed.case_id == waiting.ours
    assert approved.at == stamp(DECISION.at)
    result = waiting.opened.cases.trainings(waiting.ours)[-1].result
    reported = next(entry for entry in waiting.opened.ledger.entries(waiting.ours) if entry.kind == "reported")
    serving = next(entry for entry in waiting.opened.ledger.entries() if entry.kind == "deployed")
    assert case.challenger is not None
    first, asked_at = waiting.opened.ledger.entries()[0], waiting.opened.ledger.entries()[before - 1]
    record = {
        "act": "approve",
        "workspace": first.body["workspace"],
        "head": f"{asked_at.seq}:{asked_at.hash}",
        "case_id": waiting.ours,
        "version": case.challenger.version,
        "digest": digest_of_folder(waiting.artifact),
        "report": digest_of_file(waiting.report),
        "metrics": digest_of(result),
        "policy_version": waiting.opened.policy.version,
        "replaces": case.champion.digest,
        "replaces_row": serving.hash,
        "reviewer": "Ada",
        "reason": DECISION.reason,
        "at": f"{DECISION.at:%Y-%m-%dT%H:%M:%SZ}",
        "expires_at": f"{moment(reported.at) + timedelta(hours=72):%Y-%m-%dT%H:%M:%SZ}",
    }
    assert approved.body == {**record, "seal": f"confirmed sha256:{digest_of(record)}"}
    moved = {"version": champion.version, "digest": champion.digest, "replaces": case.champion.digest}
    assert deployed.body == {**moved, "reviewer": "Ada", "approval": approved.seq}
    assert (champion.ledger_seq, champion.ledger_hash) == (deployed.seq, deployed.hash)
    assert len(waiting.opened.workspace.ledger_mirror.read_text().splitlines()) == deployed.seq


def test_drafting_changes_nothing_and_names_the_challenger(waiting: Waiting) -> None:
    before = snapshot(waiting)
    assert waiting.case.challenger is not None
    assert draft_approval(waiting.opened, waiting.ours, DECISION).digest == waiting.case.challenger.digest
    assert snapshot(waiting) == before


def test_an_approval_is_used_once(waiting: Waiting) -> None:
    approve_case(waiting.opened, waiting.ours)
    assert "waits for no approval (status: approved)" in refused(waiting, waiting.ours)


def test_a_rejected_challenger_stays_on_record_and_can_not_be_approved_any_more(waiting: Waiting) -> None:
    pointer = waiting.opened.workspace.champion_pointer.read_bytes()
    case = reject(waiting.opened, waiting.ours, DECISION)
    assert (case.status, case.decision) == ("rejected", DECISION)
    assert waiting.kinds(waiting.ours)[-1] == "rejected"
    body = waiting.opened.ledger.entries(waiting.ours)[-1].body
    assert case.challenger is not None
    assert body == {"challenger": case.challenger.digest, "reviewer": "Ada", "reason": DECISION.reason}
    assert waiting.artifact.is_dir()
    assert waiting.opened.workspace.champion_pointer.read_bytes() == pointer
    assert "waits for no approval (status: rejected)" in refused(waiting, waiting.ours)


def test_what_is_decided_can_not_be_rejected(waiting: Waiting) -> None:
    approve_case(waiting.opened, waiting.ours)
    before = snapshot(waiting)
    with pytest.raises(ChurnopsError, match="has status “approved”"):
        reject(waiting.opened, waiting.ours, DECISION)
    assert snapshot(waiting) == before


@pytest.mark.slow
@pytest.mark.parametrize("status", ["open", "partial", "no_deploy_needed", "needs_people"])
def test_a_case_that_waits_for_nothing_is_refused(waiting: Waiting, status: str) -> None:
    case = case_of(waiting.opened, "another window", status=status)
    assert f"waits for no approval (status: {STATUSES[status]})" in refused(waiting, case.case_id)


def test_an_unknown_case_is_refused(waiting: Waiting) -> None:
    assert "There is no case" in refused(waiting, "2020-01-01-nobody")


def test_after_one_approval_the_other_challenger_was_measured_against_a_champion_of_yesterday(waiting: Waiting) -> None:
    replaced = waiting.case.champion.version
    champion = approve_case(waiting.opened, waiting.other)
    said = refused(waiting, waiting.ours)
    assert f"The champion moved since this report: it compares with version {replaced}, version {champion.version} serves now." in said
    assert reject(waiting.opened, waiting.ours, DECISION).status == "rejected"
