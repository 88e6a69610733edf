"""A report at the terminal: its words as they were written, its tables drawn anew so that they fit a narrow window too."""

import re
from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.markdown import Markdown
from rich.table import Table
from rich.text import Text

from agent.views.diagnosis_view import diagnosis_view
from agent.views.drift_view import drift_view
from agent.views.theme import BAD, DETAIL, GOOD, LOOK
from pipeline.measures.risk_tiers import TIERS, TierFlow
from pipeline.record.cases import Case, TrainingResult, concluded
from pipeline.shown_text import plain
from pipeline.workspace.policy import Policy
from reports.comparison_notes import notes, profit_figure, profit_label
from reports.decision_summary import Outlook, outlook
from reports.decisions.case_status import Standing
from reports.markdown_cells import MEASURES, figure
from reports.model_comparison import differences
from reports.number_sources import without_links
from reports.report_sections import TITLES, sections

_HEADLINE = re.compile(r"^# .*$", re.MULTILINE)
_COLOURS = {"better": GOOD, "worse": BAD, "no clear difference": DETAIL}


def report_view(case: Case, standing: Standing, report: str, result: TrainingResult | None, policy: Policy) -> Group:
    """What a person reads of a case at the terminal.

    Args:
        case: as it stands now.
        standing: what came of it since the report was written.
        report: the Markdown that was written when it was closed.
        result: the training to show beside the champion.
        policy: says when another case may train.
    """
    return Group(
        *_parts(case, standing, report, result, outlook(case, result, policy.training.cooldown_hours, expired=standing.expired), policy)
    )


def _parts(
    case: Case, standing: Standing, report: str, result: TrainingResult | None, ahead: Outlook, policy: Policy
) -> Iterator[RenderableType]:
    # The file may have been changed since: nothing in it may steer the terminal.
    words = "".join(character if character.isprintable() or character == "\n" else " " for character in without_links(report))
    head, parts = sections(words)
    if standing.headline:
        yield Text(standing.headline, style="bold underline", justify="center")
        head = _HEADLINE.sub("", head, count=1)
    yield _markdown(head)
    if case.decision is not None:
        yield Text(f"Decided since: {plain(ahead.now, 2_000)}", style="bold")
    found = concluded(case)
    for part in parts:
        if part.name == "dates" and found is not None:
            continue  # told with the diagnosis
        title = _title(TITLES[part.name])
        if part.name == "diagnosis" and found is not None and case.window is not None:
            yield from (
                title,
                diagnosis_view(found, case.window.rows, case.window.labelled_rows, case.window.customers, case.window.windows),
            )
        elif part.name == "drift" and case.drift is not None:
            yield from (title, drift_view(case.drift, policy))
        elif part.name == "models" and result is not None:
            yield from (_title("Champion and challenger"), *_models(result, policy.gate.confidence))
        elif part.name != "decision" or not standing.headline:
            yield from (Text(), _markdown(part.text))
    if case.decision is None:
        yield from (_title("What happens next"), Text(ahead.now))
        for answer, follows in (("Approved: ", ahead.if_approved), ("Rejected: ", ahead.if_rejected)):
            if follows:
                yield Text.assemble((answer, "bold"), follows)


def _markdown(text: str) -> Markdown:
    return Markdown(text, hyperlinks=False)  # a terminal's link hides where it leads


def _title(name: str) -> Text:
    return Text(f"\n{name}", style="bold underline")


def _models(result: TrainingResult, confidence: float) -> Iterator[RenderableType]:
    yield Text(f"On the same {result.metrics.n:,} rows, {result.whether_unseen()}; brackets are intervals.", style=DETAIL)
    table = Table("measure", box=None, header_style=DETAIL, pad_edge=False)
    for name in ("champion", "challenger"):
        table.add_column(name, justify="right")
    for name, label in MEASURES:
        models = (result.champion_metrics, result.metrics)
        table.add_row(label, *("–" if metrics is None else figure(getattr(metrics, name)) for metrics in models))
    yield table
    if result.profit is not None:
        table.add_row(profit_label(result.profit), profit_figure(result.profit.champion), profit_figure(result.profit.candidate))
    for one in differences(result):
        yield Text.assemble(f"{one.label}: {one.said}, ", (one.verdict, _COLOURS[one.verdict]))
    for check in result.gate.checks:
        colour = BAD if not check.passed else LOOK if check.warns else GOOD
        yield Text.assemble((f"{check.mark} ", colour), (check.rule, "bold"), f": {check.said}")
    yield from map(Text, notes(result, confidence))
    if result.serving is not None:
        yield Text(result.serving.said())
    yield _title("Customers per risk tier")
    yield from [Text("Not recorded for this training.", style=DETAIL)] if result.tier_flow is None else _tiers(result.tier_flow)


def _tiers(flow: TierFlow) -> Iterator[RenderableType]:
    table = Table("tier", box=None, header_style=DETAIL, pad_edge=False)
    for name in ("champion", "challenger"):
        table.add_column(name, justify="right")
    for tier in reversed(TIERS):
        table.add_row(tier, f"{flow.before(tier):,}", f"{flow.after(tier):,}")
    yield table
    yield Text(flow.said())
