"""Who may approve: what churnops.toml says counts only as far as the ledger knows it, and a change counts once a person accepted it.

A program that edits churnops.toml therefore gains nothing: until a person accepts the change, nothing is loaded or approved, and where
approvals are signed only a signer of the set that was in force before can accept it.
"""

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel

from pipeline.canonical_json import canonical, digest_of
from pipeline.errors import IntegrityError, SettingsError
from pipeline.record.pinned_file import check_pinned
from pipeline.record.signatures import verify
from pipeline.workspace.approval_settings import ApprovalSettings
from pipeline.workspace.folder import Workspace
from pipeline.workspace.settings import read_settings


class Trust(BaseModel, frozen=True, extra="forbid"):
    """The rules of approval. `signers` is the text of the file of allowed signers, empty in local mode; `pinned`: that file lies out of the
    workspace's reach, and the champion needs a signature; `anchor`: the file outside that keeps heads of the ledger, empty for none."""

    mode: Literal["local", "signed"] = "local"
    require_second_person: bool = False
    expires_hours: float = 72.0
    signers: str = ""
    pinned: bool = False
    anchor: str = ""


UNWRITTEN = Trust()


def configured_trust(workspace: Workspace) -> Trust:
    """What churnops.toml, the environment and the file of allowed signers say now, read anew each time.

    Raises:
        SettingsError: signed mode without a readable file of allowed signers.
        IntegrityError: the file shall be pinned, and whoever runs this could change it.
    """
    file = workspace.settings_file
    approval = read_settings(file).approval if file.exists() else ApprovalSettings()
    signers = ""
    if approval.mode == "signed":
        path = workspace.root / approval.signers
        try:
            if not path.is_file():
                raise FileNotFoundError(path)  # nor is anybody kept waiting at a pipe
            signers = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(
                f"The file of allowed signers {path} cannot be read.", "Write one as git uses it: e-mail, key type, key; docs/approval.md."
            ) from error
        if approval.pinned:
            check_pinned(path)
    return Trust(signers=signers, **approval.model_dump(exclude={"signers"}))


class SealedRecord(BaseModel, frozen=True, extra="forbid"):
    """What a person confirms or signs. `workspace` is the id of the workspace it is for, and `head` (`NUMBER:HASH`) the row of its ledger that
    it was asked for at: whoever seals a record vouches for every row up to that one, and no other ledger has it."""

    workspace: str
    head: str
    reviewer: str
    reason: str
    at: datetime


class TrustRecord(SealedRecord, frozen=True):
    """A person accepts who may approve from now on. `previous` is the hash of the ledger's row that said so before."""

    act: Literal["trust"] = "trust"
    trust: Trust
    previous: str | None


class ClockRecord(SealedRecord, frozen=True):
    """A person says that the ledger's newest times are wrong, and that `at` is the time."""

    act: Literal["clock"] = "clock"


def first_trust(trust: Trust, at: datetime) -> dict[str, Any]:
    """Body of the first row of a new workspace: it begins with what its settings say, and nothing is there yet that needs a guard. The row
    gives the workspace its id, a random one."""
    workspace, reason = secrets.token_hex(16), "The workspace was made."
    return sealed(TrustRecord(workspace=workspace, head="", trust=trust, previous=None, reviewer="", reason=reason, at=at), "")


def confirmed(record: BaseModel) -> str:
    """The seal of local mode: what a person confirmed is what counts. It proves no identity."""
    return f"confirmed sha256:{digest_of(record)}"


def sealed(record: BaseModel, seal: str) -> dict[str, Any]:
    """The body of the ledger's row on a sealed record."""
    return {**record.model_dump(mode="json"), "seal": seal}


def check_seal(trust: Trust, body: Mapping[str, Any], also_at: datetime | None = None) -> None:
    """Check the seal of a sealed record under `trust`; of a signature also that its signer might still sign at `also_at`, where given.

    Raises:
        IntegrityError: it does not fit the record, or is not by somebody who may.
    """
    record = {name: value for name, value in body.items() if name != "seal"}
    seal = str(body.get("seal"))
    if trust.mode == "signed":
        content, reviewer = canonical(record).encode(), str(body.get("reviewer"))
        verify(content, seal, reviewer, trust.signers, time_of(body))
        if also_at is not None and "valid-" in trust.signers:
            verify(content, seal, reviewer, trust.signers, also_at)
    elif seal != f"confirmed sha256:{digest_of(record)}":
        raise IntegrityError("This is not what was confirmed.", "Look at it and confirm it again.")


def time_of(body: Mapping[str, Any]) -> datetime:
    """When a record says that it was sealed.

    Raises:
        IntegrityError: it does not say so.
    """
    try:
        at = datetime.fromisoformat(str(body.get("at")))
    except ValueError as error:
        raise IntegrityError("A record without its time was not signed.", "Run `churnops reports verify`.") from error
    if at.tzinfo is None:
        raise IntegrityError("A record whose time has no zone was not signed.", "Run `churnops reports verify`.")
    return at
