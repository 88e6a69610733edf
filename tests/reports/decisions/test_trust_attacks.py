"""What a program that may write to the workspace's files tries against its record: rows edited, deleted, the whole ledger written anew, a
signature dated back or carried over from a copy. Nothing loads and nothing deploys."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from pipeline.errors import ChurnopsError, IntegrityError, SettingsError
from pipeline.record.approvers import SealedRecord, confirmed, sealed
from pipeline.record.authority import read_authority
from pipeline.record.champion import find_champion, open_champion, require_champion
from pipeline.record.opened_workspace import Opened, open_workspace
from pipeline.record.pinned_file import check_pinned
from prompts import policy_text
from reports.decisions.accepted_approvers import draft_trust, trust_now
from reports.decisions.approval import approve, draft_approval
from reports.decisions.rollback import draft_rollback, roll_back
from reports.decisions.sealing import requested
from reports.decisions.verification import verify
from tests.conftest import NOON, Clock
from tests.reports.signers import ADA, BOB, MALLORY, Keys, configure, decision, make_keys, sign_from_now_on
from tests.reports.tampering import Row, chained, edited, rows_of, write_ledger
from tests.reports.waiting import LATER, Waiting, waiting_in

pytestmark = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed")


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return make_keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture
def signed(waiting: Waiting, keys: Keys) -> Waiting:
    """Ada and Bob sign, and Ada let a challenger serve."""
    sign_from_now_on(waiting.opened, keys)
    record = requested(waiting.opened, draft_approval(waiting.opened, waiting.ours, decision(ADA)))
    approve(waiting.opened, record, keys.seal(ADA, record))
    return waiting


@pytest.fixture
def staging(waiting: Waiting, tmp_path: Path, keys: Keys) -> Iterator[Waiting]:
    """A copy of the signed workspace with all its files, as people make one to try things out."""
    sign_from_now_on(waiting.opened, keys)
    root = tmp_path / "staging"
    shutil.copytree(waiting.opened.workspace.root, root)
    opened = open_workspace(root, policy_text(), Clock(LATER))
    yield waiting_in(opened)
    opened.state.close()


def refused(opened: Opened, match: str) -> None:
    """Nothing loads, nothing is approved, and `verify` is not green."""
    with pytest.raises(IntegrityError, match=match):
        find_champion(opened.workspace, opened.ledger)
    for case in opened.cases.all():
        if case.status == "pending_approval":
            with pytest.raises(ChurnopsError):
                draft_approval(opened, case.case_id, decision(ADA))
    assert not verify(opened).ok


def is_trained(row: Row) -> bool:
    return bool(row["kind"] == "trained")


def better(row: Row) -> Row:
    return {**row, "body": {**row["body"], "roc_auc": 0.99}}


EDITS: dict[str, Callable[[list[Row]], list[Row]]] = {
    "edited": lambda rows: edited(rows, is_trained, better),
    "deleted": lambda rows: [row for row in rows if row["kind"] != "gated"],
    "who signs deleted": lambda rows: [row for row in rows if row["kind"] != "trusted" or row["seq"] == 1],
    "swapped": lambda rows: [rows[0], {**rows[2], "seq": 2}, {**rows[1], "seq": 3}, *rows[3:]],
}


@pytest.mark.parametrize("how", EDITS)
def test_rows_edited_or_deleted_stop_loading(waiting: Waiting, keys: Keys, how: str) -> None:
    sign_from_now_on(waiting.opened, keys)
    waiting.opened.ledger.append(LATER, "verified", None, {})
    write_ledger(waiting.opened, EDITS[how](rows_of(waiting.opened)))
    if how == "who signs deleted":
        configure(waiting.opened, "", mode="local")
    refused(waiting.opened, r"was changed after it was written|is missing|hash of the row before|differ")


def test_newest_rows_deleted_stop_loading_while_the_mirror_knows_them(signed: Waiting) -> None:
    opened = signed.opened
    mirror = opened.workspace.ledger_mirror.read_bytes()
    rows = rows_of(opened)
    move = max(row["seq"] for row in rows if row["kind"] == "deployed")
    write_ledger(opened, rows[: move - 2])  # the champion of before serves again
    opened.workspace.ledger_mirror.write_bytes(mirror)
    refused(opened, "mirror differ")


def test_rows_behind_a_signature_cannot_be_written_anew(signed: Waiting) -> None:
    """All hashes fit, in database, mirror and pointer; what the approver's signature covers does not."""
    write_ledger(signed.opened, chained(edited(rows_of(signed.opened), is_trained, better)))
    refused(signed.opened, "sealed for a ledger that this one does not go on|without an approval|does not follow")


