"""The only code that moves the champion. Reached by a person's commands alone; import contracts keep tools and operators out."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from pipeline.champion import Champion
from pipeline.errors import IntegrityError
from pipeline.files import write_atomically
from pipeline.ledger import Ledger
from pipeline.workspace import Workspace


def deploy(
    workspace: Workspace, ledger: Ledger, *, version: str, digest: str, case_id: str | None, at: datetime, record: Mapping[str, Any]
) -> Champion:
    """Make an artifact the champion: first the ledger row, then the pointer (atomic), then MLflow's alias as a mirror.

    `record` joins version and digest in the row (who, why, what it replaces).
    """
    ledger.append(at, "deployed", case_id, {**record, "version": version, "digest": digest})
    return finish_deploy(workspace, ledger, case_id)


def record_deploy(
    connection: Connection, ledger: Ledger, *, version: str, digest: str, case_id: str, at: datetime, record: Mapping[str, Any]
) -> None:
    """Only the ledger row of `deploy`, inside the caller's write transaction: what it checks there cannot change before the row."""
    ledger.append_in(connection, at, "deployed", case_id, {**record, "version": version, "digest": digest})


def finish_deploy(workspace: Workspace, ledger: Ledger, case_id: str | None) -> Champion:
    """Complete the deploy of `case_id` whose ledger row is written; doing it again changes nothing.

    Raises:
        IntegrityError: the case has no such row, or a later deploy exists.
    """
    from pipeline.tracking import set_champion

    with ledger.held():  # so that a later deploy is never overwritten by one that was slow
        deployed = [entry for entry in ledger.entries() if entry.kind == "deployed"]
        if not deployed or deployed[-1].case_id != case_id:
            raise IntegrityError(f"Case {case_id} has no unfinished deploy.", "See `churnops reports list`.")
        entry = deployed[-1]
        champion = Champion(version=entry.body["version"], digest=entry.body["digest"], ledger_seq=entry.seq, ledger_hash=entry.hash)
        write_atomically(workspace.champion_pointer, champion.model_dump_json(indent=2).encode() + b"\n")
    set_champion(workspace, champion.version)
    return champion
