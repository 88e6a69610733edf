"""Closing a case: the report is written, its sha256 goes to the ledger, and the case takes its status."""

import hashlib
import os
import re
from datetime import datetime, timedelta
from pathlib import Path

from pipeline.atomic_files import digest_of_file, sync_folder, write_atomically
from pipeline.diagnosis.diagnosis import Diagnosis
from pipeline.errors import ChurnopsError
from pipeline.own_file import require_no_link
from pipeline.record.authority import accepted_trust
from pipeline.record.case_id import checked_case_id
from pipeline.record.cases import Case, ReportRef, Status
from pipeline.record.opened_workspace import Opened
from pipeline.workspace.folder import Workspace
from pipeline.workspace.policy import Band
from pipeline.workspace.settings import set_from_environment
from pipeline.workspace.shared_files import SharedFiles
from reports.audit import AuditReport, render_audit
from reports.decision_summary import training_of
from reports.first_page.page import FirstPage, Setting, first_page
from reports.harm import Harm, measured_harm
from reports.number_sources import appendix_name
from reports.requested_decision import ASKS_PEOPLE, beside_waiting, supersedes
from reports.verdict import Narrative, Verdict


def status_of(action: str, band: Band | None, diagnosis: Diagnosis | None, harm: Harm | None) -> Status:
    """What people have to do after a case that ends with `action`. Watching is enough only where neither the diagnosis nor, in its
    absence, the band asks for more, and no harm was measured. A window that is too small for a verdict is no all-clear."""
    if action in {"retrain", "recalibrate"}:
        return "pending_approval"
    asks = band == "retrain" if diagnosis is None else diagnosis.action != "monitor" or diagnosis.cause == "unsure"
    if action in ASKS_PEOPLE or asks or (harm is not None and harm.beyond_chance):
        return "needs_people"
    ruled = diagnosis is not None and diagnosis.rule == "overruled"
    return "not_enough_data" if band == "not_enough_data" and not ruled else "no_deploy_needed"


def report_path(workspace: Workspace, case_id: str) -> Path:
    """Where a case's report lies: nowhere but in the folder of reports.

    Raises:
        DataError: it is no id of a case.
        IntegrityError: a link lies there.
    """
    return require_no_link(workspace.reports / f"{checked_case_id(case_id)}.md")


def written_report(opened: Opened, case_id: str, sha256: str) -> Path:
    """Where a case's report lies, which need not be there. Where hosts share no disk, the one with this digest is brought first, if the folder
    has another or none.

    Raises:
        DataError, IntegrityError: as `report_path`.
        WorkspaceError: the object store does not answer.
    """
    path, shared = report_path(opened.workspace, case_id), opened.workspace.shared
    if shared is None or (path.is_file() and digest_of_file(path) == sha256):
        return path
    name = _shared_name(case_id, sha256)
    text, sources = shared.get(name), shared.get(f"{name}.sources")
    if text is not None and hashlib.sha256(text).hexdigest() == sha256:
        if sources is not None:
            write_atomically(path.with_name(appendix_name(path.stem)), sources)
        write_atomically(path, text)
    return path


def report_here(opened: Opened, case_id: str, report: ReportRef) -> ReportRef:
    """The report in this folder, which may be another one than it was written in; errors as `written_report`."""
    return report.model_copy(update={"path": str(written_report(opened, case_id, report.sha256))})


def share_report(shared: SharedFiles, case_id: str, report: Path, sources: Path) -> None:
    """Put a report, and what its numbers link to, where hosts share files.

    Raises:
        WorkspaceError: the object store does not answer.
    """
    name = _shared_name(case_id, digest_of_file(report))
    if sources.is_file():
        shared.put(f"{name}.sources", sources)
    shared.put(name, report)


def has_report(shared: SharedFiles, case_id: str, report: Path) -> bool:
    """Whether the store has this report, byte by byte; errors as `share_report`."""
    digest = digest_of_file(report)
    text = shared.get(_shared_name(case_id, digest))
    return text is not None and hashlib.sha256(text).hexdigest() == digest


def appendix_of(report: Path) -> str:
    """What the numbers of a report link to; empty where it is gone, or not as the report names it."""
    path = report.with_name(appendix_name(report.stem))
    named = re.search(rb'^sources_sha256: "?([0-9a-f]{64})', report.read_bytes(), re.MULTILINE)
    if named is None or not path.is_file() or hashlib.sha256(content := path.read_bytes()).hexdigest() != named[1].decode():
        return ""
    return content.decode()


