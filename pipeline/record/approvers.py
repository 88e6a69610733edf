"""Who may approve: what churnops.toml says counts only as far as the ledger knows it, and a change counts once a person accepted it.

A program that edits churnops.toml therefore gains nothing: until a person accepts the change, nothing is loaded or approved, and where
approvals are signed only a signer of the set that was in force before can accept it.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ValidationError

from pipeline.canonical_json import canonical, digest_of
from pipeline.errors import IntegrityError, SettingsError
from pipeline.record.ledger import Entry, Ledger
from pipeline.record.signatures import verify
from pipeline.workspace.folder import Workspace
from pipeline.workspace.settings import ApprovalSettings, read_settings


class Trust(BaseModel, frozen=True, extra="forbid"):
    """The rules of approval. `signers` is the text of the file of allowed signers, empty in local mode."""

    mode: Literal["local", "signed"] = "local"
    require_second_person: bool = False
    expires_hours: float = 72.0
    signers: str = ""


UNWRITTEN = Trust()


def configured_trust(workspace: Workspace) -> Trust:
    """What churnops.toml, the environment and the file of allowed signers say now, read anew each time.

    Raises:
        SettingsError: signed mode without a readable file of allowed signers.
    """
    file = workspace.settings_file
    approval = read_settings(file).approval if file.exists() else ApprovalSettings()
    signers = ""
    if approval.mode == "signed":
        path = workspace.root / approval.signers
        try:
            signers = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(
                f"The file of allowed signers {path} cannot be read.", "Write one as git uses it: e-mail, key type, key; docs/approval.md."
            ) from error
    return Trust(signers=signers, **approval.model_dump(exclude={"signers"}))


class TrustRecord(BaseModel, frozen=True, extra="forbid"):
    """A person accepts who may approve from now on. `previous` is the hash of the ledger's row that said so before."""

    act: Literal["trust"] = "trust"
    trust: Trust
    previous: str | None
    reviewer: str
    reason: str
    at: datetime


def first_trust(trust: Trust, at: datetime) -> dict[str, Any]:
    """Body of the first row of a new workspace: it begins with what its settings say, and nothing is there yet that needs a guard."""
    return sealed(TrustRecord(trust=trust, previous=None, reviewer="", reason="The workspace was made.", at=at), "")


def trust_rows(ledger: Ledger) -> tuple[tuple[Entry, Trust], ...]:
    """Every row that said who may approve, oldest first, each accepted under the one before.

    Raises:
        IntegrityError: a row that no person of the time accepted.
    """
    found: list[tuple[Entry, Trust]] = []
    for entry in ledger.of_kind("trusted"):
        if entry.hash != entry.expected_hash or entry.body.get("previous") != (found[-1][0].hash if found else None):
            raise IntegrityError(f"Row {entry.seq} of the ledger, on who may approve, was changed.", "Run `churnops reports verify`.")
        if entry.seq > 1:  # the workspace's first row says what it began with
            check_seal(found[-1][1] if found else UNWRITTEN, entry.body)
        try:
            found.append((entry, Trust.model_validate(entry.body.get("trust"))))
        except ValidationError as error:
            raise IntegrityError(
                f"Row {entry.seq} of the ledger does not say who may approve.", "Run `churnops reports verify`."
            ) from error
    return tuple(found)


def trust_at(ledger: Ledger, seq: int) -> Trust:
    """The rules in force when row `seq` was written."""
    return next((trust for entry, trust in reversed(trust_rows(ledger)) if entry.seq < seq), UNWRITTEN)


def accepted_trust(ledger: Ledger) -> Trust:
    """The rules in force now, as a person last accepted them."""
    rows = trust_rows(ledger)
    return rows[-1][1] if rows else UNWRITTEN


def require_trust(workspace: Workspace, ledger: Ledger) -> Trust:
    """The rules in force now.

    Raises:
        IntegrityError: churnops.toml or the file of allowed signers says something else, and no person has accepted it.
    """
    accepted = accepted_trust(ledger)
    if configured_trust(workspace) != accepted:
        raise IntegrityError(
            "Who may approve was changed in churnops.toml or in the file of allowed signers, and no person has accepted it.",
            "Undo the change, or accept it with `churnops reports trust`.",
        )
    return accepted


def confirmed(record: BaseModel) -> str:
    """The seal of local mode: what a person confirmed is what counts. It proves no identity."""
    return f"confirmed sha256:{digest_of(record)}"


def sealed(record: BaseModel, seal: str) -> dict[str, Any]:
    """The body of the ledger's row on a sealed record."""
    return {**record.model_dump(mode="json"), "seal": seal}


def check_seal(trust: Trust, body: Mapping[str, Any]) -> None:
    """Check the seal of a sealed record under `trust`.

    Raises:
        IntegrityError: it does not fit the record, or is not by somebody who may.
    """
    record = {name: value for name, value in body.items() if name != "seal"}
    seal = str(body.get("seal"))
    if trust.mode == "signed":
        try:
            at = datetime.fromisoformat(str(body.get("at")))
        except ValueError as error:
            raise IntegrityError("A record without its time was not signed.", "Run `churnops reports verify`.") from error
        verify(canonical(record).encode(), seal, str(body.get("reviewer")), trust.signers, at)
    elif seal != f"confirmed sha256:{digest_of(record)}":
        raise IntegrityError("This is not what was confirmed.", "Look at it and confirm it again.")
