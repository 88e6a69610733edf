"""A person says that the ledger's newest times are wrong: one machine that was ahead does not lock the others out for good."""

from pipeline.errors import ChurnopsError, IntegrityError
from pipeline.record.approvers import ClockRecord, check_seal, sealed
from pipeline.record.authority import read_authority
from pipeline.record.cases import Decision
from pipeline.record.opened_workspace import Opened
from reports.decisions.sealing import clock_problem, head_to_seal, note_in_anchor, require_no_copy


def draft_correction(opened: Opened, decision: Decision, head: str = "") -> ClockRecord:
    """What saying that this machine's clock is right would be bound to, asked for at `head`, or now.

    Raises:
        ChurnopsError: the clock is not behind the ledger.
        IntegrityError: see `read_authority`.
    """
    if not clock_problem(opened):
        raise ChurnopsError("This machine's clock is not behind the ledger.", "Nothing was changed.")
    authority = read_authority(opened.ledger)
    return ClockRecord(workspace=authority.workspace_id, head=head or head_to_seal(opened, authority), **dict(decision))


def correct_clock(opened: Opened, record: ClockRecord, seal: str) -> str | None:
    """From now on the ledger's time counts from this row; returns what a person has to do about the anchor, or None.

    Raises:
        ChurnopsError, IntegrityError: as `draft_correction`; or it was made for another ledger, or is not sealed by somebody who may.
    """
    require_no_copy(opened)
    if draft_correction(opened, Decision(reviewer=record.reviewer, reason=record.reason, at=record.at), record.head) != record:
        raise IntegrityError("This was made for another workspace.", "Say it here.")
    authority, now = read_authority(opened.ledger), opened.clock()
    if authority.chain.row_of(record.head) is None:
        raise IntegrityError("This was made where the ledger says something else.", "Say it here.")
    body = sealed(record, seal)
    check_seal(authority.trust, body, also_at=now)
    opened.ledger.catch_up()
    opened.ledger.append(now, "clock_corrected", None, body)
    return note_in_anchor(opened)
