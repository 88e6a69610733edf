"""The human gate: a person approves or rejects a challenger, bound to the bytes of its artifact and its report.

Import contracts keep tools and operators away from this module; a person's commands and the review page use it.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import BaseModel

from pipeline.atomic_files import digest_of_file
from pipeline.canonical_json import digest_of
from pipeline.clock import CLOCKS_DIFFER, moment
from pipeline.errors import ChurnopsError, IntegrityError
from pipeline.models.artifact import open_artifact
from pipeline.record.approvers import SealedRecord, Trust, check_seal, sealed
from pipeline.record.authority import accepted_trust, require_authority
from pipeline.record.cases import Case, Decision, TrainingResult
from pipeline.record.champion import Champion, require_champion, require_columns
from pipeline.record.entry import Entry
from pipeline.record.ledger import Kind
from pipeline.record.opened_workspace import Opened
from pipeline.words import STATUSES
from reports.decisions.promotion import finish_move, mirror_champion, record_move
from reports.decisions.sealing import head_to_seal, ledger_time, note_in_anchor, require_own_ledger
from reports.filing import written_report

_AGAIN = "Run `churnops triage` again."


class ApprovalRecord(SealedRecord, frozen=True):
    """All that one approval is bound to. Digests are sha256 in hex: `digest` of the whole artifact, `report` of the report's bytes,
    `metrics` of what the training measured, `replaces` of the champion; `replaces_row` is the hash of the ledger's row that made it one."""

    act: Literal["approve"] = "approve"
    case_id: str
    version: str
    digest: str
    report: str
    metrics: str
    policy_version: str
    replaces: str
    replaces_row: str
    expires_at: datetime


class Deployed(BaseModel, frozen=True):
    """A champion that moved; `warning` says what does not follow yet."""

    champion: Champion
    warning: str | None


def draft_approval(opened: Opened, case_id: str, decision: Decision) -> ApprovalRecord:
    """What approving the case now, with this decision, would be bound to. Every byte has been checked; nothing has changed.

    Raises:
        ChurnopsError: the case waits for no approval, its time is over, the policy or the champion moved since, or the reviewer may not.
        IntegrityError: report or artifact are gone or not the bytes that were recorded, or who may approve was changed.
    """
    record = _expected(opened, opened.cases.get(case_id), decision)
    _check_bytes(opened, record)
    return record


def approve(opened: Opened, record: ApprovalRecord, seal: str) -> Deployed:
    """Deploy what `record` names. Single use: of two approvals at once, one deploys and the other is refused.

    Args:
        record: as `draft_approval` made it, here or where the reviewer signed it.
        seal: what a person did about just this record: `confirmed(record)` in local mode, their signature in signed mode.

    Raises:
        ChurnopsError, IntegrityError: as `draft_approval`; or the record is not what this approval would be bound to now, or the seal does
            not fit it. Nothing has changed then.
    """
    case = opened.cases.get(record.case_id)
    authority = require_own_ledger(opened, record)
    expected = _expected(opened, case, Decision(reviewer=record.reviewer, reason=record.reason, at=record.at), record.head)
    for name, value in expected:
        if getattr(record, name) != value:
            raise IntegrityError(f"The approval's `{name}` is not that of case {case.case_id}.", "Review the case and approve it again.")
    body = sealed(record, seal)
    check_seal(authority.trust, body, also_at=ledger_time(opened))
    _check_bytes(opened, record)
    opened.ledger.catch_up()
    decision, now = Decision(reviewer=record.reviewer, reason=record.reason, at=record.at), opened.clock()
    with opened.state.write() as connection:
        opened.cases.move_in(connection, case.case_id, ("pending_approval",), status="approved", decision=decision)
        approved = opened.ledger.append_in(connection, now, "approved", case.case_id, body)
        record_move(
            connection,
            opened.ledger,
            "deployed",
            version=record.version,
            digest=record.digest,
            after=record.replaces_row,
            case_id=case.case_id,
            at=now,
            record={"reviewer": record.reviewer, "approval": approved.seq},
        )
    return finish(opened)


def finish(opened: Opened) -> Deployed:
    """Let the champion's pointer, the anchor and MLflow's alias follow the ledger."""
    opened.ledger.catch_up()
    champion = finish_move(opened)
    warnings = filter(None, [note_in_anchor(opened), mirror_champion(opened, champion)])
    return Deployed(champion=champion, warning=" ".join(warnings) or None)


def reject(opened: Opened, case_id: str, decision: Decision) -> Case:
    """Turn a challenger down; the champion stays, and the artifact stays on record.

    Raises:
        ChurnopsError: the case waits for no approval.
    """
    with opened.state.write() as connection:
        case = opened.cases.move_in(connection, case_id, ("pending_approval",), status="rejected", decision=decision)
        digest = case.challenger.digest if case.challenger else None
        opened.ledger.append_in(
            connection, decision.at, "rejected", case_id, {"challenger": digest, **decision.model_dump(mode="json", exclude={"at"})}
        )
    opened.ledger.catch_up()
    return case


def approvable_until(opened: Opened, case_id: str) -> datetime | None:
    """When the approval of a reported case expires; None without a report."""
    reported = _last_row(opened, case_id, "reported")
    return _expiry(reported, accepted_trust(opened.ledger)) if reported else None


def compared(opened: Opened, case: Case) -> TrainingResult:
    """The training that made the case's challenger.

    Raises:
        IntegrityError: there is none on record.
    """
    digest = case.challenger.digest if case.challenger else None
    for training in opened.cases.trainings(case.case_id):
        if training.result is not None and training.result.digest == digest:
            return training.result
    raise IntegrityError(f"The training of the challenger of case {case.case_id} is not on record.", _AGAIN)


