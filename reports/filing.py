"""Closing a case: the report is written, its sha256 goes to the ledger, and the case takes its status."""

from pathlib import Path

from pipeline.cases import Case, ReportRef, Status
from pipeline.files import digest_of_file, write_atomically
from pipeline.opened import Opened
from pipeline.workspace import Workspace
from reports.audit import Narrative, Verdict, render_audit


def status_of(action: str) -> Status:
    """What people have to do after a case that ends with `action`."""
    if action in {"retrain", "recalibrate"}:
        return "pending_approval"
    return "needs_people" if action in {"fix_data", "collect_labels"} else "no_deploy_needed"


def report_path(workspace: Workspace, case_id: str) -> Path:
    """Where a case's report lies."""
    return workspace.reports / f"{case_id}.md"


def file_report(opened: Opened, case: Case, verdict: Verdict, narrative: Narrative) -> Case:
    """Write the case's audit report, record it, and close the case (a partial one stays open to be resumed)."""
    at = opened.clock()
    text = render_audit(
        case,
        verdict,
        narrative,
        calls=opened.cases.calls(case.case_id),
        trainings=opened.cases.trainings(case.case_id),
        policy=opened.policy,
        reference_sha256=opened.settings.data.sha256,
        written_at=at,
    )
    path = report_path(opened.workspace, case.case_id)
    write_atomically(path, text.encode())
    report = ReportRef(path=str(path), sha256=digest_of_file(path))
    opened.ledger.append(at, "reported", case.case_id, {"report": report.sha256, "status": verdict.status, "action": verdict.action})
    return opened.cases.move(
        case.case_id,
        ("open", "partial"),
        status=verdict.status,
        action=verdict.action,
        mode=verdict.mode,
        operator=verdict.operator,
        report=report,
        closed_at=at,
    )
