"""The only code that moves the champion. Reached by a person's commands alone; import contracts keep tools and operators out."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection

from pipeline.atomic_files import write_atomically
from pipeline.errors import ChurnopsError, IntegrityError
from pipeline.models.artifact import open_artifact
from pipeline.record.authority import read_authority
from pipeline.record.champion import Champion, champion_of, read_pointer
from pipeline.record.entry import Entry
from pipeline.record.ledger import MOVES, Ledger
from pipeline.record.opened_workspace import Opened


def record_move(
    connection: Connection,
    ledger: Ledger,
    kind: Literal["deployed", "rolled_back"],
    *,
    version: str,
    digest: str,
    after: str | None,
    case_id: str | None,
    at: datetime,
    record: Mapping[str, Any],
) -> Entry:
    """Write down that an artifact becomes the champion, inside the caller's write transaction; `finish_move` then does it.

    `record` joins the row (who, why, by which approval); `after` is the hash of the row that made the champion it replaces.

    Raises:
        ChurnopsError: the newest such row is another one (None: there is one).
    """
    head = ledger.last_in(connection, MOVES)
    if (head.hash if head else None) != after:
        raise ChurnopsError("The champion moved in this very moment.", "See `churnops reports list`, then decide again.")
    body = {**record, "version": version, "digest": digest, "replaces": head.body["digest"] if head else None}
    return ledger.append_in(connection, at, kind, case_id, body)


def finish_move(opened: Opened) -> Champion:
    """Point at the champion that the ledger's newest deploy or rollback names; doing it again changes nothing.

    Raises:
        IntegrityError: there is none, or its artifact's bytes changed: the pointer stays where it is then.
    """
    with opened.ledger.held():  # so that a later move is never overwritten by one that was slow
        head = opened.ledger.last(MOVES)
        champion = champion_of(head) if head else None
        if head is None or champion is None:
            raise IntegrityError("The ledger deployed nothing yet.", "Run `churnops train` first.")
        if read_pointer(opened.workspace) != champion:
            read_authority(opened.ledger)
            open_artifact(opened.workspace, champion.digest)
            write_atomically(opened.workspace.champion_pointer, champion.model_dump_json(indent=2).encode() + b"\n")
    return champion


def mirror_champion(opened: Opened, champion: Champion) -> str | None:
    """Let MLflow's alias follow; returns what went wrong, or None.

    MLflow is a mirror: when it cannot be written, the champion has moved all the same, and the next command tries again.
    """
    from pipeline.record.mlflow_mirror import mirrored, note_mirrored, set_champion

    if opened.workspace.shared is not None:  # no mirror is kept there
        return None
    if mirrored(opened.workspace) == champion.ledger_hash:
        return None
    try:
        set_champion(opened.workspace, champion.version)
    except Exception as error:  # whatever MLflow, its store or the disk raise
        return f"MLflow's alias does not follow yet ({type(error).__name__}); the next command tries again."
    note_mirrored(opened.workspace, champion.ledger_hash)
    return None
