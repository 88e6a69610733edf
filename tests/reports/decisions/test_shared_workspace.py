"""Hosts that share no disk: what one of them brings, puts, saves or restores harms nothing that another has written meanwhile."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.errors import IntegrityError, SettingsError, WorkspaceError
from pipeline.models.shared_models import bring_model
from pipeline.record.ledger import Ledger
from pipeline.record.opened_workspace import Opened
from pipeline.workspace.shared_files import SharedFiles
from prompts import policy_text
from reports.decisions import backup, moving, restoration
from reports.decisions.backup import back_up
from reports.decisions.forgetting import known_of
from reports.decisions.moving import move
from reports.decisions.restoration import restore
from reports.decisions.shared_workspace import bring_all, put_all
from tests.conftest import Clock
from tests.memory_store import memory_store
from tests.reports.waiting import LATER, Waiting


@pytest.fixture
def store() -> SharedFiles:
    return memory_store("b")


@pytest.fixture
def sharing(waiting: Waiting, store: SharedFiles) -> Opened:
    """The workspace with two cases, on one of the hosts that share `store`."""
    return replace(waiting.opened, workspace=replace(waiting.opened.workspace, shared=store))


def test_a_backup_has_the_files_of_rows_that_another_host_wrote_while_it_was_made(
    sharing: Opened, waiting: Waiting, store: SharedFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_all(sharing.workspace, store)
    elsewhere, real, report = Ledger(sharing.state, tmp_path / "other.jsonl"), backup._write, b"# written on the other host\n"

    def meanwhile(*told: object) -> object:
        made = real(*told)  # type: ignore[arg-type]
        if not (tmp_path / "other.jsonl").exists():
            digest = hashlib.sha256(report).hexdigest()
            store.put_first(f"reports/{waiting.other}.{digest}", report)
            case = sharing.cases.get(waiting.other)
            assert case.report is not None
            with sharing.state.write() as connection:
                named = case.report.model_copy(update={"sha256": digest})
                sharing.cases.move_in(connection, case.case_id, (case.status,), report=named)
            body = {"report": digest, "status": case.status, "action": case.action, "people": []}
            elsewhere.append(LATER, "reported", case.case_id, body)
        return made

    monkeypatch.setattr(backup, "_write", meanwhile)
    manifest = back_up(sharing, tmp_path / "b.tgz")
    assert manifest.files[f".churnops/reports/{waiting.other}.md"].sha256 == hashlib.sha256(report).hexdigest()
    assert restore(tmp_path / "b.tgz", tmp_path / "there", policy_text(), Clock(LATER), manifest.head).ok


def test_a_transcript_never_gives_way_to_a_shorter_one(sharing: Opened, waiting: Waiting, store: SharedFiles) -> None:
    here = sharing.workspace.transcripts / f"{waiting.ours}.jsonl"
    here.parent.mkdir(exist_ok=True)
    name = f"transcripts/{here.name}"
    store.put_first(name, b"1\n")
    here.write_bytes(b"1\n2\n")  # a run at work, between two turns
    at_work = here.stat().st_ino
    bring_all(sharing)
    assert (here.read_bytes(), here.stat().st_ino) == (b"1\n2\n", at_work)
    put_all(sharing.workspace, store)
    assert store.get(name) == b"1\n2\n"
    here.write_bytes(b"1\n")  # another host went on
    put_all(sharing.workspace, store)
    assert store.get(name) == b"1\n2\n"
    bring_all(sharing)
    assert here.read_bytes() == b"1\n2\n"


def test_a_workspace_in_postgresql_puts_its_files_in_a_store_and_reads_them_back(
    waiting: Waiting, store: SharedFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moving, "SharedFiles", lambda _: store)
    with pytest.raises(SettingsError, match="not said where to"):
        move(waiting.opened, artifact_url="s3://b/team")  # its state is in SQLite
    there = replace(waiting.opened, settings=waiting.opened.settings.model_copy(update={"database_url": "postgresql://host/name"}))
    moved = move(there, artifact_url="s3://b/team")
    assert (moved.to, moved.tables, moved.files > 3) == ("s3://b/team", (), True)
    assert {name.split("/")[1] for name in store.names("models")} == {path.name for path in waiting.opened.workspace.models.iterdir()}
    taken = SharedFiles.get_folder

    def changed(shared: SharedFiles, name: str, folder: Path) -> None:
        taken(shared, name, folder)
        (folder / "metrics.json").write_bytes(b"{}")

    monkeypatch.setattr(SharedFiles, "get_folder", changed)
    with pytest.raises(IntegrityError, match="as it was put there"):
        move(there, artifact_url="s3://b/team")


def test_who_is_to_be_forgotten_may_stand_in_the_folder_of_each_host(sharing: Opened) -> None:
    assert any(".churnops of each other host" in said for said in known_of(sharing, "C-1").elsewhere)


def test_a_digest_of_the_database_does_not_lead_out_of_the_folder(sharing: Opened, store: SharedFiles, tmp_path: Path) -> None:
    outside = tmp_path / "victim"
    store.put_first("models/../victim", b"x")
    for digest in ("../../../victim", str(outside), "", "A" * 64):
        with pytest.raises(IntegrityError, match="not the digest of a model"):
            bring_model(sharing.workspace, digest)
    assert not outside.exists()


def test_a_restore_that_fails_leaves_what_it_did_not_put_there(waiting: Waiting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    back_up(waiting.opened, tmp_path / "b.tgz")
    for ready in (False, True):
        folder, real = tmp_path / f"ready-{ready}", restoration._verified
        if ready:
            folder.mkdir()

        def meanwhile(*told: object, folder: Path = folder, real: object = real) -> object:
            folder.mkdir(exist_ok=True)
            (folder / "churnops.toml").write_text("another's")
            return real(*told)  # type: ignore[operator]

        with monkeypatch.context() as patched:
            patched.setattr(restoration, "_verified", meanwhile)
            with pytest.raises(WorkspaceError, match="in use"):
                restore(tmp_path / "b.tgz", folder, policy_text(), Clock(LATER))
        assert {path.name: path.read_text() for path in folder.iterdir()} == {"churnops.toml": "another's"}
