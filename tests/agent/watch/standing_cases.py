"""Cases put on record as a triage would have left them, without the minutes that one takes."""

from datetime import datetime, timedelta
from typing import Any

from pipeline.diagnosis.diagnosis import Diagnosis
from pipeline.record.cases import Case, ModelRef, ReportRef, Status
from pipeline.record.opened_workspace import Opened
from pipeline.state.checks import Check, record_check

FAULT = {"cause": "data_fault", "action": "fix_data", "rule": "broken_data", "said": "All values of tenure are 0."}


def diagnosis(**values: Any) -> Diagnosis:
    told = {**FAULT, "confidence": 0.91, "column": "tenure", "mode": None, "findings": (), "blind_spots": (), "runner_up": None}
    return Diagnosis(**{**told, **values})


def put_open_case(opened: Opened, *, started_by: str, champion: str = "d" * 64, key: str = "") -> Case:
    """A case that nobody closed, of the window `key`; of one like any other at this moment unless given."""
    now = opened.clock()
    return opened.cases.open(
        Case(
            case_id=f"{now:%Y-%m-%d}-case",
            key=key or f"{now}",
            kind="triage",
            opened_at=now,
            started_by=started_by,
            policy_version="p",
            champion=ModelRef(version="1", digest=champion),
        )
    )


def put_case(
    opened: Opened, status: Status, *, found: Diagnosis | None = None, champion: str = "d" * 64, key: str = "", **more: Any
) -> Case:
    """A triage that was closed now with `status`."""
    now = opened.clock()
    case = put_open_case(opened, started_by="triage", champion=champion, key=key)
    report = ReportRef(path=f"/reports/{case.case_id}.md", sha256="0" * 64)
    found = found or diagnosis()
    return opened.cases.move(case.case_id, ("open",), status=status, diagnosis=found, report=report, closed_at=now, **more)


def put_check(opened: Opened, status: str, case: Case | None = None, **more: Any) -> None:
    """A check that ended now."""
    now: datetime = opened.clock()
    values = {"case_id": case.case_id if case else None, "newest_prediction": None, "said": "It said so.", "by": "host:1"}
    record_check(opened.state, Check(now - timedelta(seconds=1), now, status, **{**values, **more}))
