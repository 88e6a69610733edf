"""Closing a case: the report is written, its sha256 goes to the ledger, and the case takes its status."""

import hashlib
from pathlib import Path

from pipeline.cases import Case, ReportRef, Status
from pipeline.errors import ChurnopsError
from pipeline.files import write_atomically
from pipeline.opened import Opened
from pipeline.policy import Band
from pipeline.workspace import Workspace
from reports.audit import Narrative, Verdict, render_audit
from reports.harm import Harm, measured_harm


def status_of(action: str, band: Band | None, harm: Harm | None) -> Status:
    """What people have to do after a case that ends with `action`. Watching is enough only where the band does not ask for a
    retraining and no harm was measured."""
    if action in {"retrain", "recalibrate"}:
        return "pending_approval"
    if action in {"fix_data", "collect_labels"} or band == "retrain" or (harm is not None and harm.beyond_chance):
        return "needs_people"
    return "no_deploy_needed"


def report_path(workspace: Workspace, case_id: str) -> Path:
    """Where a case's report lies."""
    return workspace.reports / f"{case_id}.md"


def file_report(opened: Opened, case: Case, verdict: Verdict, narrative: Narrative) -> Case:
    """Write the case's audit report, record it, and close the case (a partial one stays open to be resumed).

    Raises:
        ChurnopsError: the case is closed, or a training of it ended meanwhile; neither report nor record has changed then.
    """
    at = opened.clock()
    text = render_audit(
        case,
        verdict,
        narrative,
        harm=measured_harm(opened.cases.calls(case.case_id)),
        calls=opened.cases.calls(case.case_id),
        trainings=opened.cases.trainings(case.case_id),
        policy=opened.policy,
        reference_sha256=opened.settings.data.sha256,
        written_at=at,
    ).encode()
    path = report_path(opened.workspace, case.case_id)
    report = ReportRef(path=str(path), sha256=hashlib.sha256(text).hexdigest())
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
            closed_at=at,
        )
        if closed.challenger != case.challenger:
            raise ChurnopsError(f"A training of case {case.case_id} ended while its report was written.", "Write the report again.")
        body = {"report": report.sha256, "status": verdict.status, "action": verdict.action}
        opened.ledger.append_in(connection, at, "reported", case.case_id, body)
        write_atomically(path, text)
    opened.ledger.catch_up()
    return closed
