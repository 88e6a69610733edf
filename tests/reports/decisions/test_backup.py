"""A backup is of one moment although the workspace is at work, and nothing is restored that is not as it was written."""

import hashlib
import json
import shutil
import stat
import tarfile
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import create_engine, func, inspect, select, text

from pipeline.canonical_json import canonical
from pipeline.errors import ChurnopsError, DataError, IntegrityError, WorkspaceError
from pipeline.record.champion import open_champion
from pipeline.record.opened_workspace import open_workspace
from pipeline.state.database import predictions
from prompts import policy_text
from reports.decisions import backup, restoration
from reports.decisions.restoration import restore
from tests.conftest import Clock
from tests.memory_store import memory_store
from tests.postgres import postgres_server
from tests.reports.waiting import LATER, Waiting, approve_case

EARLIER = "2026-11-01T00:00:00.000000+00:00"


def log_rows(waiting: Waiting, number: int) -> None:
    row = {"id": "C-1", "predicted_at": EARLIER, "model_version": "1", "score": 0.5, "features": {}}
    with waiting.opened.state.write() as connection:
        connection.execute(predictions.insert(), [row] * number)


def restored(file: Path, folder: Path, head: str = "") -> None:
    restore(file, folder, policy_text(), Clock(LATER), head)


def test_what_is_restored_serves_and_decides_as_the_original_does(waiting: Waiting, tmp_path: Path) -> None:
    log_rows(waiting, 3)
    file = tmp_path / "backup.tgz"
    manifest = backup.back_up(waiting.opened, file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert not [name for name in manifest.files if "page/" in name or "staging" in name]
    approve_case(waiting.opened, waiting.ours)
    restored(file, tmp_path / "elsewhere", manifest.head)
    there = open_workspace(tmp_path / "elsewhere", policy_text(), Clock(LATER))
    try:
        assert open_champion(there)[0].version == "1"
        assert there.cases.get(waiting.ours).status == "pending_approval"
        assert approve_case(there, waiting.ours).version == open_champion(waiting.opened)[0].version
        with there.state.read() as connection:
            assert connection.execute(select(func.count()).select_from(predictions)).scalar() == 3
    finally:
        there.state.close()


def test_what_the_settings_name_is_saved_or_named_and_a_model_is_saved_whole(waiting: Waiting, tmp_path: Path) -> None:
    root = waiting.opened.workspace.root
    model = root / ".churnops" / "models" / ("0" * 64) / "model"
    model.mkdir(parents=True)
    for name in ("uv.lock", ".python-version"):  # as MLflow puts them into a model
        (model / name).write_text("x")
    (root / ".churnops" / "mcp_tokens.json").write_text("{}")
    (root / "kept").mkdir()
    (root / "kept" / "v1.csv").write_text("id\n1\n")
    (root / "log.csv").symlink_to(root / "kept" / "v1.csv")
    (tmp_path / "keys").write_text("secret\n")
    settings = waiting.opened.settings
    named = {
        "predictions": settings.predictions.model_copy(update={"file": "log.csv"}),
        "outcomes": settings.outcomes.model_copy(update={"file": "s3://bucket/known.csv"}),
        "serving": settings.serving.model_copy(update={"api_key_file": "../keys"}),
    }
    opened = replace(waiting.opened, settings=settings.model_copy(update=named))
    (tmp_path / "real.toml").write_bytes((root / "churnops.toml").read_bytes())
    (root / "churnops.toml").unlink()
    (root / "churnops.toml").symlink_to(tmp_path / "real.toml")  # as a mounted file is
    manifest = backup.back_up(opened, tmp_path / "backup.tgz")
    below = f".churnops/models/{'0' * 64}/model"
    assert {"churnops.toml", "log.csv", f"{below}/uv.lock", f"{below}/.python-version"} <= set(manifest.files)
    assert not [name for name in manifest.files if "tokens" in name or ".." in name]
    assert set(manifest.elsewhere) == {"s3://bucket/known.csv", str(root.parent / "keys")}


def test_a_folder_that_was_made_ready_stays_itself(waiting: Waiting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    backup.back_up(waiting.opened, tmp_path / "backup.tgz")
    ready = tmp_path / "ready"
    ready.mkdir()
    ready.chmod(0o2770)
    itself = ready.stat().st_ino
    monkeypatch.chdir(ready)
    restored(tmp_path / "backup.tgz", Path())
    assert (ready.stat().st_ino, stat.S_IMODE(ready.stat().st_mode)) == (itself, 0o2770)
    assert sorted(path.name for path in ready.iterdir() if path.name.startswith(".")) == [".churnops"]


def test_writers_do_not_wait_for_it_and_a_ledger_that_goes_on_makes_it_begin_again(
    waiting: Waiting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, rounds = backup.take_snapshot, []

    def with_work(state: object, file: Path) -> None:
        writer = threading.Thread(target=log_rows, args=(waiting, 1))
        writer.start()
        real(waiting.opened.state, file)
        writer.join(10)
        assert not writer.is_alive()
        if not rounds:  # a person decides while files are copied
            approve_case(waiting.opened, waiting.ours)
        rounds.append(file)

    monkeypatch.setattr(backup, "take_snapshot", with_work)
    manifest = backup.back_up(waiting.opened, tmp_path / "backup.tgz")
    assert len(rounds) == 2
    restored(tmp_path / "backup.tgz", tmp_path / "elsewhere", manifest.head)
    monkeypatch.setattr(
        backup, "take_snapshot", lambda state, file: (waiting.opened.ledger.append(LATER, "verified", None, {}), real(state, file))
    )
    with pytest.raises(ChurnopsError, match="went on each time"):
        backup.back_up(waiting.opened, tmp_path / "never.tgz")
    assert {path.name for path in tmp_path.iterdir() if path.is_file()} == {"backup.tgz"}


def rewritten(file: Path, name: str, content: bytes | None) -> Path:
    """The backup with one member replaced, or without it, and a manifest that says so."""
    room = file.parent / "unpacked"
    with tarfile.open(file) as archive:
        archive.extractall(room, filter="data")
    manifest = json.loads((room / backup.MANIFEST).read_text())
    if content is None:
        (room / name).unlink()
        del manifest["files"][name]
    else:
        (room / name).write_bytes(content)
        manifest["files"][name] = backup.BackupFile(sha256=hashlib.sha256(content).hexdigest(), size=len(content)).model_dump()
    (room / backup.MANIFEST).write_text(canonical(manifest))
    with tarfile.open(file, "w:gz", compresslevel=1) as archive:
        for path in sorted(room.rglob("*")):
            if path.is_file():
                archive.add(path, path.relative_to(room).as_posix())
    shutil.rmtree(room)
    return file


@pytest.mark.slow
def test_a_forged_backup_restores_nothing(waiting: Waiting, tmp_path: Path) -> None:
    file, place = tmp_path / "backup.tgz", tmp_path / "elsewhere"
    backup.back_up(waiting.opened, file)
    whole = file.read_bytes()
    digest = open_champion(waiting.opened)[0].digest
    ledger = waiting.opened.workspace.ledger_mirror.read_bytes()
    for name, content in (
        (f".churnops/models/{digest}/metrics.json", b"{}"),
        (".churnops/ledger.jsonl", ledger.replace(b"deployed", b"rejected", 1)),
        (f".churnops/reports/{waiting.ours}.md", None),
    ):
        file.write_bytes(whole)
        with pytest.raises(IntegrityError, match="does not verify"):
            restored(rewritten(file, name, content), place)
    for bad in (whole[:-2000], whole[: len(whole) // 2], b"", whole[:5000] + b"\0" * 64 + whole[5064:]):
        file.write_bytes(bad)
        with pytest.raises(DataError, match="backup"):
            restored(file, place)
    file.write_bytes(whole)
    with pytest.raises(IntegrityError, match="Row 99"):
        restored(file, place, "99:" + "0" * 64)
    with pytest.raises(WorkspaceError, match="in use"):
        restored(file, waiting.opened.workspace.root)
    assert not place.exists()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".churnops")] == []


def test_no_member_leaves_the_folder(tmp_path: Path) -> None:
    file, secret = tmp_path / "backup.tgz", tmp_path / "secret"
    secret.write_text("x")
    link = tarfile.TarInfo("churnops.toml")
    link.type, link.linkname = tarfile.SYMTYPE, str(secret)
    for member in (tarfile.TarInfo("../outside"), tarfile.TarInfo("/absolute"), link):
        with tarfile.open(file, "w:gz") as archive:
            archive.addfile(member)
        with pytest.raises(DataError, match="no backup"):
            restored(file, tmp_path / "elsewhere")
    assert {path.name for path in tmp_path.iterdir()} == {"backup.tgz", "secret"}


@pytest.mark.slow
def test_a_restore_that_fails_on_the_way_leaves_neither_folder_nor_state(
    waiting: Waiting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, put = tmp_path / "backup.tgz", restoration._put
    backup.back_up(waiting.opened, file)
    with postgres_server() as url:
        monkeypatch.setenv("CHURNOPS_DATABASE_URL", url)
        engine = create_engine(url)

        def cut_off(made: Path, folder: Path, placed: list[Path], *, there: bool) -> None:
            put(made, folder, placed, there=there)
            with engine.begin() as connection:
                connection.execute(
                    text("select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and xact_start is not null")
                )

        (tmp_path / "ready").mkdir()
        with monkeypatch.context() as unlucky:
            unlucky.setattr(restoration, "_put", cut_off)
            for name in ("elsewhere", "ready"):
                with pytest.raises(WorkspaceError, match="does not answer"):
                    restored(file, tmp_path / name)
                assert inspect(engine).get_table_names() == []
        assert not (tmp_path / "elsewhere").exists()
        assert list((tmp_path / "ready").iterdir()) == []
        restored(file, tmp_path / "ready")
        there = open_workspace(tmp_path / "ready", policy_text(), Clock(LATER))
        assert approve_case(there, waiting.ours).version == waiting.case.challenger.version  # type: ignore[union-attr]
        there.state.close()
        store = memory_store("b")
        monkeypatch.setenv("CHURNOPS_ARTIFACT_URL", "s3://b/team")
        monkeypatch.setattr(restoration, "SharedFiles", lambda _: store)
        with pytest.raises(WorkspaceError, match="holds the state of a workspace"):
            restored(file, tmp_path / "again")
        assert store.names("models") == {}  # the store is that of the workspace at work
        engine.dispose()
