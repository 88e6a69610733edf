"""Files that churnops keeps for itself: plain ones, read within bounds. A link would lead elsewhere, a pipe would keep whoever opens it waiting."""

import errno
import os
import stat
from pathlib import Path

from pipeline.errors import IntegrityError

_OTHERS = (errno.ELOOP, errno.EISDIR, errno.ENXIO)  # what `open` says of links, folders, and pipes and sockets without another end


def open_own(path: Path, flags: int = os.O_RDONLY) -> int:
    """A handle of the file, opened with `flags`.

    Raises:
        FileNotFoundError: there is none.
        IntegrityError: what lies there is no plain file.
    """
    try:
        handle = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        if error.errno in _OTHERS:
            raise _not_plain(path) from error
        raise
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise _not_plain(path)
    return handle


def read_own(path: Path, most: int) -> bytes:
    """All bytes of the file.

    Raises:
        FileNotFoundError: there is none.
        IntegrityError: what lies there is no plain file, or one of more than `most` bytes.
    """
    with os.fdopen(open_own(path), "rb") as stream:
        content = stream.read(most + 1)
    if len(content) > most:
        raise IntegrityError(f"{path} is larger than churnops writes it.", "Find out who wrote it, and restore it from a backup.")
    return content


def require_no_link(path: Path) -> Path:
    """`path`, if what lies there is no link.

    Raises:
        IntegrityError: it is one.
    """
    if path.is_symlink():
        raise _not_plain(path)
    return path


def _not_plain(path: Path) -> IntegrityError:
    return IntegrityError(
        f"{path} is no plain file, and churnops makes no other.", "Find out who put it there, move it away, and restore it from a backup."
    )
