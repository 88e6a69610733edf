"""What lies where churnops keeps a file of its own is read if it is a plain file of the size it can have; else it is refused at once."""

import os
import socket
from pathlib import Path

import pytest

from pipeline.errors import IntegrityError
from pipeline.own_file import open_own, read_own

ODD = ("pipe", "link", "link to a device", "folder", "socket")


def put_odd(place: Path, kind: str) -> None:
    """Instead of what lies there, something that is no plain file."""
    place.unlink(missing_ok=True)
    if kind == "pipe":
        os.mkfifo(place)
    elif kind == "folder":
        place.mkdir()
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(str(place.relative_to(Path.cwd())))  # a socket's path must be short
    else:
        place.symlink_to("/dev/zero" if kind == "link to a device" else place.with_name("elsewhere"))


@pytest.mark.parametrize("flags", [os.O_RDONLY, os.O_WRONLY | os.O_APPEND], ids=["read", "append"])
@pytest.mark.parametrize("kind", ODD)
def test_what_is_no_plain_file_is_refused_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, flags: int) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "elsewhere").write_text("others'")
    put_odd(tmp_path / "own", kind)
    with pytest.raises(IntegrityError, match="is no plain file"):
        open_own(tmp_path / "own", flags)
    assert (tmp_path / "elsewhere").read_text() == "others'"


def test_no_more_is_read_than_there_can_be(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.write_bytes(b"12345")
    assert read_own(own, 5) == b"12345"
    with pytest.raises(IntegrityError, match="larger than churnops writes it"):
        read_own(own, 4)
    with pytest.raises(FileNotFoundError):
        read_own(tmp_path / "none", 5)
