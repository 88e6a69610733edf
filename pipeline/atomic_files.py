"""Writing files so that a reader, or a killed process, only ever sees the old or the new bytes; and their digests."""

import hashlib
import os
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType


def write_atomically(path: Path, content: bytes, *, mode: int | None = None) -> None:
    """Replace `path` with `content`: temporary file beside it, fsync, rename, fsync of the folder. `mode` is who may read it; None: who may
    read the file that is there, or a new one whoever may read its folder."""
    make_folder(path.parent)
    if mode is None:
        mode = stat.S_IMODE(path.stat().st_mode) & 0o666 if path.is_file() and not path.is_symlink() else mode_below(path.parent)
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


def move_whole(folder: Path, place: Path) -> None:
    """Rename a folder to its place, every byte of it on disk before: what is there is whole.

    Raises:
        OSError: something lies there already.
    """
    for path in (folder, *folder.rglob("*")):
        sync_folder(path)
    make_folder(place.parent)
    folder.rename(place)
    sync_folder(place.parent)


def make_folder(folder: Path) -> None:
    """Make the folder, and those above it, where they are missing; no more open than the one they lie in, and as open where that is a group's."""
    if folder.exists():
        return
    make_folder(folder.parent)
    above = stat.S_IMODE(folder.parent.stat().st_mode)
    folder.mkdir(exist_ok=True)
    folder.chmod(above if above & stat.S_ISGID else stat.S_IMODE(folder.stat().st_mode) & above)


def make_file(path: Path) -> None:
    """Make an empty file where there is none, for whoever may use its folder."""
    make_folder(path.parent)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    os.fchmod(handle, mode_below(path.parent))
    os.close(handle)


def mode_below(folder: Path) -> int:
    """The rights of a new file in `folder`: it is read by whoever may read the folder, and written by the owner and a group that shares it."""
    above = stat.S_IMODE(folder.stat().st_mode)
    return 0o600 | (above & (0o064 if above & stat.S_ISGID else 0o044))


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


def digest_of_folder(folder: Path, held: Mapping[str, bytes] = MappingProxyType({})) -> str:
    """sha256 over every file of a folder: sorted relative names with each file's own sha256, in hex.

    A file added, removed, renamed or changed anywhere below changes it. Links are not followed but refused. What is `held` in memory already, by
    relative name, counts for the file that lies there, so that the bytes that were counted are the bytes that are used.

    Raises:
        ValueError: the folder holds something that is neither a plain file nor a folder.
    """
    lines = []
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise ValueError(f"{path} is neither a plain file nor a folder")
        if path.is_file():
            name = path.relative_to(folder).as_posix()
            digest = hashlib.sha256(held[name]).hexdigest() if name in held else digest_of_file(path)
            lines.append(f"{name}\0{digest}\n")
    return hashlib.sha256("".join(lines).encode()).hexdigest()
