"""One case as the page shows it: what happened, how sure, what changes for whom, and what to decide."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from markupsafe import Markup

from pipeline.atomic_files import digest_of_file
from pipeline.diagnosis.diagnosis import Diagnosis
from pipeline.errors import ChurnopsError
from pipeline.explanation.tier_moves import TierMoves
from pipeline.profiles.distribution import Distribution
from pipeline.record.cases import Case, TrainingResult, concluded
from pipeline.record.opened_workspace import Opened
from pipeline.shown_text import plain
from reports.comparison_notes import notes
from reports.decision_summary import Outlook, outlook, training_of
from reports.decisions.case_status import Standing, standing_of
from reports.explanation_charts import beeswarm_svg, dependence_svg
from reports.explanation_page import filed_explanation, moves_said
from reports.filing import page_of, report_path, written_report
from reports.first_page.happened import headline
from reports.first_page.page import FirstPage
from reports.model_comparison import Difference, differences
from reports.shadow_challenger import shadow_challenger
from reports.web.review_page.case_window import moved_features
from reports.web.review_page.decision_form import Gate, gate_of
from reports.web.review_page.drift_bars import DriftBar, drift_bars
from reports.web.review_page.measure_rows import MeasureRow, measure_rows
from reports.web.review_page.reliability_plot import ReliabilityPlot, reliability_plot
from reports.web.review_page.tier_bars import Segment, tier_bars

_BARS = 3  # at first sight; the others are behind a click
_SENTENCE = 320  # characters of a finding

Written = Literal["as written", "changed", "gone", "none"]


@dataclass(frozen=True)
class CaseView:
    """All that the page of a case shows. `lead`: what it was about, where the headline says what came of it. Texts from data are cut, and escaped
    by the template."""

    case: Case
    standing: Standing
    page: FirstPage
    lead: str
    found: Diagnosis | None
    evidence: tuple[str, ...]
    bars: tuple[DriftBar, ...]
    more_bars: tuple[DriftBar, ...]
    distributions: tuple[Distribution, ...]
    no_distributions: str
    measures: tuple[MeasureRow, ...]
    differences: tuple[Difference, ...]
    notes: tuple[str, ...]
    result: TrainingResult | None
    reliability: ReliabilityPlot | None
    tiers: Mapping[str, tuple[Segment, ...]] | None
    outlook: Outlook
    gate: Gate | None
    report: Written
    has_html: bool
    reviewer: str
    live: str
    charts: tuple[Markup, ...]
    moves: TierMoves | None
    moves_said: str


def case_view(opened: Opened, case: Case) -> CaseView:
    """The page's view of a case, from its record, its report and the log."""
    result, found = training_of(case, opened.cases.trainings(case.case_id)), concluded(case)
    standing = standing_of(opened, case)
    said = tuple(plain(finding.said, _SENTENCE) for finding in found.findings if finding.notable) if found else ()
    bars = drift_bars(case.drift) if case.drift else ()
    seen, unseen = moved_features(opened, case)
    explained = filed_explanation(opened.workspace.explanations / case.case_id)
    return CaseView(
        case=case,
        standing=standing,
        page=page_of(opened, case),
        lead=headline(found) if found and standing.headline and case.kind != "deploy" else "",
        found=found,
        evidence=said,
        bars=bars[:_BARS],
        more_bars=bars[_BARS:],
        distributions=seen,
        no_distributions=unseen,
        measures=measure_rows(result) if result else (),
        differences=differences(result) if result else (),
        notes=tuple(notes(result, opened.policy.gate.confidence)) if result else (),
        result=result,
        reliability=reliability_plot(result) if result else None,
        tiers=tier_bars(result.tier_flow) if result and result.tier_flow else None,
        outlook=outlook(case, result, opened.policy.training.cooldown_hours, expired=standing.expired),
        gate=gate_of(opened, case),
        report=_written(opened, case),
        has_html=evidently_html(opened, case).is_file(),
        reviewer=opened.person,
        live=_on_live_customers(opened, case),
        charts=(Markup(beeswarm_svg(explained)), *(Markup(dependence_svg(one, explained.unit)) for one in explained.features[:2]))
        if explained
        else (),
        moves=explained.moves if explained else None,
        moves_said=moves_said(explained.moves) if explained and explained.moves else "",
    )


def _on_live_customers(opened: Opened, case: Case) -> str:
    """What live customers say of the model that the case is about: the deployed one, or the challenger in the shadow; empty where nothing."""
    if case.kind == "deploy":
        return next((plain(str(call.result.get("said", "")), _SENTENCE) for call in opened.cases.calls(case.case_id)), "")
    try:
        shadow = shadow_challenger(opened) if case.status == "pending_approval" else None
    except ChurnopsError:  # said by the gate of the decision
        return ""
    return shadow.said if shadow is not None and shadow.case_id == case.case_id else ""


def evidently_html(opened: Opened, case: Case) -> Path:
    """Where Evidently's own report of the case lies, if somebody made one."""
    return report_path(opened.workspace, case.case_id).with_suffix(".html")


def _written(opened: Opened, case: Case) -> Written:
    if case.report is None:
        return "none"
    path = written_report(opened, case.case_id, case.report.sha256)
    if not path.is_file():
        return "gone"
    return "as written" if digest_of_file(path) == case.report.sha256 else "changed"
