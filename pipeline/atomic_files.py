"""Writing files so that a reader, or a killed process, only ever sees the old or the new bytes; and their digests."""

import hashlib
import os
import tempfile
from pathlib import Path


def write_atomically(path: Path, content: bytes, *, mode: int = 0o644) -> None:
    """Replace `path` with `content`: temporary file beside it, fsync, rename, fsync of the folder. `mode` is who may read it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        os.fchmod(handle, mode)  # mkstemp makes it private; reports and the pointer are read by serving and by colleagues
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make a rename in `folder` survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def digest_of_file(path: Path) -> str:
    """sha256 of one file's bytes, in hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def digest_of_folder(folder: Path) -> str:
    """sha256 over every file of a folder: sorted relative names with each file's own sha256, in hex.

    A file added, removed, renamed or changed anywhere below changes it. Links are not followed but refused.

    Raises:
        ValueError: the folder holds something that is neither a plain file nor a folder.
    """
    lines = []
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise ValueError(f"{path} is neither a plain file nor a folder")
        if path.is_file():
            lines.append(f"{path.relative_to(folder).as_posix()}\0{digest_of_file(path)}\n")
    return hashlib.sha256("".join(lines).encode()).hexdigest()