def file_report(opened: Opened, case: Case, verdict: Verdict, narrative: Narrative) -> Case:
    """Write the case's audit report, record it, and close the case (a partial one stays open to be resumed).

    Raises:
        ChurnopsError: the case is closed, or a training of it ended meanwhile; neither report nor record has changed then.
    """
    at = opened.clock()
    waiting = opened.cases.waiting(case.champion.digest, beside=case.case_id)
    superseded = waiting if supersedes(case, verdict.status, verdict.action) else None
    rendered = render_audit(
        case,
        verdict,
        narrative,
        harm=measured_harm(opened.cases.calls(case.case_id)),
        calls=opened.cases.calls(case.case_id),
        trainings=opened.cases.trainings(case.case_id),
        setting=_setting(opened, at),
        reference_sha256=opened.settings.data.sha256,
        from_environment=set_from_environment(os.environ),
        written_at=at,
        beside="" if waiting is None else beside_waiting(waiting, superseded=superseded is not None),
    )
    text = rendered.text.encode()
    path = report_path(opened.workspace, case.case_id)
    report = ReportRef(path=str(path), sha256=hashlib.sha256(text).hexdigest())
    # The bytes are on disk before the ledger names them, and in their place only afterwards: a kill leaves the old report or the new.
    staged = _staged(opened.workspace, case.case_id, report)
    write_atomically(staged.with_suffix(".sources"), rendered.appendix.encode())
    write_atomically(staged, text)
    if opened.workspace.shared is not None:
        share_report(opened.workspace.shared, case.case_id, staged, staged.with_suffix(".sources"))
    try:
        closed = _close(opened, case, verdict, report, at, superseded, rendered)
    except ChurnopsError:
        staged.unlink(missing_ok=True)
        staged.with_suffix(".sources").unlink(missing_ok=True)
        raise
    opened.ledger.catch_up()
    finish_report(opened, case.case_id)
    return closed


def page_of(opened: Opened, case: Case) -> FirstPage:
    """The first page of a case on record as it stands, in the words of its report."""
    partial = "It is not finished." if case.status == "partial" else ""
    verdict = Verdict(case.status, case.action, case.mode, case.operator or "", "", partial)
    result = training_of(case, opened.cases.trainings(case.case_id))
    harm = measured_harm(opened.cases.calls(case.case_id))
    return first_page(case, verdict, result, harm, _setting(opened, case.closed_at or opened.clock()), case.own_words)


def _setting(opened: Opened, at: datetime) -> Setting:
    until = at + timedelta(hours=accepted_trust(opened.ledger).expires_hours)
    return Setting(opened.workspace.root, opened.policy, opened.settings.value, until, opened.cases.all())


def _close(
    opened: Opened, case: Case, verdict: Verdict, report: ReportRef, at: datetime, superseded: Case | None, rendered: AuditReport
) -> Case:
    # One transaction: of two reports at once, one closes the case and the other never touches the file that people approve.
    with opened.state.write() as connection:
        closed = opened.cases.move_in(
            connection,
            case.case_id,
            ("open", "partial"),
            status=verdict.status,
            action=verdict.action,
            mode=verdict.mode,
            operator=verdict.operator,
            report=report,
            unsourced=rendered.unsourced,
            own_words=rendered.own_words,
            disagreed=verdict.disagreed is not None,
            closed_at=at,
        )
        if closed.challenger != case.challenger:
            raise ChurnopsError(f"A training of case {case.case_id} ended while its report was written.", "Write the report again.")
        if superseded is not None:
            withdrawn = {"status": "superseded", "superseded_by": case.case_id}
            opened.cases.move_in(connection, superseded.case_id, ("pending_approval",), **withdrawn)
            opened.ledger.append_in(connection, at, "superseded", superseded.case_id, {"by": case.case_id})
        people = sorted({case.person, opened.person} - {""})
        body = {"report": report.sha256, "status": verdict.status, "action": verdict.action, "people": people}
        opened.ledger.append_in(connection, at, "reported", case.case_id, body)
    return closed


def finish_report(opened: Opened, case_id: str) -> bool:
    """Put the report that a case's record names in its place, if it still waits beside it; says whether it did."""
    with opened.ledger.held():  # a report that was slow never overwrites a later one
        report = opened.cases.get(case_id).report
        staged = _staged(opened.workspace, case_id, report) if report else None
        if staged is None or not staged.is_file():
            return False
        path = report_path(opened.workspace, case_id)
        if (beside := staged.with_suffix(".sources")).is_file():
            os.replace(beside, path.with_name(appendix_name(case_id)))
        os.replace(staged, path)
        sync_folder(path.parent)
    return True


def unfinished_reports(opened: Opened) -> tuple[str, ...]:
    """Ids of the cases for which a kill may have left a report beside its place."""
    beside = {path.name.split(".")[1] for path in opened.workspace.reports.glob(".*.md")}
    return tuple(sorted(beside & {case.case_id for case in opened.cases.all()})) if beside else ()


def _shared_name(case_id: str, sha256: str) -> str:
    """Each version of a report has a place of its own."""
    return f"reports/{case_id}.{sha256}"


def _staged(workspace: Workspace, case_id: str, report: ReportRef) -> Path:
    return workspace.reports / f".{case_id}.{report.sha256}.md"
