"""Heads of the ledger, kept in a file outside the workspace: what a whole ledger written anew, or one that lost its end, does not fit.

One line per head, `WORKSPACE NUMBER:HASH`; a file serves several workspaces. Whoever may only read it is held by it all the same.
"""

import os
from pathlib import Path

from pipeline.atomic_files import sync_folder
from pipeline.errors import IntegrityError
from pipeline.record.chain import Chain

_MOST_BYTES = 16 << 20


def anchor_line(workspace_id: str, head: str) -> str:
    """The line that keeps `head`."""
    return f"{workspace_id} {head}"


def check_anchor(anchor: Path, workspace_id: str, chain: Chain) -> None:
    """Check that the ledger has every row that the file keeps of it.

    Raises:
        IntegrityError: it lacks one, the file is gone, or it keeps nothing of this workspace.
    """
    kept = _kept(anchor, workspace_id)
    if not kept:
        raise IntegrityError(
            f"The anchor {anchor} has no line of this workspace.",
            f"As the user who owns the file, append: {anchor_line(workspace_id, chain.head)}",
        )
    for head in kept:
        if chain.row_of(head) is None:
            raise IntegrityError(
                f"Row {head.partition(':')[0][:12]} of the ledger is gone, or not the one that the anchor {anchor} keeps.",
                "Find out who wrote to .churnops, and restore it from a backup.",
            )


def note_head(anchor: Path, workspace_id: str, head: str) -> bool:
    """Append the head, synced to disk; False where this user may not write the file, or it is not there."""
    try:
        handle = os.open(anchor, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW)
    except OSError:
        return False
    with os.fdopen(handle, "wb") as stream:
        stream.write(f"{anchor_line(workspace_id, head)}\n".encode())
        stream.flush()
        os.fsync(stream.fileno())
    sync_folder(anchor.parent)
    return True


def _kept(anchor: Path, workspace_id: str) -> tuple[str, ...]:
    try:
        if not anchor.is_file() or anchor.stat().st_size > _MOST_BYTES:
            raise IntegrityError(f"The anchor {anchor} is no file of at most {_MOST_BYTES >> 20} MiB.", "Restore it; docs/approval.md.")
        lines = anchor.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise IntegrityError(f"The anchor {anchor} cannot be read ({error.strerror}).", "Restore it; docs/approval.md.") from error
    return tuple(head.strip() for name, _, head in (line.partition(" ") for line in lines) if name == workspace_id)