def _expected(opened: Opened, case: Case, decision: Decision, head: str = "") -> ApprovalRecord:
    """The record as case and ledger have it, asked for at `head`, or now; no large file has been read yet."""
    authority = require_authority(opened.workspace, opened.ledger)
    trust = authority.trust
    if case.status != "pending_approval" or case.challenger is None or case.report is None:
        raise ChurnopsError(f"Case {case.case_id} waits for no approval (status: {STATUSES[case.status]}).", "See `churnops reports list`.")
    if _last_row(opened, case.case_id, "approved") is not None:
        raise IntegrityError(f"Case {case.case_id} was approved once; an approval is used once.", _AGAIN)
    reported = _row(opened, case.case_id, "reported", "report", report=case.report.sha256)
    result = compared(opened, case)
    version, digest, metrics = case.challenger.version, case.challenger.digest, digest_of(result)
    _row(opened, case.case_id, "challenged", "challenger", version=version, digest=digest, metrics=metrics)
    if (result.metrics, result.gate) != (case.challenger.metrics, case.challenger.gate):
        raise IntegrityError(f"The metrics of case {case.case_id} were changed.", _AGAIN)
    if case.policy_version != opened.policy.version:
        raise ChurnopsError(f"The policy changed since the report of case {case.case_id}.", _AGAIN)
    _check_time(case, decision.at, _expiry(reported, trust), ledger_time(opened))
    _check_person(opened, case, reported, decision, trust)
    return ApprovalRecord(
        workspace=authority.workspace_id,
        head=head or head_to_seal(opened, authority),
        case_id=case.case_id,
        version=version,
        digest=digest,
        report=case.report.sha256,
        metrics=metrics,
        policy_version=case.policy_version,
        replaces=case.champion.digest,
        replaces_row=_champion(opened, case).ledger_hash,
        **dict(decision),
        expires_at=_expiry(reported, trust),
    )


def _expiry(reported: Entry, trust: Trust) -> datetime:
    return moment(reported.at) + timedelta(hours=trust.expires_hours)


def _champion(opened: Opened, case: Case) -> Champion:
    champion = require_champion(opened.workspace, opened.ledger)
    if champion.digest != case.champion.digest:
        raise ChurnopsError(
            f"The champion moved since this report: it compares with version {case.champion.version}, version {champion.version} serves now.",
            "Reject the case and run `churnops triage` again.",
        )
    return champion


def _check_time(case: Case, at: datetime, expires_at: datetime, now: datetime) -> None:
    if max(at, now) >= expires_at:
        raise ChurnopsError(
            f"Case {case.case_id} could be approved until {expires_at:%Y-%m-%d %H:%M} UTC; its figures are old now.", _AGAIN
        )
    if at > now + CLOCKS_DIFFER or (case.closed_at is not None and at < case.closed_at - CLOCKS_DIFFER):
        raise ChurnopsError(f"The approval is dated {at:%Y-%m-%d %H:%M} UTC, which cannot be.", "Look at the clocks, then approve again.")


def _check_person(opened: Opened, case: Case, reported: Entry, decision: Decision, trust: Trust) -> None:
    if not trust.require_second_person:
        return
    started = {case.person, *reported.body.get("people", ())} - {""}
    # A typed name proves nothing, so where nobody signs the machine's word counts as well.
    approves = {decision.reviewer, opened.person} if trust.mode == "local" else {decision.reviewer}
    if started and not any(same_person(one, other) for one in started for other in approves):
        return
    who = f"{decision.reviewer} is" if started else "Nobody knows"
    raise ChurnopsError(f"{who} who started case {case.case_id}; this workspace asks for a second person.", "Let a colleague review it.")


def same_person(one: str, other: str) -> bool:
    """Whether two names, each `user <e-mail>` or either alone, share one of the two."""

    def names(text: str) -> set[str]:
        user, _, mail = text.casefold().partition("<")
        return {user.strip(), mail.strip(" >")} - {""}

    return bool(names(one) & names(other))


def _check_bytes(opened: Opened, record: ApprovalRecord) -> None:
    path = written_report(opened, record.case_id, record.report)
    if not path.is_file():
        raise IntegrityError(f"The report {path} is gone.", f"Restore it from a backup, or reject the case. {_AGAIN}")
    if digest_of_file(path) != record.report:
        raise IntegrityError(
            f"The report {path} was changed after it was written.", f"Restore it from a backup, or reject the case. {_AGAIN}"
        )
    require_columns(opened, record.version, open_artifact(opened.workspace, record.digest))


def _row(opened: Opened, case_id: str, kind: Kind, what: str, **known: Any) -> Entry:
    """The case's last row of one kind, if it says what is `known`."""
    entry = _last_row(opened, case_id, kind)
    recorded: Mapping[str, Any] = entry.body if entry else {}
    if entry is None or any(recorded.get(name) != value for name, value in known.items()):
        raise IntegrityError(f"The ledger does not know the {what} of case {case_id}.", f"Reject the case. {_AGAIN}")
    return entry


def _last_row(opened: Opened, case_id: str, kind: Kind) -> Entry | None:
    """The case's last ledger row of one kind, its hash checked."""
    rows = [entry.seq for entry in opened.ledger.entries(case_id) if entry.kind == kind]
    return opened.ledger.entry(rows[-1]) if rows else None
