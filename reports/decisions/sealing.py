"""What every sealed record names, and what stands in the way of sealing one: another workspace's ledger, a clock that is behind, a copy.

Where approvals are signed, a row of the ledger says that somebody was asked, and the signature covers that row. So what was signed in a copy of
the workspace, which has a row of its own there, counts nowhere else.
"""

from datetime import datetime
from typing import TypeVar

from pipeline.clock import CLOCKS_DIFFER, moment
from pipeline.errors import ChurnopsError, IntegrityError
from pipeline.record.anchor import anchor_line, note_head
from pipeline.record.approvers import ClockRecord, SealedRecord
from pipeline.record.authority import Authority, read_authority
from pipeline.record.opened_workspace import Opened
from pipeline.record.review_mark import read_review_mark

Record = TypeVar("Record", bound=SealedRecord)


def head_to_seal(opened: Opened, authority: Authority) -> str:
    """The row that a record drafted now is asked for at: the ledger's newest, in a review copy the newest that came from its origin."""
    mark = read_review_mark(opened.workspace)
    return authority.chain.head if mark is None else mark.head


def requested(opened: Opened, record: Record) -> Record:
    """`record`, asked for at a row of its own, which is written now. What a review copy asks for stays as it is: it is signed for the origin.

    Raises:
        ChurnopsError: see `require_clock`.
    """
    if read_review_mark(opened.workspace) is not None:
        return record
    if not isinstance(record, ClockRecord):
        require_clock(opened)
    body = {"act": getattr(record, "act", ""), "reviewer": record.reviewer, "by": opened.person}
    row = opened.ledger.append(opened.clock(), "requested", getattr(record, "case_id", None), body)
    return record.model_copy(update={"head": f"{row.seq}:{row.hash}", "at": moment(row.at)})


def require_own_ledger(opened: Opened, record: SealedRecord) -> Authority:
    """What the ledger says, where `record` was made for it and may be carried out here and now.

    Raises:
        ChurnopsError: this is a copy for review; or see `require_clock`.
        IntegrityError: it was made for another workspace, or for a ledger that this one does not go on.
    """
    require_no_copy(opened)
    require_clock(opened)
    authority = read_authority(opened.ledger)
    if record.workspace != authority.workspace_id:
        raise IntegrityError("This was made for another workspace.", "Review it here, and decide here.")
    asked_at = authority.chain.row_of(record.head)
    if asked_at is None:
        raise IntegrityError(
            "This was made where the ledger says something else, in a copy of the workspace perhaps.", "Review it here, and decide here."
        )
    if not _time(authority.chain.times[asked_at - 1]) - CLOCKS_DIFFER <= record.at <= opened.clock() + CLOCKS_DIFFER:
        raise ChurnopsError(f"This is dated {record.at:%Y-%m-%d %H:%M} UTC, which cannot be.", "Look at the clocks, then decide again.")
    return authority


def require_no_copy(opened: Opened) -> None:
    """Refuse to let anything serve in a copy for review.

    Raises:
        ChurnopsError: it is one.
    """
    mark = read_review_mark(opened.workspace)
    if mark is not None:
        raise ChurnopsError(
            "This workspace is a copy for review: nothing is deployed here.",
            f"Sign with `churnops reports approve {mark.case_id} --request approval.json`, and deploy where the case came from.",
        )


def ledger_time(opened: Opened) -> datetime:
    """Now, or the time of the ledger's newest row if that is later: a clock that was set back makes nothing young again."""
    newest = opened.ledger.newest()
    return max(opened.clock(), _time(newest[1])) if newest else opened.clock()


def require_clock(opened: Opened) -> None:
    """Refuse to decide by a clock that is behind the ledger.

    Raises:
        ChurnopsError: it is, by more than clocks differ.
    """
    said = clock_problem(opened)
    if said:
        raise ChurnopsError(
            said,
            "Set this machine's clock. If it is right and the row's is wrong, say so with `churnops reports clock`; nothing was changed.",
        )


def clock_problem(opened: Opened) -> str:
    """In a sentence by how much this machine's clock is behind the ledger; empty where it is not."""
    newest, now = opened.ledger.newest(), opened.clock()
    if newest is None or now >= _time(newest[1]) - CLOCKS_DIFFER:
        return ""
    return (
        f"This machine's clock says {now:%Y-%m-%d %H:%M} UTC, and row {newest[0]} of the ledger was written at "
        f"{_time(newest[1]):%Y-%m-%d %H:%M} UTC: one of the two clocks is wrong."
    )


def note_in_anchor(opened: Opened) -> str | None:
    """Let the anchor keep the ledger's newest row, where there is one; returns what a person has to do, or None."""
    authority = read_authority(opened.ledger)
    if not authority.trust.anchor or read_review_mark(opened.workspace) is not None:
        return None
    anchor = opened.workspace.root / authority.trust.anchor
    if note_head(anchor, authority.workspace_id, authority.chain.head):
        return None
    return f"The anchor {anchor} cannot be written by this user. As its owner, append: {anchor_line(authority.workspace_id, authority.chain.head)}"


def _time(stored: str) -> datetime:
    try:
        return moment(stored)
    except ValueError as error:
        raise IntegrityError(f"{stored[:40]!r} is no time of a row of the ledger.", "Run `churnops reports verify`.") from error
