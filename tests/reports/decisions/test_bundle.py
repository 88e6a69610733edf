"""A case travels in one file: what was exported can be reviewed and signed elsewhere, and nothing else gets in."""

import json
import os
import stat
import struct
import zipfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from pipeline.canonical_json import canonical
from pipeline.errors import ChurnopsError, DataError, IntegrityError, WorkspaceError
from pipeline.record.champion import open_champion
from pipeline.record.entry import FIRST, Entry
from pipeline.record.opened_workspace import open_workspace
from pipeline.workspace.settings import read_settings
from prompts import policy_text
from reports.decisions import bundle
from reports.decisions.approval import approve, draft_approval
from reports.decisions.bundle import MANIFEST, export_case
from reports.decisions.review_copy import accept_bundle
from reports.decisions.sealing import require_no_copy
from reports.decisions.workspace_health import workspace_health
from tests.conftest import Clock
from tests.reports.signers import ADA, BOB, Keys, decision, make_keys, sign_from_now_on
from tests.reports.waiting import LATER, Waiting

Members = dict[str, bytes]


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return make_keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture
def exported(waiting: Waiting, tmp_path: Path) -> Path:
    file = tmp_path / "case.zip"
    export_case(waiting.opened, waiting.ours, file)
    return file


def accept(file: Path, folder: Path) -> object:
    return accept_bundle(file, folder, policy_text(), Clock(LATER))


def members(file: Path) -> Members:
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def written(file: Path, held: Members, kinds: dict[str, int] | None = None) -> Path:
    """The members as a bundle, its manifest made to fit them."""
    manifest = json.loads(held[MANIFEST])
    manifest["files"] = {
        name: {"sha256": sha256(content).hexdigest(), "size": len(content)} for name, content in held.items() if name != MANIFEST
    }
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in {**held, MANIFEST: json.dumps(manifest).encode()}.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = (kinds or {}).get(name, stat.S_IFREG | 0o644) << 16
            archive.writestr(info, content)
    return file


