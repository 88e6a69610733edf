"""The human gate: a person approves or rejects a challenger, bound to the bytes of its artifact and its report.

Import contracts keep tools and operators away from this module; a person's commands and the review page use it.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from pipeline.cases import Case, CaseFile, Challenger, Decision, ReportRef
from pipeline.champion import Champion, require_champion
from pipeline.errors import ChurnopsError, IntegrityError
from pipeline.files import digest_of_file, digest_of_folder
from pipeline.ledger import Kind
from pipeline.opened import Opened
from pipeline.promotion import finish_deploy, record_deploy
from reports.filing import report_path


def check_approvable(opened: Opened, case: Case) -> Challenger:
    """The challenger of a case that may be approved as it lies there now.

    Raises:
        ChurnopsError: the case waits for no approval, or the champion it was compared with no longer serves.
        IntegrityError: report or artifact are gone or not the bytes that were recorded.
    """
    if case.status not in {"pending_approval", "approving"} or case.challenger is None or case.report is None:
        raise ChurnopsError(
            f"Case {case.case_id} waits for no approval: it is {case.status.replace('_', ' ')}.", "See `churnops reports list`."
        )
    _check_report(opened, case.case_id, case.report)
    _check_challenger(opened, case.case_id, case.challenger)
    if case.status == "pending_approval":
        _check_champion(opened, case)
    return case.challenger


def approve(opened: Opened, case_id: str, decision: Decision) -> Champion:
    """Deploy a case's challenger. Single use: of two approvals at once, one deploys and the other is refused.

    An approval cut off by a crash is completed by approving the case again.

    Raises:
        ChurnopsError, IntegrityError: as `check_approvable`; nothing has changed then.
    """
    case = opened.cases.get(case_id)
    challenger = check_approvable(opened, case)
    if case.status == "pending_approval":
        _begin(opened, case, challenger, decision)
    opened.ledger.catch_up()  # also when it was cut off before its rows were mirrored
    champion = finish_deploy(opened.workspace, opened.ledger, case_id)
    opened.cases.move(case_id, ("approving",), status="approved")
    return champion


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


def _begin(opened: Opened, case: Case, challenger: Challenger, decision: Decision) -> None:
    """Write the approval down: all of it or nothing, and only while no other one is under way."""
    assert case.report is not None  # check_approvable saw to it
    replaces = case.champion.digest
    approved = {
        "challenger": challenger.digest,
        "report": case.report.sha256,
        "replaces": replaces,
        "policy_version": case.policy_version,
        **decision.model_dump(mode="json", exclude={"at"}),
    }
    with opened.state.write() as connection:
        _check_alone(connection, opened.cases)
        _check_champion(opened, case)  # once more, now that no other approval can begin
        opened.cases.move_in(connection, case.case_id, ("pending_approval",), status="approving", decision=decision)
        opened.ledger.append_in(connection, decision.at, "approved", case.case_id, approved)
        record_deploy(
            connection,
            opened.ledger,
            version=challenger.version,
            digest=challenger.digest,
            case_id=case.case_id,
            at=decision.at,
            record={"replaces": replaces, "reviewer": decision.reviewer},
        )


def _check_alone(connection: Connection, case_file: CaseFile) -> None:
    under_way = case_file.ids_in(connection, "approving")
    if under_way:
        raise ChurnopsError(
            f"The approval of case {under_way[0]} is under way.", "Wait for it, or complete it by approving that case again."
        )


def _check_champion(opened: Opened, case: Case) -> None:
    champion = require_champion(opened.workspace, opened.ledger)
    if champion.digest != case.champion.digest:
        raise ChurnopsError(
            f"The champion moved since this report: it compares with version {case.champion.version}, version {champion.version} serves now.",
            "Reject the case and run `churnops triage` again.",
        )


def _check_report(opened: Opened, case_id: str, report: ReportRef) -> None:
    path = report_path(opened.workspace, case_id)
    recorded = _last_row(opened, case_id, "reported")
    if recorded is None or recorded["report"] != report.sha256:
        raise IntegrityError(f"The ledger does not know the report of case {case_id}.", "Run `churnops triage` again.")
    if not path.is_file():
        raise IntegrityError(f"The report {path} is gone.", "Restore it from a backup, or run `churnops triage` again.")
    if digest_of_file(path) != report.sha256:
        raise IntegrityError(
            f"The report {path} was changed after it was written.", "Restore it from a backup, or run `churnops triage` again."
        )


def _check_challenger(opened: Opened, case_id: str, challenger: Challenger) -> None:
    recorded = _last_row(opened, case_id, "challenged")
    if recorded is None or (recorded["version"], recorded["digest"]) != (challenger.version, challenger.digest):
        raise IntegrityError(f"The ledger does not know the challenger of case {case_id}.", "Run `churnops triage` again.")
    folder = opened.workspace.models / challenger.digest
    if not folder.is_dir():
        raise IntegrityError(
            f"The challenger's artifact {challenger.digest[:12]} is gone.", "Reject the case and run `churnops triage` again."
        )
    try:
        found = digest_of_folder(folder)
    except ValueError:  # it holds a link
        found = ""
    if found != challenger.digest:
        raise IntegrityError(
            f"The bytes of the challenger {challenger.digest[:12]} changed after it passed the gate.",
            "Find out who wrote to it; reject the case and run `churnops triage` again.",
        )


def _last_row(opened: Opened, case_id: str, kind: Kind) -> Mapping[str, Any] | None:
    """Body of the case's last ledger row of one kind, the row's hash checked."""
    rows = [entry.seq for entry in opened.ledger.entries(case_id) if entry.kind == kind]
    return opened.ledger.entry(rows[-1]).body if rows else None
