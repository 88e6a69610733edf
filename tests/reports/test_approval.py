"""The human gate: approving deploys exactly what was reviewed, once, on record; rejecting leaves the champion alone."""

import pytest

from pipeline.champion import open_champion
from pipeline.clock import stamp
from pipeline.errors import ChurnopsError
from pipeline.files import digest_of_file
from pipeline.tracking import champion_version
from reports.approval import approve, check_approvable, reject
from tests.reports.waiting import DECISION, Waiting, snapshot
from tests.tools.desk import case_of


def refused(waiting: Waiting, case_id: str) -> str:
    """What approving said; nothing may have changed."""
    before = snapshot(waiting)
    with pytest.raises(ChurnopsError) as error:
        approve(waiting.opened, case_id, DECISION)
    assert snapshot(waiting) == before
    return str(error.value)


def test_approving_moves_the_pointer_to_the_reviewed_artifact(waiting: Waiting) -> None:
    challenger = waiting.case.challenger
    assert challenger is not None
    champion = approve(waiting.opened, waiting.triaged, DECISION)
    serving, artifact = open_champion(waiting.opened)
    assert serving == champion
    assert (serving.version, serving.digest, artifact.digest) == (challenger.version, challenger.digest, challenger.digest)
    assert waiting.case.status == "approved"
    assert waiting.case.decision == DECISION


def test_the_registrys_alias_follows(waiting: Waiting) -> None:
    before = champion_version(waiting.opened.workspace)
    champion = approve(waiting.opened, waiting.triaged, DECISION)
    assert before != champion.version
    assert champion_version(waiting.opened.workspace) == champion.version


def test_the_ledger_says_approved_then_deployed_and_what_the_approval_is_bound_to(waiting: Waiting) -> None:
    case, before = waiting.case, len(waiting.opened.ledger.entries())
    champion = approve(waiting.opened, waiting.triaged, DECISION)
    approved, deployed = waiting.opened.ledger.entries()[before:]
    assert (approved.kind, deployed.kind) == ("approved", "deployed")
    assert approved.case_id == deployed.case_id == waiting.triaged
    assert approved.at == stamp(DECISION.at)
    assert approved.body == {
        "challenger": champion.digest,
        "report": digest_of_file(waiting.report),
        "replaces": case.champion.digest,
        "policy_version": waiting.opened.policy.version,
        "reviewer": "Ada",
        "reason": DECISION.reason,
    }
    assert deployed.body == {"version": champion.version, "digest": champion.digest, "replaces": case.champion.digest, "reviewer": "Ada"}
    assert (champion.ledger_seq, champion.ledger_hash) == (deployed.seq, deployed.hash)
    assert len(waiting.opened.workspace.ledger_mirror.read_text().splitlines()) == deployed.seq


def test_checking_changes_nothing_and_names_the_challenger(waiting: Waiting) -> None:
    before = snapshot(waiting)
    assert check_approvable(waiting.opened, waiting.case) == waiting.case.challenger
    assert snapshot(waiting) == before


def test_an_approval_is_used_once(waiting: Waiting) -> None:
    approve(waiting.opened, waiting.triaged, DECISION)
    assert "waits for no approval: it is approved" in refused(waiting, waiting.triaged)


def test_a_rejected_challenger_stays_on_record_and_can_not_be_approved_any_more(waiting: Waiting) -> None:
    pointer = waiting.opened.workspace.champion_pointer.read_bytes()
    case = reject(waiting.opened, waiting.triaged, DECISION)
    assert (case.status, case.decision) == ("rejected", DECISION)
    assert waiting.kinds(waiting.triaged)[-1] == "rejected"
    body = waiting.opened.ledger.entries(waiting.triaged)[-1].body
    assert case.challenger is not None
    assert body == {"challenger": case.challenger.digest, "reviewer": "Ada", "reason": DECISION.reason}
    assert waiting.artifact.is_dir()
    assert waiting.opened.workspace.champion_pointer.read_bytes() == pointer
    assert "waits for no approval: it is rejected" in refused(waiting, waiting.triaged)


def test_what_is_decided_can_not_be_rejected(waiting: Waiting) -> None:
    approve(waiting.opened, waiting.triaged, DECISION)
    before = snapshot(waiting)
    with pytest.raises(ChurnopsError, match="is approved"):
        reject(waiting.opened, waiting.triaged, DECISION)
    assert snapshot(waiting) == before


@pytest.mark.parametrize("status", ["open", "partial", "no_deploy_needed", "needs_people"])
def test_a_case_that_waits_for_nothing_is_refused(waiting: Waiting, status: str) -> None:
    case = case_of(waiting.opened, "another window", status=status)
    assert f"waits for no approval: it is {status.replace('_', ' ')}" in refused(waiting, case.case_id)


def test_an_unknown_case_is_refused(waiting: Waiting) -> None:
    assert "There is no case" in refused(waiting, "2020-01-01-nobody")


def test_after_one_approval_the_other_challenger_was_measured_against_a_champion_of_yesterday(waiting: Waiting) -> None:
    replaced = waiting.case.champion.version
    champion = approve(waiting.opened, waiting.by_hand, DECISION)
    said = refused(waiting, waiting.triaged)
    assert f"The champion moved since this report: it compares with version {replaced}, version {champion.version} serves now." in said
    assert reject(waiting.opened, waiting.triaged, DECISION).status == "rejected"
