"""Which model serves: the pointer file, believed only with the ledger row that deployed it. This module reads; promotion writes."""

import json

from pydantic import BaseModel, ConfigDict, ValidationError

from pipeline.artifact import Artifact, open_artifact
from pipeline.errors import IntegrityError, SettingsError, WorkspaceError
from pipeline.ledger import Ledger
from pipeline.opened import Opened
from pipeline.workspace import Workspace


class Champion(BaseModel):
    """The pointer: registry version, artifact digest, and the ledger row (number and hash) that deployed it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str
    digest: str
    ledger_seq: int
    ledger_hash: str


def find_champion(workspace: Workspace, ledger: Ledger) -> Champion | None:
    """The champion, or None before the first training.

    Raises:
        IntegrityError: the pointer is unreadable, or the ledger has no row that deployed just this.
    """
    try:
        content = workspace.champion_pointer.read_bytes()
    except FileNotFoundError:
        return None
    try:
        champion = Champion(**json.loads(content))
    except (ValueError, TypeError, ValidationError) as error:
        raise IntegrityError(f"{workspace.champion_pointer} is not a champion pointer.", "Restore it from a backup.") from error
    entry = ledger.entry(champion.ledger_seq)
    deployed = (entry.kind, entry.body.get("digest"), entry.body.get("version"), entry.hash)
    if deployed != ("deployed", champion.digest, champion.version, champion.ledger_hash):
        raise IntegrityError(
            f"The champion pointer names version {champion.version}, which row {champion.ledger_seq} of the ledger did not deploy.",
            "Somebody moved the pointer by hand; restore it from a backup.",
        )
    return champion


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
            f"The columns under [data] in churnops.toml are not those champion version {champion.version} was trained on.",
            "Put them back, or start a new workspace for the new columns with `churnops init`.",
        )
    return champion, artifact
