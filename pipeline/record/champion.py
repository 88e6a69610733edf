"""Which model serves: the pointer file, believed only with the ledger row that deployed it. This module reads; promotion writes."""

import json
import warnings

from pydantic import BaseModel, ValidationError

from pipeline.errors import IntegrityError, Notice, SettingsError, WorkspaceError
from pipeline.measures.customer_terms import require_categories
from pipeline.models.artifact import Artifact, open_artifact
from pipeline.own_file import read_own
from pipeline.record.authority import require_authority
from pipeline.record.entry import Entry
from pipeline.record.ledger import MOVES, Ledger
from pipeline.record.opened_workspace import Opened
from pipeline.workspace.folder import Workspace

_POINTER_BYTES = 64 << 10
_RESTORED = "Find out who did it, then delete .churnops/champion: `churnops reports list` restores it from the ledger."
_ROLES = {"target", "positive", "negative", "id", "time"}


class Champion(BaseModel, frozen=True, extra="forbid"):
    """The pointer: registry version, artifact digest, and the ledger row (number and hash) that deployed it."""

    version: str
    digest: str
    ledger_seq: int
    ledger_hash: str


def read_pointer(workspace: Workspace) -> Champion | None:
    """What the pointer file says, unchecked; None where there is none.

    Raises:
        IntegrityError: it is no pointer, or no plain file.
    """
    try:
        content = read_own(workspace.champion_pointer, _POINTER_BYTES)
    except FileNotFoundError:
        return None
    try:
        return Champion(**json.loads(content))
    except (ValueError, TypeError, RecursionError, ValidationError) as error:
        raise IntegrityError(f"{workspace.champion_pointer} is not a champion pointer.", _RESTORED) from error


def find_champion(workspace: Workspace, ledger: Ledger) -> Champion | None:
    """The champion, or None before the first training: whom the ledger's newest deploy or rollback names.

    The pointer lags behind the ledger where a crash cut a deploy off, until a person's next command completes it. An old pointer put back
    therefore changes nothing; one that says what the ledger never said is refused.

    Raises:
        IntegrityError: the pointer is unreadable or names what its row did not deploy; as `require_authority`; or signers are pinned and no
            signature covers the champion.
    """
    check_pointer(workspace, ledger)
    authority = require_authority(workspace, ledger)
    if authority.move is None:
        return None
    if authority.trust.pinned and not authority.move_is_signed:
        raise IntegrityError("Nobody has signed the ledger since this champion came.", "A signer does with `churnops reports trust`.")
    return champion_of(authority.move)


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
        SettingsError: as `require_columns`.
    """
    champion, artifact = _opened(opened)
    require_columns(opened, champion.version, artifact)
    if by := opened.settings.value.acceptance_by:
        known = {column.name: column.known for column in artifact.profile().categorical if column.name in by}
        try:
            require_categories(opened.settings.value, known)
        except SettingsError as error:  # another model knows it, or the next one will: the share counts once a customer has the category
            warnings.warn(str(error), Notice, stacklevel=2)
    return champion, artifact


def open_answering(opened: Opened) -> tuple[Champion, Artifact]:
    """As `open_champion`, for a server, which answers after a rollback as well: what [value] names and the champion does not take counts as missing.

    Raises:
        WorkspaceError, IntegrityError: as `require_champion` and `open_artifact`.
        SettingsError: as `require_roles`.
    """
    champion, artifact = _opened(opened)
    require_roles(opened, champion.version, artifact)
    return champion, artifact


def _opened(opened: Opened) -> tuple[Champion, Artifact]:
    champion = require_champion(opened.workspace, opened.ledger)
    return champion, open_artifact(opened.workspace, champion.digest)


def require_columns(opened: Opened, version: str, artifact: Artifact) -> None:
    """As `require_roles`, and that what counts by customer rests on columns that the model takes.

    Raises:
        SettingsError: it is not so.
    """
    require_roles(opened, version, artifact)
    value, fairness = opened.settings.value, opened.settings.fairness
    counted = (*value.numerical, *value.acceptance_by, *fairness.columns)
    if strange := [name for name in counted if name not in artifact.manifest.columns.features]:
        raise SettingsError(
            f"[value] or [fairness] in churnops.toml names `{strange[0]}`, which model version {version} does not take.",
            "Leave it out until a model that takes it serves.",
        )


def require_roles(opened: Opened, version: str, artifact: Artifact) -> None:
    """That the settings mean the same columns as a model. Features may come and go: what watches a champion goes by its own.

    Raises:
        SettingsError: a column has another role or kind than it had when the model was trained.
    """
    taken, now = artifact.manifest.columns, opened.settings.data.columns
    shared = {*taken.features}.intersection(now.features)
    if (
        taken.model_dump(include=_ROLES) != now.model_dump(include=_ROLES)
        or any(taken.kind(name) != now.kind(name) for name in shared)
        or shared.intersection(taken.calendar) != shared.intersection(now.calendar)
    ):
        raise SettingsError(
            f"The columns under [data] in churnops.toml are not those of model version {version}.",
            "Put back what they were. A new feature may be added; to train without one name it as `without` under [training].",
        )
