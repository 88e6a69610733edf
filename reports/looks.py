"""What each look at the model measured, oldest first: checks, and cases that no check opened."""

from collections.abc import Sequence
from datetime import datetime

from pipeline.record.cases import Case
from pipeline.record.opened_workspace import Opened
from pipeline.state.check_figures import CheckFigures, IntervalFigure
from pipeline.state.checks import done_checks
from reports.harm import measured_harm
from reports.markdown_cells import strength

_CHECKS, _CASES = 120, 30  # the newest


def measured_looks(opened: Opened, cases: Sequence[Case]) -> list[tuple[datetime, CheckFigures]]:
    """When each of them was, and what it measured. `cases`: newest first."""
    checks = done_checks(opened.state, _CHECKS)
    of_checks = {check.case_id for check in checks}
    found = [(check.started_at, check.figures) for check in checks if check.figures is not None]
    alone = [case for case in cases if case.kind == "triage" and case.case_id not in of_checks][:_CASES]
    return sorted([*found, *((case.opened_at, _figures(opened, case)) for case in alone)], key=lambda look: look[0])


def _figures(opened: Opened, case: Case) -> CheckFigures:
    drift, expected = case.drift, case.diagnosis.expected if case.diagnosis else None
    harm = measured_harm(opened.cases.calls(case.case_id))
    known = case.window.labelled_rows if case.window else 0
    return CheckFigures(
        rows=drift.current_rows if drift else 0,
        expected=IntervalFigure(value=expected.roc_auc, low=expected.low, high=expected.high)
        if expected and expected.roc_auc is not None
        else None,
        measured=IntervalFigure(value=harm.now.value, low=harm.now.low, high=harm.now.high) if harm else None,
        churn_rate=case.window.labelled_churners / known if case.window and known else None,
        drift={feature.name: strength(feature) for feature in drift.features} if drift else {},
    )
