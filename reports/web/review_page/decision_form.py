"""Approving and rejecting on the page: the same gate as `churnops reports approve`, bound to what the person was shown."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pipeline.canonical_json import digest_of
from pipeline.errors import ChurnopsError
from pipeline.record.approvers import SealedRecord, confirmed
from pipeline.record.authority import accepted_trust
from pipeline.record.cases import Case, Decision
from pipeline.record.opened_workspace import Opened
from pipeline.shown_text import plain
from pipeline.workspace.settings import read_settings
from reports.decisions.approval import ApprovalRecord, Deployed, approve, draft_approval, reject
from reports.decisions.sealing import require_no_copy
from reports.web.review_page.guard import Stop

_REASON_LENGTH, _NAME_LENGTH = 2_000, 200
_ABOUT_THIS_SENDING = {"reviewer", "reason", "at", "head"}  # fields of a record that say who approves and when, not what


@dataclass(frozen=True)
class Gate:
    """What the page offers where a challenger waits.

    `words` is to be typed; `seen` is the sha256 of what an approval would be bound to. Where `problem` says why it cannot be approved, or
    `command` how it is signed elsewhere, `seen` is empty and the page only rejects.
    """

    words: str = ""
    seen: str = ""
    until: datetime | None = None
    problem: str = ""
    command: str = ""


FormField = Literal["reason", "reviewer", "confirmation"]


class NotFilled(Stop):
    """A field of the form lacks what it needs; nothing has changed."""

    def __init__(self, field: FormField, said: str, next_step: str) -> None:
        super().__init__(422, said, next_step)
        self.field = field


@dataclass(frozen=True)
class NotTaken:
    """A form that was sent and not taken, to be shown again: what was said of it, at which field where it was about one, and what was typed.

    What confirms is typed anew each time. Where only a field was wrong, `seen` stays what the person was shown first; else it is empty, and
    the page as it is now is what they see.
    """

    status: int
    said: str
    field: FormField | None
    reason: str
    reviewer: str
    seen: str


def not_taken(error: Stop | ChurnopsError, form: Mapping[str, str]) -> NotTaken:
    """Why a form was not taken."""
    status, said = (error.status, error.said) if isinstance(error, Stop) else (409, error.problem)
    field = error.field if isinstance(error, NotFilled) else None
    return NotTaken(
        status=status,
        said=f"{said} {error.next_step}".strip(),
        field=field,
        reason=form.get("reason", "")[:_REASON_LENGTH],
        reviewer=form.get("reviewer", "")[:_NAME_LENGTH],
        seen=form.get("seen", "") if field else "",
    )


def gate_of(opened: Opened, case: Case) -> Gate | None:
    """The gate of a case as it is now, every byte checked; None where nothing waits."""
    if case.status != "pending_approval" or case.challenger is None:
        return None
    try:
        require_no_copy(opened)
        signed = accepted_trust(opened.ledger).mode == "signed"
        _require_same_policy(opened)
        # In signed mode the signer is not known here; what the bytes say is checked where the signature is.
        if signed:
            return Gate(command=f'churnops reports approve {case.case_id} --reason "…"')
        record = draft_approval(opened, case.case_id, Decision(reviewer=opened.person, reason="", at=opened.clock()))
    except ChurnopsError as error:
        return Gate(problem=str(error))
    return Gate(_words(record), digest_of_shown(record), record.expires_at)


def approve_as_seen(opened: Opened, case_id: str, form: Mapping[str, str]) -> Deployed:
    """Deploy the challenger of a case.

    Args:
        opened: the workspace.
        case_id: of the case.
        form: what the person sent: `reason`, `reviewer`, `confirmation` (the typed words) and `seen` (what they were shown).

    Raises:
        Stop: approvals are signed here, other words were typed, or the case is not what the person was shown; nothing was deployed.
        ChurnopsError: as `draft_approval` and `approve`.
    """
    if accepted_trust(opened.ledger).mode == "signed":
        raise Stop(403, "This workspace signs its approvals, and the page holds no key.", f"Run churnops reports approve {case_id}.")
    _require_same_policy(opened)
    record = draft_approval(opened, case_id, decision_in(opened, form))
    if form.get("seen") != digest_of_shown(record):
        raise Stop(409, "The case is not what you were shown; nothing was deployed.", "Read it again, then decide.")
    if form.get("confirmation", "").strip() != _words(record):
        raise NotFilled("confirmation", "Not confirmed; nothing was deployed.", f"Type “{_words(record)}” to approve.")
    return approve(opened, record, confirmed(record))


def reject_case(opened: Opened, case_id: str, form: Mapping[str, str]) -> Case:
    """Turn the challenger of a case down; `form` has `reason` and `reviewer`.

    Raises:
        Stop: no reason. ChurnopsError: nothing waits.
    """
    return reject(opened, case_id, decision_in(opened, form))


def decision_in(opened: Opened, form: Mapping[str, str]) -> Decision:
    """The decision that a form states.

    Raises:
        NotFilled: it has no reason, or nobody's name.
    """
    reason = plain(form.get("reason", ""), _REASON_LENGTH)
    if not reason:
        raise NotFilled("reason", "A decision needs a reason; nothing has changed.", "Say in a sentence why.")
    reviewer = plain(form.get("reviewer", ""), _NAME_LENGTH) or opened.person
    if not reviewer:
        raise NotFilled("reviewer", "A decision needs a name; nothing has changed.", "Say who you are.")
    return Decision(reviewer=reviewer, reason=reason, at=opened.clock())


def _words(record: ApprovalRecord) -> str:
    return f"deploy {record.version}"


def digest_of_shown(record: SealedRecord) -> str:
    """Digest of what an act is bound to, as the page showed it."""
    return digest_of(record.model_dump(mode="json", exclude=_ABOUT_THIS_SENDING))


def _require_same_policy(opened: Opened) -> None:
    """The server read the policy when it started; a person's command reads it now, and so does this gate."""
    if read_settings(opened.workspace.settings_file).policy != opened.settings.policy:
        raise ChurnopsError("The policy in churnops.toml changed since the server was started.", "Restart `churnops serve`.")
