"""A file is seen old or new and never half; a folder's digest knows every file in it."""

import os
import stat
from pathlib import Path

import pytest

from pipeline.atomic_files import digest_of_file, digest_of_folder, write_atomically


def folder(root: Path) -> Path:
    (root / "deep").mkdir(parents=True)
    (root / "a").write_bytes(b"1")
    (root / "deep" / "b").write_bytes(b"2")
    return root


def test_a_write_makes_its_folders_and_leaves_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "new" / "folder" / "report.md"
    write_atomically(file, b"one")
    write_atomically(file, b"two")
    assert file.read_bytes() == b"two"
    assert [path.name for path in file.parent.iterdir()] == ["report.md"]


def test_whoever_may_read_a_folder_may_read_what_is_written_in_it(tmp_path: Path) -> None:
    for folder, file in ((0o755, 0o644), (0o750, 0o640), (0o700, 0o600), (0o777, 0o644)):
        tmp_path.chmod(folder)
        (tmp_path / "champion").unlink(missing_ok=True)
        write_atomically(tmp_path / "champion", b"x")
        assert stat.S_IMODE((tmp_path / "champion").stat().st_mode) == file


@pytest.mark.parametrize("step", ["fsync", "replace", "fchmod"])
def test_a_write_that_fails_leaves_the_old_bytes_and_no_litter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    file = tmp_path / "champion"
    file.write_bytes(b"old")

    def fail(*_: object) -> None:
        raise OSError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(os, step, fail)
        with pytest.raises(OSError, match="disk full"):
            write_atomically(file, b"new")
    assert file.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["champion"]


def test_who_reads_meanwhile_keeps_the_old_bytes(tmp_path: Path) -> None:
    file = tmp_path / "champion"
    write_atomically(file, b"old")
    with file.open("rb") as reader:
        write_atomically(file, b"new")
        assert reader.read() == b"old"


def test_a_files_digest_is_its_sha256(tmp_path: Path) -> None:
    (tmp_path / "abc").write_bytes(b"abc")
    assert digest_of_file(tmp_path / "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_the_same_files_have_the_same_digest_wherever_they_lie(tmp_path: Path) -> None:
    assert digest_of_folder(folder(tmp_path / "one")) == digest_of_folder(folder(tmp_path / "two"))


@pytest.mark.parametrize(
    "change",
    [
        lambda root: (root / "a").write_bytes(b"2"),
        lambda root: (root / "c").touch(),
        lambda root: (root / "deep" / "b").unlink(),
        lambda root: (root / "a").rename(root / "c"),
        lambda root: (root / "deep" / "b").rename(root / "b"),
        lambda root: (root / "deep").rename(root / "deeper"),
    ],
)
def test_any_change_of_a_file_changes_the_folders_digest(tmp_path: Path, change: object) -> None:
    root = folder(tmp_path / "root")
    before = digest_of_folder(root)
    assert callable(change)
    change(root)
    assert digest_of_folder(root) != before


def test_two_files_that_swap_their_bytes_are_noticed(tmp_path: Path) -> None:
    root = folder(tmp_path / "root")
    before = digest_of_folder(root)
    (root / "a").write_bytes(b"2")
    (root / "deep" / "b").write_bytes(b"1")
    assert digest_of_folder(root) != before


@pytest.mark.parametrize("make", [lambda path: path.symlink_to("a"), lambda path: path.symlink_to("deep"), lambda path: os.mkfifo(path)])
def test_links_and_pipes_are_refused(tmp_path: Path, make: object) -> None:
    root = folder(tmp_path / "root")
    assert callable(make)
    make(root / "odd")
    with pytest.raises(ValueError, match="neither a plain file nor a folder"):
        digest_of_folder(root)