def rewritten_without_signatures(opened: Opened) -> None:
    """A whole ledger anew: the same id, the same signers, and a champion that nobody approved."""
    rows = rows_of(opened)
    challenger = next(row for row in reversed(rows) if row["kind"] == "challenged")["body"]
    kept = [row for row in rows if row["kind"] in {"trusted", "trained", "gated", "challenged", "deployed", "reported"}]
    first_move = next(row for row in kept if row["kind"] == "deployed")
    forged = {**first_move, "body": {**first_move["body"], "version": challenger["version"], "digest": challenger["digest"]}}
    kept = [row for row in kept if row["kind"] != "deployed" or row is first_move]
    rows = chained([forged if row is first_move else row for row in kept])
    for place, row in enumerate(rows):  # what local mode asks for is easily made
        if row["kind"] == "trusted" and place:
            body = {name: value for name, value in row["body"].items() if name != "seal"}
            body |= {"previous": rows[0]["hash"], "head": f"{place}:{rows[place - 1]['hash']}"}
            sealing = confirmed_body(body)
            rows = chained([*rows[:place], {**row, "body": sealing}, *rows[place + 1 :]])
    write_ledger(opened, rows)


def confirmed_body(body: dict[str, object]) -> dict[str, object]:
    from pipeline.canonical_json import digest_of

    return {**body, "seal": f"confirmed sha256:{digest_of(body)}"}


def test_a_whole_ledger_written_anew_does_not_fit_the_anchor(waiting: Waiting, keys: Keys, tmp_path: Path) -> None:
    anchor = tmp_path / "elsewhere" / "heads"
    anchor.parent.mkdir()
    sign_at(waiting.opened, keys, anchor=str(anchor), create=anchor)
    open_champion(waiting.opened)
    noted = anchor.read_text()
    rewritten_without_signatures(waiting.opened)
    refused(waiting.opened, "not the one that the anchor")
    anchor.write_text("")
    refused(waiting.opened, "has no line of this workspace")
    anchor.unlink()
    refused(waiting.opened, "no file of at most")
    anchor.write_text(noted)


def test_the_newest_rows_cut_off_everywhere_do_not_fit_the_anchor(waiting: Waiting, keys: Keys, tmp_path: Path) -> None:
    anchor = tmp_path / "heads"
    sign_at(waiting.opened, keys, anchor=str(anchor), create=anchor)
    record = requested(waiting.opened, draft_approval(waiting.opened, waiting.ours, decision(ADA)))
    assert approve(waiting.opened, record, keys.seal(ADA, record)).warning is None
    rows = rows_of(waiting.opened)
    assert anchor.read_text().splitlines()[-1] == f"{rows[0]['body']['workspace']} {len(rows)}:{rows[-1]['hash']}"
    write_ledger(waiting.opened, rows[:-2])
    refused(waiting.opened, "not the one that the anchor")


def test_an_anchor_that_only_its_owner_writes_tells_what_to_append(waiting: Waiting, keys: Keys, tmp_path: Path) -> None:
    anchor = tmp_path / "heads"
    (tmp_path / "behind").write_text("")
    anchor.symlink_to(tmp_path / "behind")  # this user follows no link there, as it writes no file of another's
    configure(waiting.opened, keys.line(ADA), mode="signed", anchor=str(anchor))
    record = draft_trust(waiting.opened, decision("the owner"))
    with pytest.raises(IntegrityError, match="has no line of this workspace") as said:
        trust_now(waiting.opened, record, confirmed(record))
    anchor.write_text(said.value.next_step.partition("append: ")[2] + "\n")
    warning = trust_now(waiting.opened, record, confirmed(record))
    assert warning is not None and f"{record.workspace} {read_authority(waiting.opened.ledger).chain.head}" in warning
    open_champion(waiting.opened)


