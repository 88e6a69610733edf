"""A file that a program of this user cannot quietly change: it belongs to somebody else, or is as it was committed to Git."""

import hashlib
import os
import subprocess
from pathlib import Path

from pipeline.errors import IntegrityError

_TIMEOUT_SECONDS = 30


def check_pinned(path: Path) -> None:
    """Check that `path` is out of reach.

    Raises:
        IntegrityError: this user may write it, or replace it in its folder, and it is not the file of the last commit of its repository.
    """
    place = path.resolve()
    if not (_changeable(place) or _changeable(place.parent)) or _as_committed(place):
        return
    raise IntegrityError(
        f"{path} is pinned under [approval], and this user can change it.",
        "Give file and folder to another user, say root, or commit the file to the Git repository it lies in.",
    )


def _changeable(place: Path) -> bool:
    return place.stat().st_uid == os.geteuid() or os.access(place, os.W_OK)


def _as_committed(place: Path) -> bool:
    """Whether the last commit has just these bytes. Only names are resolved: no filter, hook or monitor of the repository runs."""
    command = ["git", "-C", str(place.parent), "rev-parse", "--verify", "--quiet", f"HEAD:./{place.name}"]
    try:
        found = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_TIMEOUT_SECONDS, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired):
        return False
    content = place.read_bytes()
    blob = f"blob {len(content)}\0".encode() + content
    told = found.stdout.strip()
    digests = {hashlib.sha1(blob, usedforsecurity=False).hexdigest(), hashlib.sha256(blob).hexdigest()}  # as git names it, in either format
    return found.returncode == 0 and told in digests