def test_the_same_case_gives_the_same_bytes(waiting: Waiting, exported: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.zip"
    export_case(waiting.opened, waiting.ours, again)
    assert again.read_bytes() == exported.read_bytes()
    with pytest.raises(ChurnopsError, match="exists already"):
        export_case(waiting.opened, waiting.ours, again)


def test_a_second_person_signs_the_copy_and_the_signature_counts_at_home(waiting: Waiting, keys: Keys, tmp_path: Path) -> None:
    sign_from_now_on(waiting.opened, keys, require_second_person=True)  # Bob trained it
    file, folder = tmp_path / "case.zip", tmp_path / "elsewhere"
    export_case(waiting.opened, waiting.ours, file)
    accept(file, folder)
    there = open_workspace(folder, policy_text(), Clock(LATER), "ada")
    champion, artifact = open_champion(there)
    assert champion == open_champion(waiting.opened)[0]
    with pytest.raises(IntegrityError, match="its models are not loaded"):
        artifact.scores(artifact.reference().head(1))
    assert there.ledger.entries() == waiting.opened.ledger.entries()
    with pytest.raises(ChurnopsError, match="second person"):
        draft_approval(there, waiting.ours, decision(BOB))
    record = draft_approval(there, waiting.ours, decision(ADA))
    report = there.cases.get(waiting.ours).report
    assert report is not None and Path(report.path).read_bytes() == waiting.report.read_bytes()
    there.ledger.append(LATER, "verified", None, {})  # the copy's own rows are nothing to its origin
    assert draft_approval(there, waiting.ours, decision(ADA)) == record
    with pytest.raises(ChurnopsError, match="is a copy for review"):
        approve(there, record, keys.seal(ADA, record))
    there.state.close()
    waiting.opened.ledger.append(LATER, "verified", None, {})  # nor do later rows at home void it
    champion = approve(waiting.opened, record, keys.seal(ADA, record)).champion
    assert champion.digest == waiting.artifact.name


def test_a_copy_takes_no_settings_that_run_send_or_read(waiting: Waiting, tmp_path: Path) -> None:
    file, folder = tmp_path / "case.zip", tmp_path / "elsewhere"
    settings = waiting.opened.workspace.settings_file
    text = settings.read_text()
    for old, new in (
        ('command = ""', 'command = "touch evil"'),
        ('\nbase_url = ""', '\nbase_url = "https://evil.example"'),
        ("# claude =", "claude = true "),
    ):
        assert old in text, old
        text = text.replace(old, new)
    settings.write_text(text + "\n[policy.gate]\nmin_roc_auc = 0.71\n" if "[policy.gate]" not in text else text)
    export_case(waiting.opened, waiting.ours, file)
    accept(file, folder)
    found = read_settings(folder / "churnops.toml")
    assert (found.training.command, found.operator.base_url, found.operator.claude) == ("", "", None)
    assert found.data.columns == waiting.opened.settings.data.columns
    assert not (folder / found.data.file).exists()
    assert found.policy == read_settings(settings).policy


def test_rolling_back_and_new_rules_are_not_for_a_copy(waiting: Waiting, exported: Path, tmp_path: Path) -> None:
    accept(exported, tmp_path / "elsewhere")
    there = open_workspace(tmp_path / "elsewhere", policy_text(), Clock(LATER), "ada")
    with pytest.raises(ChurnopsError, match="is a copy for review"):
        require_no_copy(there)
    assert {finding.name: finding.state for finding in workspace_health(there)}["champion"] == "note"
    there.state.close()


def test_a_folder_in_use_is_left_alone(exported: Path, tmp_path: Path) -> None:
    folder = tmp_path / "used"
    folder.mkdir()
    (folder / "mine").touch()
    with pytest.raises(WorkspaceError, match="is in use"):
        accept(exported, folder)
    assert [path.name for path in folder.iterdir()] == ["mine"]


def changed(name: str) -> Callable[[Members], None]:
    def change(held: Members) -> None:
        key = next(key for key in held if name in key)
        held[key] = held[key][:-2] + bytes([held[key][-2] ^ 1]) + held[key][-1:]

    return change


def with_member(name: str) -> Callable[[Members], None]:
    return lambda held: held.update({name: b"x"})


def rewritten(name: str, old: bytes, new: bytes) -> Callable[[Members], None]:
    def change(held: Members) -> None:
        assert old in held[name]
        held[name] = held[name].replace(old, new)

    return change


HOSTILE: dict[str, Callable[[Members], object]] = {
    "upwards": with_member("../evil"),
    "upwards below": with_member("models/" + "a" * 64 + "/../../evil"),
    "absolute": with_member("/tmp/evil"),
    "backslashes": with_member("models\\..\\evil"),
    "another place": with_member(".churnops/champion"),
    "a hidden file": with_member("models/" + "a" * 64 + "/.pth"),
    "an artifact more": with_member("models/" + "a" * 64 + "/file"),
    "report": changed("report.md"),
    "model": changed("model.pkl"),
    "metrics": changed("metrics.json"),
    "ledger": rewritten("ledger.jsonl", b'"reported"', b'"reportex"'),
    "ledger cut": lambda held: held.update({"ledger.jsonl": held["ledger.jsonl"].rsplit(b"\n", 2)[0] + b"\n"}),
    "no ledger": lambda held: held.pop("ledger.jsonl"),
    "a key twice": lambda held: held.update({"case.json": b'{"case":{},' + held["case.json"][1:]}),
    "no case": lambda held: held.update({"case.json": b"[]"}),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_bundle_that_somebody_changed_is_refused_and_leaves_nothing(exported: Path, tmp_path: Path, what: str) -> None:
    held = members(exported)
    HOSTILE[what](held)
    file = written(tmp_path / "hostile.zip", held)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(DataError):
        accept(file, tmp_path / "copy")
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("case_id", ["../../../outside", "/tmp/outside", "reports\\outside", "a\nb", "", ".."])
def test_a_case_whose_id_is_a_path_gets_nowhere(waiting: Waiting, exported: Path, tmp_path: Path, case_id: str) -> None:
    """Whoever makes a bundle can make its ledger fit; the id becomes the name of a file."""
    held, theirs = members(exported), waiting.ours
    for name in ("case.json", MANIFEST):
        held[name] = held[name].replace(json.dumps(theirs).encode(), json.dumps(case_id).encode())
    rows, previous = [], FIRST
    for line in held["ledger.jsonl"].decode().splitlines():
        row = json.loads(line) | {"previous": previous}
        entry = Entry(**row | ({"case_id": case_id} if row["case_id"] == theirs else {}))
        entry = entry.model_copy(update={"hash": entry.expected_hash})
        rows, previous = [*rows, canonical(entry.model_dump())], entry.hash
    held["ledger.jsonl"] = "".join(f"{row}\n" for row in rows).encode()
    manifest = json.loads(held[MANIFEST]) | {"head": f"{len(rows)}:{previous}"}
    file = written(tmp_path / "hostile.zip", held | {MANIFEST: json.dumps(manifest).encode()})
    (outside := tmp_path / "outside.md").write_text("mine")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(DataError, match="no bundle"):
        accept(file, tmp_path / "copy")
    assert sorted(tmp_path.rglob("*")) == before
    assert outside.read_text() == "mine"


def test_links_devices_and_a_second_file_of_a_name_are_refused(exported: Path, tmp_path: Path) -> None:
    held = members(exported)
    for kind in (stat.S_IFLNK, stat.S_IFIFO, stat.S_IFDIR, stat.S_IFCHR):
        file = written(tmp_path / f"{kind}.zip", held, {"report.md": kind | 0o777})
        with pytest.raises(DataError, match="not a plain file"):
            accept(file, tmp_path / "copy")
    twice = written(tmp_path / "twice.zip", held)
    with zipfile.ZipFile(twice, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("report.md", b"another")
    with pytest.raises(DataError, match="same name"):
        accept(twice, tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def test_too_much_is_refused_before_it_is_unpacked(exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "MOST_BYTES", 1000)
    with pytest.raises(DataError, match="larger than"):
        accept(exported, tmp_path / "copy")
    monkeypatch.setattr(bundle, "MOST_BYTES", 2 << 30)
    monkeypatch.setattr(bundle, "_READ_WHOLE", {"ledger.jsonl": 1000})
    with pytest.raises(DataError, match=r"ledger\.jsonl is larger"):
        accept(exported, tmp_path / "copy")
    monkeypatch.setattr(bundle, "MOST_FILES", 2)
    with pytest.raises(DataError, match="too many"):
        accept(exported, tmp_path / "copy")
    monkeypatch.setattr(bundle, "_DIRECTORY_BYTES", 100)
    with pytest.raises(DataError, match="list of files is too large"):
        accept(exported, tmp_path / "copy")


def test_a_member_that_lies_about_its_size_is_not_read_to_its_end(exported: Path, tmp_path: Path) -> None:
    content = bytearray(exported.read_bytes())
    size = len(members(exported)["report.md"])
    at = content.rfind(b"PK\x01\x02", 0, content.rfind(b"report.md"))
    assert struct.unpack_from("<I", content, at + 24)[0] == size
    struct.pack_into("<I", content, at + 24, size - 1)
    exported.write_bytes(content)
    with pytest.raises(DataError):
        accept(exported, tmp_path / "copy")


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x05\x06" + bytes(18)])
def test_what_is_no_bundle_is_said_to_be_none(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "file"
    file.write_bytes(content)
    with pytest.raises(DataError):
        accept(file, tmp_path / "copy")


MODEL = f"models/{'a' * 64}"
NO_NAMES = {
    "a file that is a folder as well": {f"{MODEL}/a": b"x", f"{MODEL}/a/b": b"y"},
    "a name longer than a file's": {f"{MODEL}/{'n' * 300}": b"x"},
    "folders without end": {f"{MODEL}{'/d' * 3_000}": b"x"},
}


@pytest.mark.parametrize("case", NO_NAMES)
def test_names_that_no_folder_can_hold_are_no_bundle(exported: Path, tmp_path: Path, case: str) -> None:
    with pytest.raises(DataError, match="This is no whole bundle"):
        accept(written(tmp_path / "changed.zip", {**members(exported), **NO_NAMES[case]}), tmp_path / "elsewhere")
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("settings", [b"x = " + b"[" * 60_000, b"a" + b".a" * 20_000 + b" = 1", b"\xff", b"[data"])
def test_settings_that_cannot_be_read_are_told(exported: Path, tmp_path: Path, settings: bytes) -> None:
    with pytest.raises(DataError, match="The settings in the bundle are no TOML"):
        accept(written(tmp_path / "changed.zip", {**members(exported), "churnops.toml": settings}), tmp_path / "elsewhere")
    assert not (tmp_path / "elsewhere").exists()


def test_a_pipe_is_no_bundle(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "case.zip")
    with pytest.raises(DataError, match="is no plain file"):
        accept(tmp_path / "case.zip", tmp_path / "elsewhere")