def sign_at(opened: Opened, keys: Keys, create: Path | None = None, **approval: object) -> None:
    if create is not None:
        create.touch()
    sign_from_now_on(opened, keys, **approval)


def test_a_workspace_that_begins_with_an_anchor_begins_in_it(waiting: Waiting, tmp_path: Path) -> None:
    root, anchor = tmp_path / "new", tmp_path / "heads"
    root.mkdir()
    anchor.touch()
    settings = waiting.opened.workspace.settings_file.read_text()
    assert 'anchor = ""' in settings
    (root / "churnops.toml").write_text(settings.replace('anchor = ""', f"anchor = {str(anchor)!r}"))
    opened = open_workspace(root, policy_text(), Clock(LATER))
    assert find_champion(opened.workspace, opened.ledger) is None
    opened.state.close()
    assert anchor.read_text() == f"{read_authority(opened.ledger).workspace_id} {read_authority(opened.ledger).chain.head}\n"


def test_only_signers_are_pinned(waiting: Waiting) -> None:
    configure(waiting.opened, "", mode="local", pinned=True)
    with pytest.raises(SettingsError, match="needs `mode"):
        find_champion(waiting.opened.workspace, waiting.opened.ledger)


def committed(opened: Opened, file: str = "allowed_signers") -> None:
    """The file is under version control in the workspace's folder."""
    git = ["git", "-C", str(opened.workspace.root), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", file], check=True)
    subprocess.run([*git, "commit", "-q", "-m", "Who signs."], check=True)


def test_with_pinned_signers_a_ledger_written_anew_lacks_their_signature(waiting: Waiting, keys: Keys) -> None:
    opened = waiting.opened
    configure(opened, keys.line(ADA) + keys.line(BOB), mode="signed", pinned=True)
    with pytest.raises(IntegrityError, match="this user can change it"):
        draft_trust(opened, decision(ADA))
    committed(opened)
    record = draft_trust(opened, decision(ADA))
    for seal in (confirmed(record), keys.seal(MALLORY, record)):
        with pytest.raises(IntegrityError, match="no valid signature"):
            trust_now(opened, record, seal)
    trust_now(opened, record, keys.seal(ADA, record))
    open_champion(opened)
    rewritten_without_signatures(opened)
    refused(opened, "no valid signature")
    file = opened.workspace.root / "allowed_signers"
    file.write_text(file.read_text() + keys.line(MALLORY))
    refused(opened, "this user can change it|no valid signature")


def test_a_first_champion_under_pinned_signers_serves_once_one_of_them_signed(waiting: Waiting, keys: Keys) -> None:
    """Whoever begins a ledger with the pinned signers has their names, and no signature."""
    opened = waiting.opened
    configure(opened, keys.line(ADA), mode="signed", pinned=True)
    committed(opened)
    rows = rows_of(opened)
    body = {**rows[0]["body"], "trust": draft_trust(opened, decision(ADA)).trust.model_dump(mode="json")}
    write_ledger(opened, chained([{**rows[0], "body": body}, *rows[1:]]))
    with pytest.raises(IntegrityError, match="Nobody has signed the ledger since this champion came"):
        open_champion(opened)
    record = draft_trust(opened, decision(ADA))  # a checkpoint
    trust_now(opened, record, keys.seal(ADA, record))
    open_champion(opened)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make another user's file")
def test_a_file_of_another_user_is_pinned(tmp_path: Path) -> None:
    signers = tmp_path / "signers"
    signers.write_text("")
    with pytest.raises(IntegrityError, match="this user can change it"):
        check_pinned(signers)
    for place in (tmp_path, *tmp_path.parents):
        place.chmod(place.stat().st_mode | 0o055)
    child = os.fork()
    if not child:
        os.setuid(65534)
        try:
            check_pinned(signers)
            os._exit(0)
        except BaseException:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def until(minutes: int) -> str:
    """A signer's end, so long after noon."""
    return f'valid-before="{NOON + timedelta(minutes=minutes):%Y%m%d%H%M%S}Z"'


def sign_until(waiting: Waiting, keys: Keys, minutes: int) -> None:
    configure(waiting.opened, keys.line(ADA, until(minutes)) + keys.line(BOB), mode="signed")
    record = draft_trust(waiting.opened, decision("the owner"))
    trust_now(waiting.opened, record, confirmed(record))


def test_an_expired_signer_cannot_date_a_signature_back(waiting: Waiting, keys: Keys) -> None:
    sign_until(waiting, keys, 121)
    clock = waiting.opened.clock
    assert isinstance(clock, Clock)
    record = draft_approval(waiting.opened, waiting.ours, decision(ADA))  # dated a minute before she may no more
    clock.advance(hours=3)
    with pytest.raises(IntegrityError, match="no valid signature"):
        approve(waiting.opened, record, keys.seal(ADA, record))
    rolled = draft_approval(waiting.opened, waiting.ours, decision(BOB))
    approve(waiting.opened, rolled, keys.seal(BOB, rolled))


def test_an_expired_signers_row_between_others_is_seen(waiting: Waiting, keys: Keys) -> None:
    """Written into the database as if it had been before she expired; the row before it was written after."""
    sign_until(waiting, keys, 121)
    opened = waiting.opened
    record = draft_approval(opened, waiting.ours, decision(ADA))
    opened.ledger.append(LATER + timedelta(hours=2), "verified", None, {})
    opened.ledger.append(LATER, "approved", waiting.ours, sealed(record, keys.seal(ADA, record)))
    clock = opened.clock
    assert isinstance(clock, Clock)
    clock.advance(hours=3)
    refused(opened, "no valid signature")


def seal_for(opened: Opened, keys: Keys, who: str, record: SealedRecord) -> tuple[SealedRecord, str]:
    asked = requested(opened, record)
    return asked, keys.seal(who, asked)


def test_an_approval_given_in_a_staging_copy_deploys_nothing_in_the_original(waiting: Waiting, staging: Waiting, keys: Keys) -> None:
    record = requested(staging.opened, draft_approval(staging.opened, staging.ours, decision(ADA)))
    seal = keys.seal(ADA, record)
    with pytest.raises(IntegrityError, match="in a copy of the workspace"):
        approve(waiting.opened, record, seal)
    assert waiting.case.status == "pending_approval"
    waiting.opened.ledger.append(LATER, "approved", waiting.ours, sealed(record, seal))
    refused(waiting.opened, "does not go on")
    assert approve(staging.opened, record, seal).champion.version == record.version


def test_nor_do_a_rollback_and_new_rules_of_a_staging_copy(waiting: Waiting, staging: Waiting, keys: Keys) -> None:
    for one in (waiting, staging):
        record = requested(one.opened, draft_approval(one.opened, one.ours, decision(ADA)))
        approve(one.opened, record, keys.seal(ADA, record))
    back = requested(staging.opened, draft_rollback(staging.opened, None, decision(BOB)))
    with pytest.raises(ChurnopsError):
        roll_back(waiting.opened, back, keys.seal(BOB, back))
    for one in (waiting, staging):
        configure(one.opened, keys.line(BOB), mode="signed")
    rules = requested(staging.opened, draft_trust(staging.opened, decision(BOB)))
    with pytest.raises(ChurnopsError):
        trust_now(waiting.opened, rules, keys.seal(BOB, rules))


def test_a_signature_for_another_workspace_deploys_nothing(waiting: Waiting, keys: Keys) -> None:
    sign_from_now_on(waiting.opened, keys)
    record = draft_approval(waiting.opened, waiting.ours, decision(ADA)).model_copy(update={"workspace": "0" * 32})
    with pytest.raises(IntegrityError, match="made for another workspace"):
        approve(waiting.opened, record, keys.seal(ADA, record))


def test_later_rows_do_not_void_a_request(waiting: Waiting, keys: Keys) -> None:
    sign_from_now_on(waiting.opened, keys)
    record = requested(waiting.opened, draft_approval(waiting.opened, waiting.ours, decision(ADA)))
    waiting.opened.ledger.append(LATER, "verified", None, {})
    assert approve(waiting.opened, record, keys.seal(ADA, record)).champion.digest == record.digest
    assert verify(waiting.opened).ok


def test_two_workspaces_have_two_ids(waiting: Waiting, fresh: Opened) -> None:
    one, other = (read_authority(opened.ledger).workspace_id for opened in (waiting.opened, fresh))
    assert len(one) == len(other) == 32
    assert one != other
    assert require_champion(waiting.opened.workspace, waiting.opened.ledger)
