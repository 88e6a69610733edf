"""Tables in the workspace's folder that a check or a triage may look at: the page offers their names, and takes no other."""

import os
import stat
from pathlib import Path

from pipeline.tables.file_format import kind_of

_DEEPEST, _MOST = 3, 200  # folders below the workspace's, and files that are offered
_LONGEST = 200  # characters of a name
_PATTERN = frozenset("*?[]{}\\")  # a name with these would be read as a pattern, which names other files


def window_files(root: Path) -> tuple[str, ...]:
    """Names of the tables below the folder `root`, from there, sorted. Plain files alone: a link may lead anywhere. Hidden ones, and names that
    do not print or would be patterns, are left out."""
    found: list[str] = []
    for folder, folders, files in os.walk(root):
        here = Path(folder)
        depth = len(here.relative_to(root).parts)
        folders[:] = sorted(name for name in folders if _named_plainly(name)) if depth < _DEEPEST else []
        for name in sorted(files):
            if len(found) == _MOST:
                return tuple(sorted(found))
            if _named_plainly(name) and kind_of(name) is not None and _is_plain_file(here / name):
                found.append((here / name).relative_to(root).as_posix())
    return tuple(sorted(found))


def _named_plainly(name: str) -> bool:
    return not name.startswith((".", "_")) and name.isprintable() and len(name) <= _LONGEST and not _PATTERN & set(name)


def _is_plain_file(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:  # gone meanwhile
        return False
