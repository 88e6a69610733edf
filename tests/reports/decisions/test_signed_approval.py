"""Signed mode: only a signature of an allowed signer over just this record deploys, whatever else a program with the same shell writes."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from pipeline.canonical_json import canonical
from pipeline.errors import ChurnopsError, IntegrityError
from pipeline.record.approvers import confirmed, sealed
from pipeline.record.authority import accepted_trust
from pipeline.record.champion import open_champion, require_champion
from reports.decisions.accepted_approvers import draft_trust, trust_now
from reports.decisions.approval import ApprovalRecord, approve, draft_approval
from reports.decisions.promotion import finish_move, record_move
from reports.decisions.recovery import note_changed_trust, recover
from reports.decisions.rollback import draft_rollback, roll_back
from tests.conftest import Clock
from tests.end_to_end.command_line import CommandLine
from tests.reports.decisions.test_approval_terminal import CHURNOPS, at_a_terminal
from tests.reports.signers import ADA, BOB, MALLORY, Keys, configure, decision, make_keys, sign_from_now_on
from tests.reports.waiting import LATER, Waiting, snapshot

pytestmark = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed")


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return make_keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture
def signed(waiting: Waiting, keys: Keys) -> Waiting:
    """The waiting cases in a workspace where Ada and Bob sign."""
    sign_from_now_on(waiting.opened, keys)
    return waiting


def record_of(waiting: Waiting, who: str = ADA) -> ApprovalRecord:
    return draft_approval(waiting.opened, waiting.ours, decision(who))


def refused(waiting: Waiting, record: ApprovalRecord, seal: str) -> str:
    """What approving said; nothing may have changed."""
    before = snapshot(waiting)
    with pytest.raises(ChurnopsError) as error:
        approve(waiting.opened, record, seal)
    assert snapshot(waiting) == before
    return str(error.value)


def assert_only_asked(waiting: Waiting, before: dict[str, Any]) -> None:
    """Nothing changed but the ledger, which says that somebody asked."""
    after, rows = snapshot(waiting), len(before["ledger"])
    assert {name: after[name] for name in ("pointer", "cases", "alias")} == {name: before[name] for name in ("pointer", "cases", "alias")}
    assert after["ledger"][:rows] == before["ledger"]
    assert {entry.kind for entry in after["ledger"][rows:]} <= {"requested"}


def test_a_signers_signature_deploys_and_every_loader_checks_it(signed: Waiting, keys: Keys) -> None:
    record = record_of(signed)
    champion = approve(signed.opened, record, keys.seal(ADA, record)).champion
    assert open_champion(signed.opened)[0] == champion
    row = next(entry for entry in signed.opened.ledger.entries(signed.ours) if entry.kind == "approved")
    assert "BEGIN SSH SIGNATURE" in row.body["seal"]
    assert row.body["reviewer"] == ADA


def test_forged_signatures_deploy_nothing(signed: Waiting, keys: Keys, tmp_path: Path) -> None:
    record = record_of(signed)
    other = draft_approval(signed.opened, signed.other, decision(ADA))
    elsewhere = tmp_path / "file"
    elsewhere.write_text(canonical(record))
    subprocess.run(["ssh-keygen", "-q", "-Y", "sign", "-n", "git", "-f", keys.path(ADA), elsewhere], check=True)
    forged = {
        "typed, not signed": confirmed(record),
        "nothing": "",
        "no signature": "-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n",
        "a stranger's": keys.seal(MALLORY, record),
        "another signer's": keys.seal(BOB, record),
        "over another case": keys.seal(ADA, other),
        "for another purpose": elsewhere.with_suffix(".sig").read_text(),
    }
    for seal in forged.values():
        assert "no valid signature" in refused(signed, record, seal)
    claimed = record.model_copy(update={"reviewer": BOB})
    assert "no valid signature" in refused(signed, claimed, keys.seal(ADA, record))


@pytest.mark.slow
def test_a_record_changed_after_it_was_signed_deploys_nothing(signed: Waiting, keys: Keys) -> None:
    record = record_of(signed)
    seal = keys.seal(ADA, record)
    for change in ({"reason": "Another."}, {"version": "9"}, {"digest": "0" * 64}, {"at": LATER.replace(minute=1)}, {"metrics": "0" * 64}):
        refused(signed, record.model_copy(update=change), seal)


def test_a_signature_is_used_once(signed: Waiting, keys: Keys) -> None:
    record = record_of(signed)
    seal = keys.seal(ADA, record)
    approve(signed.opened, record, seal)
    assert "waits for no approval (status: approved)" in refused(signed, record, seal)


@pytest.mark.parametrize("change", ["local in the file", "local from outside", "a signer more", "never expires", "no signers"])
def test_a_program_that_changes_who_may_approve_stops_everything_and_gains_nothing(
    signed: Waiting, keys: Keys, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = keys.line(ADA) + keys.line(BOB)
    match change:
        case "local in the file":
            configure(signed.opened, lines, mode="local")
        case "local from outside":
            monkeypatch.setenv("CHURNOPS_APPROVAL__MODE", "local")
        case "a signer more":
            configure(signed.opened, lines + keys.line(MALLORY), mode="signed")
        case "never expires":
            configure(signed.opened, lines, mode="signed", expires_hours=8000)
        case "no signers":
            (signed.opened.workspace.root / "allowed_signers").unlink()
    with pytest.raises(ChurnopsError):
        draft_approval(signed.opened, signed.ours, decision(ADA))
    with pytest.raises(ChurnopsError):
        open_champion(signed.opened)
    if change == "no signers":
        return
    assert note_changed_trust(signed.opened) and note_changed_trust(signed.opened)
    assert signed.kinds().count("trust_changed") == 1
    before = signed.kinds()
    for who in (ADA, MALLORY):
        record = draft_trust(signed.opened, decision(who))
        for seal in (confirmed(record), keys.seal(MALLORY, record)):
            with pytest.raises(IntegrityError, match="no valid signature"):
                trust_now(signed.opened, record, seal)
    assert signed.kinds() == before
    record = draft_trust(signed.opened, decision(BOB))
    trust_now(signed.opened, record, keys.seal(BOB, record))
    open_champion(signed.opened)


def test_a_row_that_claims_a_person_accepted_is_seen_through(signed: Waiting, keys: Keys) -> None:
    configure(signed.opened, "", mode="local")
    record = draft_trust(signed.opened, decision(ADA))
    signed.opened.ledger.append(LATER, "trusted", None, sealed(record, confirmed(record)))
    with pytest.raises(IntegrityError, match="no valid signature"):
        accepted_trust(signed.opened.ledger)
    with pytest.raises(IntegrityError, match="no valid signature"):
        open_champion(signed.opened)


def forge(waiting: Waiting, kind: str, **record: object) -> None:
    """A row in the ledger that lets our challenger serve, written as our own code writes it."""
    challenger = waiting.case.challenger
    champion = require_champion(waiting.opened.workspace, waiting.opened.ledger)
    assert challenger is not None
    moved = {
        "version": challenger.version,
        "digest": challenger.digest,
        "after": champion.ledger_hash,
        "case_id": waiting.ours,
        "at": LATER,
    }
    with waiting.opened.state.write() as connection:
        record_move(connection, waiting.opened.ledger, kind, **moved, record=record)  # type: ignore[arg-type]
    waiting.opened.ledger.catch_up()


@pytest.mark.parametrize("kind", ["deployed", "rolled_back"])
def test_a_forged_row_of_the_ledger_makes_no_champion(signed: Waiting, kind: str) -> None:
    pointer = signed.opened.workspace.champion_pointer.read_bytes()
    forge(signed, kind, reviewer=ADA, bootstrap=True, approval=1)
    for load in (open_champion, finish_move, recover):
        with pytest.raises(IntegrityError, match=r"without an approval|does not name the workspace"):
            load(signed.opened)
    assert signed.opened.workspace.champion_pointer.read_bytes() == pointer


def test_an_old_approval_deploys_nothing_again(signed: Waiting, keys: Keys) -> None:
    record = record_of(signed)
    approve(signed.opened, record, keys.seal(ADA, record))
    back = draft_rollback(signed.opened, None, decision(BOB))
    roll_back(signed.opened, back, keys.seal(BOB, back))
    used = next(entry for entry in signed.opened.ledger.entries(signed.ours) if entry.kind == "approved")
    forge(signed, "deployed", reviewer=ADA, approval=used.seq)
    with pytest.raises(IntegrityError, match="without an approval of its own"):
        open_champion(signed.opened)


def test_rolling_back_is_signed_as_well(signed: Waiting, keys: Keys) -> None:
    first = require_champion(signed.opened.workspace, signed.opened.ledger)
    record = record_of(signed)
    approve(signed.opened, record, keys.seal(ADA, record))
    back = draft_rollback(signed.opened, None, decision(BOB))
    for seal in (confirmed(back), keys.seal(MALLORY, back), keys.seal(ADA, back)):
        with pytest.raises(IntegrityError, match="no valid signature"):
            roll_back(signed.opened, back, seal)
    assert roll_back(signed.opened, back, keys.seal(BOB, back)).champion.digest == first.digest
    assert open_champion(signed.opened)[1].digest == first.digest
    with pytest.raises(ChurnopsError, match="is the first champion"):
        draft_rollback(signed.opened, None, decision(BOB))


@pytest.mark.parametrize(("options", "allowed"), [('valid-before="20261121"', False), ('valid-after="20261120"', True)])
def test_a_signer_signs_within_their_time(waiting: Waiting, keys: Keys, options: str, allowed: bool) -> None:
    configure(waiting.opened, keys.line(ADA, options), mode="signed")
    accepted = draft_trust(waiting.opened, decision("the owner"))
    trust_now(waiting.opened, accepted, confirmed(accepted))
    record = record_of(waiting)
    if allowed:
        approve(waiting.opened, record, keys.seal(ADA, record))
    else:
        refused(waiting, record, keys.seal(ADA, record))


def test_whoever_started_the_case_needs_a_second_person(waiting: Waiting, keys: Keys) -> None:
    sign_from_now_on(waiting.opened, keys, require_second_person=True)  # Bob trained both
    with pytest.raises(ChurnopsError, match="is who started case"):
        record_of(waiting, BOB)
    record = record_of(waiting, ADA)
    claimed = record.model_copy(update={"reviewer": BOB})
    assert "is who started case" in refused(waiting, claimed, keys.seal(BOB, claimed))
    approve(waiting.opened, record, keys.seal(ADA, record))


def test_an_expired_case_can_not_be_approved_even_with_a_signature_from_before(signed: Waiting, keys: Keys) -> None:
    record = record_of(signed)
    seal = keys.seal(ADA, record)
    clock = signed.opened.clock
    assert isinstance(clock, Clock)
    clock.advance(hours=71)
    assert "could be approved until" in refused(signed, record, seal)
    assert "Run `churnops triage` again." in refused(signed, record, seal)


def test_a_key_on_another_machine_signs_a_request_and_its_signature_deploys(
    signed: Waiting, keys: Keys, churnops: CommandLine, tmp_path: Path
) -> None:
    request = tmp_path / "approval.json"
    approving = ("reports", "approve", signed.ours)
    before = snapshot(signed)
    asked = churnops(*approving, "--request", str(request), "--reviewer", ADA, "--reason", "Read elsewhere.")
    assert asked.code == 0, asked.err
    assert "ssh-keygen -Y sign -n churnops-approval" in asked.out
    assert_only_asked(signed, before)
    before = snapshot(signed)
    subprocess.run(["ssh-keygen", "-q", "-Y", "sign", "-n", "churnops-approval", "-f", keys.path(MALLORY), request], check=True)
    stranger = churnops(*approving, "--signature", f"{request}.sig")
    assert (stranger.code, snapshot(signed)) == (1, before)
    assert "no valid signature" in stranger.err
    Path(f"{request}.sig").unlink()
    subprocess.run(["ssh-keygen", "-q", "-Y", "sign", "-n", "churnops-approval", "-f", keys.path(ADA), request], check=True)
    done = churnops(*approving, "--signature", f"{request}.sig")
    assert done.code == 0, done.err
    assert signed.case.status == "approved"
    assert signed.case.decision is not None and signed.case.decision.reason == "Read elsewhere."
    assert open_champion(signed.opened)[1].digest == signed.artifact.name


@pytest.mark.slow
def test_a_program_at_a_pseudo_terminal_types_everything_and_still_deploys_nothing(signed: Waiting, keys: Keys) -> None:
    """The attack that local mode only deters: here the words do not suffice, and the program has a key of its own only."""
    assert signed.case.challenger is not None
    before = snapshot(signed)
    words = {"to confirm": f"deploy {signed.case.challenger.version}"}
    attack = [*CHURNOPS, "reports", "approve", signed.ours, "--workspace", str(signed.opened.workspace.root), "--reason", "trust me"]
    stolen = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    for options in (["--reviewer", ADA, "--key", str(keys.path(MALLORY))], ["--reviewer", ADA], ["--reviewer", MALLORY]):
        ended = at_a_terminal([*attack, *options], words, stolen)
        assert ended.code == 1, ended.shown
        assert_only_asked(signed, before)
