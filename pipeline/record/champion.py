"""Which model serves: the pointer file, believed only with the ledger row that deployed it. This module reads; promotion writes."""

import json

from pydantic import BaseModel, ValidationError

from pipeline.errors import IntegrityError, SettingsError, WorkspaceError
from pipeline.models.artifact import Artifact, open_artifact
from pipeline.record.approvers import check_seal, require_trust, trust_at
from pipeline.record.ledger import MOVES, Entry, Ledger
from pipeline.record.opened_workspace import Opened
from pipeline.workspace.folder import Workspace

_VERIFY = "Run `churnops reports verify`."
_RESTORED = "Find out who did it, then delete .churnops/champion: `churnops reports list` restores it from the ledger."


class Champion(BaseModel, frozen=True, extra="forbid"):
    """The pointer: registry version, artifact digest, and the ledger row (number and hash) that deployed it."""

    version: str
    digest: str
    ledger_seq: int
    ledger_hash: str


def read_pointer(workspace: Workspace) -> Champion | None:
    """What the pointer file says, unchecked; None where there is none.

    Raises:
        IntegrityError: it is no pointer.
    """
    try:
        content = workspace.champion_pointer.read_bytes()
    except FileNotFoundError:
        return None
    try:
        return Champion(**json.loads(content))
    except (ValueError, TypeError, ValidationError) as error:
        raise IntegrityError(f"{workspace.champion_pointer} is not a champion pointer.", _RESTORED) from error


def find_champion(workspace: Workspace, ledger: Ledger) -> Champion | None:
    """The champion, or None before the first training: whom the ledger's newest deploy or rollback names.

    The pointer lags behind the ledger where a crash cut a deploy off, until a person's next command completes it. An old pointer put back
    therefore changes nothing; one that says what the ledger never said is refused.

    Raises:
        IntegrityError: the pointer is unreadable or names what its row did not deploy; the row has no approval by somebody who may give
            it; who may approve was changed and no person accepted it.
    """
    require_trust(workspace, ledger)
    check_pointer(workspace, ledger)
    head = ledger.last(MOVES)
    if head is None:
        return None
    check_move(ledger, head)
    return champion_of(head)


def check_pointer(workspace: Workspace, ledger: Ledger) -> Champion | None:
    """What the pointer says, if the ledger ever said so; None where there is none.

    Raises:
        IntegrityError: the pointer is unreadable, or names what its row did not deploy.
    """
    pointer = read_pointer(workspace)
    if pointer is not None and pointer != champion_of(ledger.entry(pointer.ledger_seq)):
        raise IntegrityError(
            f"The champion pointer names version {pointer.version}, which row {pointer.ledger_seq} of the ledger did not deploy.",
            f"Somebody moved the pointer by hand. {_RESTORED}",
        )
    return pointer


def champion_of(entry: Entry) -> Champion | None:
    """The champion that a row of the ledger made; None for a row that made none."""
    if entry.kind not in MOVES:
        return None
    return Champion(version=str(entry.body["version"]), digest=str(entry.body["digest"]), ledger_seq=entry.seq, ledger_hash=entry.hash)


def check_move(ledger: Ledger, entry: Entry) -> None:
    """Check that who may approve let the champion move: in signed mode, by a valid signature that was made for this one move.

    Raises:
        IntegrityError: there is no such approval.
    """
    trust = trust_at(ledger, entry.seq)
    if trust.mode == "local":
        return
    before = ledger.last(MOVES, before=entry.seq)
    if before is None and entry.body.get("bootstrap") is True:
        return  # nothing stood in its place, so there was nothing to approve it against
    approval = entry.body.get("approval")
    approved = ledger.entry(approval) if isinstance(approval, int) and approval < entry.seq else entry
    allowed = (approved.case_id, approved.body.get("version"), approved.body.get("digest"), approved.body.get("replaces_row"))
    moved = (entry.case_id, entry.body.get("version"), entry.body.get("digest"), before and before.hash)
    if approved.kind not in {"approved", "rolled_back"} or allowed != moved:
        raise IntegrityError(f"Row {entry.seq} of the ledger moved the champion without an approval of its own.", _VERIFY)
    check_seal(trust, approved.body)


def require_champion(workspace: Workspace, ledger: Ledger) -> Champion:
    """The champion.

    Raises:
        WorkspaceError: nothing has been trained yet.
        IntegrityError: as `find_champion`.
    """
    champion = find_champion(workspace, ledger)
    if champion is None:
        raise WorkspaceError("This workspace has no champion yet.", "Run `churnops train` first.")
    return champion


def open_champion(opened: Opened) -> tuple[Champion, Artifact]:
    """The champion and its artifact, bytes checked.

    Raises:
        WorkspaceError, IntegrityError: as `require_champion` and `open_artifact`.
        SettingsError: the columns in churnops.toml are no longer those it was trained on.
    """
    champion = require_champion(opened.workspace, opened.ledger)
    artifact = open_artifact(opened.workspace, champion.digest)
    if artifact.manifest.columns != opened.settings.data.columns:
        raise SettingsError(
            f"The columns under [data] in churnops.toml are not those of champion version {champion.version}.",
            "Put them back, or start a new workspace for the new columns with `churnops init`.",
        )
    return champion, artifact
