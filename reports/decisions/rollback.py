"""Going back to a model that served before: the same human act as an approval, with a record, a seal and a row before the effect."""

from typing import Literal

from pipeline.errors import ChurnopsError
from pipeline.models.artifact import open_artifact
from pipeline.record.approvers import SealedRecord, check_seal, sealed
from pipeline.record.authority import require_authority
from pipeline.record.cases import Decision
from pipeline.record.champion import Champion, champion_of, require_columns
from pipeline.record.ledger import MOVES
from pipeline.record.opened_workspace import Opened
from reports.decisions.approval import Deployed, finish
from reports.decisions.promotion import record_move
from reports.decisions.sealing import head_to_seal, ledger_time, require_own_ledger


class RollbackRecord(SealedRecord, frozen=True):
    """All that one rollback is bound to: the model to serve again, the champion it replaces and the ledger's row that made it one."""

    act: Literal["rollback"] = "rollback"
    version: str
    digest: str
    replaces: str
    replaces_row: str


def draft_rollback(opened: Opened, version: str | None, decision: Decision, head: str = "") -> RollbackRecord:
    """What going back to `version` would be bound to, asked for at `head`, or now. None: to the model that the champion replaced when it was
    approved.

    Raises:
        ChurnopsError: that version never served, serves now, or nothing served before.
        IntegrityError: its artifact is gone or not the bytes that were recorded, or who may approve was changed.
    """
    authority = require_authority(opened.workspace, opened.ledger)
    rows = [entry for entry in opened.ledger.entries() if entry.kind in MOVES]
    served = [champion for entry in rows if (champion := champion_of(entry))]
    if not served:
        raise ChurnopsError("This workspace has no champion yet.", "Run `churnops train` first.")
    current = served[-1]
    if version is None:
        replaced = [entry.body["replaces"] for entry in rows if entry.kind == "deployed" and entry.body["digest"] == current.digest][-1]
        target = _latest(served, digest=replaced)
        if target is None:
            raise ChurnopsError(f"Version {current.version} is the first champion; nothing served before it.", "Name a version with --to.")
    else:
        target = _latest(served, version=version)
        if target is None:
            known = ", ".join(sorted({champion.version for champion in served}))
            raise ChurnopsError(f"Version {version[:32]!r} never served.", f"These did: {known}.")
    if target.digest == current.digest:
        raise ChurnopsError(f"Version {current.version} serves already.", "Nothing was changed.")
    require_columns(opened, target.version, open_artifact(opened.workspace, target.digest))
    return RollbackRecord(
        workspace=authority.workspace_id,
        head=head or head_to_seal(opened, authority),
        version=target.version,
        digest=target.digest,
        replaces=current.digest,
        replaces_row=current.ledger_hash,
        **dict(decision),
    )


def roll_back(opened: Opened, record: RollbackRecord, seal: str) -> Deployed:
    """Let the model that `record` names serve again.

    Raises:
        ChurnopsError, IntegrityError: as `draft_rollback`; or the champion moved since, or the seal does not fit the record.
    """
    authority = require_own_ledger(opened, record)
    decision, now = Decision(reviewer=record.reviewer, reason=record.reason, at=record.at), opened.clock()
    if draft_rollback(opened, record.version, decision, record.head) != record:
        raise ChurnopsError("The champion moved since this rollback was prepared.", "Look again, then decide.")
    body = sealed(record, seal)
    check_seal(authority.trust, body, also_at=ledger_time(opened))
    opened.ledger.catch_up()
    with opened.state.write() as connection:
        record_move(
            connection,
            opened.ledger,
            "rolled_back",
            version=record.version,
            digest=record.digest,
            after=record.replaces_row,
            case_id=None,
            at=now,
            record=body,
        )
    return finish(opened)


def _latest(served: list[Champion], *, version: str | None = None, digest: str | None = None) -> Champion | None:
    return next((champion for champion in reversed(served) if version == champion.version or digest == champion.digest), None)
