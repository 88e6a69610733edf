"""Folders for work in progress: gone when the work ends, and swept by the next work when its process was killed."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.atomic_files import make_file
from pipeline.workspace.folder import Workspace

OWNER = "owner.lock"


@contextmanager
def staging_folder(workspace: Workspace) -> Iterator[Path]:
    """A fresh folder below `workspace.staging`, removed on leaving with whatever is still in it.

    Its owner is whoever holds the lock on the file in it. The kernel frees that lock when a process dies, however it dies,
    so unlike a process id it can neither outlive its owner nor be taken for another's.
    """
    make_file(workspace.staging / ".lock")
    # One process at a time sweeps and makes folders, so none is swept between being made and being locked.
    with (workspace.staging / ".lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        _sweep(workspace.staging)
        folder = Path(tempfile.mkdtemp(dir=workspace.staging))
        owner = (folder / OWNER).open("w")
        fcntl.flock(owner, fcntl.LOCK_EX)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        owner.close()


def _sweep(staging: Path) -> None:
    for folder in staging.iterdir():
        if folder.is_dir() and _abandoned(folder):
            shutil.rmtree(folder, ignore_errors=True)


def _abandoned(folder: Path) -> bool:
    try:
        handle = os.open(folder / OWNER, os.O_RDWR)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(handle)
    return True
