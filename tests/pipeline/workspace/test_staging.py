"""Staging folders end with their work, and never with another's."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.workspace.folder import Workspace
from pipeline.workspace.staging import staging_folder
from tests.checkout import ROOT

KILLED = """
import os, signal, sys
from pathlib import Path
from pipeline.workspace.staging import staging_folder
from pipeline.workspace.folder import Workspace
with staging_folder(Workspace(Path(sys.argv[1]))) as folder:
    (folder / "half.bin").write_bytes(b"half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def folders(workspace: Workspace) -> list[Path]:
    return [path for path in workspace.staging.iterdir() if path.is_dir()]


def test_it_is_removed_on_leaving_with_what_is_in_it(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    with staging_folder(workspace) as folder:
        (folder / "deep").mkdir()
        (folder / "deep" / "file").touch()
    assert folders(workspace) == []


def test_it_is_removed_when_the_work_fails(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    with pytest.raises(RuntimeError), staging_folder(workspace):
        raise RuntimeError
    assert folders(workspace) == []


def test_what_was_moved_out_stays(tmp_path: Path) -> None:
    with staging_folder(Workspace(tmp_path)) as folder:
        (folder / "result").touch()
        (folder / "result").rename(tmp_path / "result")
    assert (tmp_path / "result").exists()


def test_two_at_once_leave_each_other_alone(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    with staging_folder(workspace) as first:
        with staging_folder(workspace) as second:
            assert first != second
            assert first.is_dir()
        assert first.is_dir()


def test_the_next_one_sweeps_what_a_killed_process_left(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    killed = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert len(folders(workspace)) == 1
    with staging_folder(workspace) as fresh:
        assert folders(workspace) == [fresh]
