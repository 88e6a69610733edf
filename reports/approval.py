"""The human gate: a person approves or rejects a challenger, bound to the bytes of its artifact and its report.

Import contracts keep tools and operators away from this module; a person's commands and the review page use it.
"""

from sqlalchemy import Connection

from pipeline.cases import Case, CaseFile, Challenger, Decision, ReportRef
from pipeline.champion import Champion, require_champion
from pipeline.errors import ChurnopsError, IntegrityError
from pipeline.files import digest_of_file, digest_of_folder
from pipeline.opened import Opened
from pipeline.promotion import deploy, finish_deploy
from pipeline.workspace import Workspace
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
    _check_artifact(opened.workspace, case.challenger)
    if case.status == "pending_approval":
        _check_champion(opened, case)
    return case.challenger


def approve(opened: Opened, case_id: str, decision: Decision) -> Champion:
    """Deploy a case's challenger. Single use: of two approvals at once, one deploys and the other is refused.

    An approval cut off by a crash is completed by approving the case again.

    Raises:
        ChurnopsError, IntegrityError: as `check_approvable`; nothing has changed then.
    """
    case_file = opened.cases
    case = case_file.get(case_id)
    challenger = check_approvable(opened, case)
    if case.status == "approving":
        champion = _resume(opened, case, challenger, decision)
    else:
        assert case.report is not None  # check_approvable saw to it
        record = {
            "challenger": challenger.digest,
            "report": case.report.sha256,
            "replaces": case.champion.digest,
            "policy_version": case.policy_version,
            **decision.model_dump(mode="json", exclude={"at"}),
        }
        with opened.state.write() as connection:
            _check_alone(connection, case_file)
            _check_champion(opened, case)  # once more, now that no other approval can begin
            case_file.move_in(connection, case_id, ("pending_approval",), status="approving", decision=decision)
            opened.ledger.append_in(connection, decision.at, "approved", case_id, record)
        opened.ledger.catch_up()
        champion = _deploy(opened, case, challenger, decision)
    case_file.move(case_id, ("approving",), status="approved")
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


def _deploy(opened: Opened, case: Case, challenger: Challenger, decision: Decision) -> Champion:
    record = {"replaces": case.champion.digest, "reviewer": decision.reviewer}
    return deploy(
        opened.workspace,
        opened.ledger,
        version=challenger.version,
        digest=challenger.digest,
        case_id=case.case_id,
        at=decision.at,
        record=record,
    )


def _resume(opened: Opened, case: Case, challenger: Challenger, decision: Decision) -> Champion:
    """Complete an approval that was cut off after its ledger row, wherever it stopped."""
    if any(entry.kind == "deployed" for entry in opened.ledger.entries(case.case_id)):
        return finish_deploy(opened.workspace, opened.ledger, case.case_id)
    _check_champion(opened, case)
    return _deploy(opened, case, challenger, case.decision or decision)


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
    recorded = [entry.body.get("report") for entry in opened.ledger.entries(case_id) if entry.kind == "reported"]
    if not recorded or recorded[-1] != report.sha256:
        raise IntegrityError(f"The ledger does not know the report of case {case_id}.", "Run `churnops triage` again.")
    if not path.is_file():
        raise IntegrityError(f"The report {path} is gone.", "Restore it from a backup, or run `churnops triage` again.")
    if digest_of_file(path) != report.sha256:
        raise IntegrityError(
            f"The report {path} was changed after it was written.", "Restore it from a backup, or run `churnops triage` again."
        )


def _check_artifact(workspace: Workspace, challenger: Challenger) -> None:
    folder = workspace.models / challenger.digest
    if not folder.is_dir():
        raise IntegrityError(
            f"The challenger's artifact {challenger.digest[:12]} is gone.", "Reject the case and run `churnops triage` again."
        )
    if digest_of_folder(folder) != challenger.digest:
        raise IntegrityError(
            f"The bytes of the challenger {challenger.digest[:12]} changed after it passed the gate.",
            "Find out who wrote to it; reject the case and run `churnops triage` again.",
        )
