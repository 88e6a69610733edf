"""The main screens with invented cases, drawn as SVG at three widths. `python -m tests.agent.views.screens` writes them anew: look at each one
before you commit it."""

import io
import re
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.segment import Segment, Segments
from rich.text import Text

from agent.views.cases_view import cases_table
from agent.views.drift_view import drift_view
from agent.views.report_view import report_view
from agent.views.status_view import roc_auc_line, status_lines
from agent.views.theme import rich_theme
from agent.views.verdict_view import ShownAnswer, approval_question, case_verdict, diagnosis_verdict
from pipeline.diagnosis.finding import Finding
from pipeline.drift.summary import DriftSummary
from pipeline.profiles.distribution import Distribution, ValueShare
from pipeline.record.cases import Case, Waiting
from pipeline.state.check_figures import CheckFigures, IntervalFigure
from reports.decisions.case_status import Standing
from reports.decisions.workspace_status import ServingChampion, WorkspaceStatus
from reports.workspace_history import KnownOutcomes, LoggedRows
from tests.conftest import NOON
from tests.reports.record import a_case, a_challenger, policy, report, trainings_of
from tests.reports.test_first_page import ENDS, PENDING, a_result, a_told_case, found_of, level, page_of, segment_finding
from tests.tools.desk import drift_of

SHARES = ((0.3, 0.02), (0.2, 0.05), (0.1, 0.1), (0.05, 0.2), (0.05, 0.3), (0.3, 0.33))
NUMBER = Distribution(
    feature="TotalCharges",
    numerical=True,
    parts=tuple(ValueShare(label=f"{1500 * at} to {1500 * at + 1500}", reference=was, window=now) for at, (was, now) in enumerate(SHARES)),
    missing=ValueShare(label="missing", reference=0.0, window=0.12),
)
CATEGORY = Distribution(
    feature="Contract",
    numerical=False,
    parts=tuple(
        ValueShare(label=label, reference=was, window=now)
        for label, was, now in (("Month-to-month", 0.55, 0.0), ("monthly", 0.0, 0.55), ("One year", 0.21, 0.21), ("Two year", 0.24, 0.24))
    ),
    missing=ValueShare(label="missing", reference=0.0, window=0.0),
)
FOLDER = Path(__file__).parent / "screens"
LINES = 48  # two screens of a small terminal: what is further down is not what people see
FORMS = {"80": (80, False), "120": (120, False), "80-no-colour": (80, True)}


@cache
def screens() -> dict[str, RenderableType | ShownAnswer]:
    """The screens by name."""
    found = found_of("concept_drift", segment_finding(), level(19.5), column="TotalCharges")
    case = a_told_case(found, challenger=a_challenger(), status="pending_approval", action="retrain", operator="rulebook", drift=_drift())
    page, result = page_of(case, result=a_result()), a_result()
    assert case.window is not None
    broken = found_of("data_fault", spelt_anew(), column="Contract")
    told = a_told_case(broken, status="needs_people", action="fix_data")
    text = report(case, PENDING, trainings=trainings_of(passed=True))
    closed = a_case(0.05, case_id="2026-11-14-77c1d0", status="needs_people", action="fix_data", diagnosis=found_of("data_fault"))
    stands = {case.case_id: Standing("waits for approval"), closed.case_id: Standing("needs people")}
    return {
        "status": Group(*(Text(line) for line in (*status_lines(_status(case)), roc_auc_line(_looks())))),
        "drift": drift_view(_drift(), policy()),
        "diagnose": diagnosis_verdict(found, case.window, (), "churnops triage -w /srv/churn", NUMBER),
        "triage": case_verdict(page, found, NUMBER),
        "fault": case_verdict(page_of(told, ENDS["data_fault"]), broken, CATEGORY),
        "list": cases_table((case, closed), stands),
        "show": report_view(case, stands[case.case_id], text, result, policy()),
        "approve": approval_question(page, case, "4", result),
    }


def drawn(screen: RenderableType | ShownAnswer, width: int, no_colour: bool) -> str:
    """The screen as SVG, without the fonts that an SVG of Rich's fetches."""
    console = Console(
        file=io.StringIO(),
        record=True,
        width=width,
        height=24,
        highlight=False,
        color_system="truecolor",
        force_terminal=True,
        theme=rich_theme(),
    )
    console.no_color = no_colour
    if isinstance(screen, ShownAnswer):
        screen.print_on(console)
    else:
        lines = console.render_lines(screen, pad=False)[:LINES]
        console.print(Segments([part for line in lines for part in (*line, Segment.line())]), end="")
    svg = console.export_svg(title="churnops", unique_id="screen")
    return "".join(f"{line.rstrip()}\n" for line in re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL).splitlines())


def names() -> list[tuple[str, str]]:
    """Each screen in each form."""
    return [(name, form) for name in screens() for form in FORMS]


def spelt_anew() -> Finding:
    """A column whose values are spelt otherwise."""
    return Finding(
        family="data", name="renamed_category", column="Contract", strength=0.4, unit="share", n=4000, argues_for=("data_fault",),
        said="`Contract` has “monthly” in 55% of the rows, where it had “Month-to-month”.",
    )  # fmt: skip


def _looks() -> list[tuple[datetime, CheckFigures]]:
    values = [0.86, 0.85, 0.86, 0.83, 0.79, 0.74]
    told = [IntervalFigure(value=value, low=value - 0.02, high=value + 0.02) for value in values]
    return [(NOON + timedelta(days=7 * at), CheckFigures(rows=4000, measured=one)) for at, one in enumerate(told)]


def _drift() -> DriftSummary:
    drift = drift_of(0.42, 900, "evaluate")
    quiet = drift.features[0].model_copy(update={"name": "gender", "score": 0.01, "drifted": False, "calibrated": False, "change": "none"})
    return drift.model_copy(update={"features": (*drift.features, quiet)})


def _status(case: Case) -> WorkspaceStatus:
    return WorkspaceStatus(
        champion=ServingChampion(version="3", digest="c" * 64, since=NOON),
        waiting=Waiting(case_id=case.case_id, version="4"),
        well=False,
        why="The last triage found: concept drift in TotalCharges.",
        newest_prediction=NOON,
        newest_outcome=NOON,
        open_cases=(),
        looked=None,
        changed=(),
        predictions=LoggedRows(rows=4000, newest=NOON, per_day={}),
        outcomes=KnownOutcomes(customers=400, newest=NOON),
    )


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, screen in screens().items():
        for form, (width, no_colour) in FORMS.items():
            (FOLDER / f"{name}-{form}.svg").write_text(drawn(screen, width, no_colour), encoding="utf-8")
