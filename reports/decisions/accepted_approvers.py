"""A person accepts who may approve from now on; where approvals are signed, under the rules that were in force before."""

from pipeline.errors import ChurnopsError
from pipeline.record.anchor import check_anchor, note_head
from pipeline.record.approvers import TrustRecord, check_seal, configured_trust, sealed
from pipeline.record.authority import read_authority
from pipeline.record.cases import Decision
from pipeline.record.opened_workspace import Opened
from reports.decisions.sealing import head_to_seal, ledger_time, note_in_anchor, require_own_ledger


def draft_trust(opened: Opened, decision: Decision, head: str = "") -> TrustRecord:
    """What accepting the settings as they are now would be bound to, asked for at `head`, or now.

    Where they are in force already and approvals are signed, it is a checkpoint: a signature over the ledger as it is.

    Raises:
        ChurnopsError: they are in force already, and nobody signs here.
        SettingsError, IntegrityError: see `configured_trust` and `read_authority`.
    """
    authority, configured = read_authority(opened.ledger), configured_trust(opened.workspace)
    if configured == authority.trust and configured.mode == "local":
        raise ChurnopsError("Who may approve is as a person last accepted it.", "Nothing was changed.")
    return TrustRecord(
        workspace=authority.workspace_id,
        head=head or head_to_seal(opened, authority),
        trust=configured,
        previous=authority.accepted.hash if authority.accepted else None,
        **dict(decision),
    )


def trust_now(opened: Opened, record: TrustRecord, seal: str) -> str | None:
    """Let `record` be in force from now on; returns what a person has to do about the anchor, or None.

    Raises:
        ChurnopsError, IntegrityError: it is not what the settings say now, not sealed by somebody who may, or its anchor is not there.
    """
    authority = require_own_ledger(opened, record)
    decision = Decision(reviewer=record.reviewer, reason=record.reason, at=record.at)
    if draft_trust(opened, decision, record.head) != record:
        raise ChurnopsError("The settings changed in this very moment.", "Look again, then decide.")
    body = sealed(record, seal)
    first_signature = record.trust.pinned and authority.trust.mode == "local"
    check_seal(record.trust if first_signature else authority.trust, body, also_at=ledger_time(opened))
    if record.trust.anchor:  # a file that is not there would stop everything the moment it is asked for
        anchor = opened.workspace.root / record.trust.anchor
        note_head(anchor, authority.workspace_id, authority.chain.head)
        check_anchor(anchor, authority.workspace_id, authority.chain)
    opened.ledger.catch_up()
    opened.ledger.append(opened.clock(), "trusted", None, body)
    return note_in_anchor(opened)
