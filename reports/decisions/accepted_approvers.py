"""A person accepts who may approve from now on; where approvals are signed, under the rules that were in force before."""

from pipeline.errors import ChurnopsError
from pipeline.record.approvers import TrustRecord, accepted_trust, check_seal, configured_trust, sealed, trust_rows
from pipeline.record.cases import Decision
from pipeline.record.opened_workspace import Opened


def draft_trust(opened: Opened, decision: Decision) -> TrustRecord:
    """What accepting the settings as they are now would be bound to.

    Raises:
        ChurnopsError: they are in force already.
        SettingsError: see `configured_trust`.
    """
    configured = configured_trust(opened.workspace)
    if configured == accepted_trust(opened.ledger):
        raise ChurnopsError("Who may approve is as a person last accepted it.", "Nothing was changed.")
    rows = trust_rows(opened.ledger)
    previous = rows[-1][0].hash if rows else None
    return TrustRecord(trust=configured, previous=previous, reviewer=decision.reviewer, reason=decision.reason, at=decision.at)


def trust_now(opened: Opened, record: TrustRecord, seal: str) -> None:
    """Let `record` be in force from now on.

    Raises:
        ChurnopsError, IntegrityError: it is not what the settings say now, or not sealed by somebody who may.
    """
    if draft_trust(opened, Decision(reviewer=record.reviewer, reason=record.reason, at=record.at)) != record:
        raise ChurnopsError("The settings changed in this very moment.", "Look again, then decide.")
    body = sealed(record, seal)
    check_seal(accepted_trust(opened.ledger), body)
    opened.ledger.catch_up()
    opened.ledger.append(opened.clock(), "trusted", None, body)
