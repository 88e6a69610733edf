"""The answer on the terminal, last and in a frame: what happened, how sure, what to do; below it the commands, which are never broken."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from agent.views.distribution_view import distribution_view
from agent.views.theme import DETAIL, LOOK, colour_of
from pipeline.diagnosis.diagnosis import Diagnosis
from pipeline.profiles.distribution import Distribution
from pipeline.record.cases import Case, TrainingResult, WindowFacts
from pipeline.shown_text import plain
from pipeline.words import ACTIONS
from reports.first_page.answers import Answer
from reports.first_page.confidence import confidence_words
from reports.first_page.happened import happened, headline
from reports.first_page.page import FirstPage, Step, unknown
from reports.first_page.timing_words import timing_words


@dataclass(frozen=True)
class ShownAnswer:
    """An answer to show: the framed part, and who does what by which command."""

    frame: Panel
    steps: Sequence[Step]

    def print_on(self, console: Console) -> None:
        """The commands run over the edge of a narrow terminal rather than break."""
        console.print(self.frame)
        for step in self.steps:
            told = f": {step.what}" if step.what else ":"
            console.print(Text.assemble((step.who, "bold"), told))
            for line in step.commands:
                console.print(f"  {line}", markup=False, soft_wrap=True)


def diagnosis_verdict(
    found: Diagnosis, window: WindowFacts, cases: Sequence[Case], triage: str, seen: Distribution | None = None
) -> ShownAnswer:
    """The answer of a diagnosis that opened no case. `cases` are the workspace's, `triage` is the command that would open one, `seen` is the
    column that it names."""
    told = [*happened(window, found), *filter(None, (timing_words(found.timing),)), confidence_words(found, cases)]
    asks = f"So: {ACTIONS[found.action].means}."
    if found.owners:
        asks += f" Call: {', '.join(plain(owner, 200) for owner in found.owners)}."
    # The whole answer stays on the first screen: what is not known is told in full by --verbose.
    gaps = list(unknown(window.windows, found))[:1]
    steps = [Step("Next", "", (triage,))]
    return ShownAnswer(_framed(headline(found), colour_of(found.cause), told, asks, gaps, seen=seen), steps)


def case_verdict(page: FirstPage, found: Diagnosis | None, seen: Distribution | None = None) -> ShownAnswer:
    """The answer of a case: the first page of its report, short enough for a screen of 24 lines, and the column that it names (`seen`) where
    there are no two answers to show."""
    style = colour_of(found.cause) if found else LOOK
    told = [one for one in (page.happened, page.loss, page.confidence) if one]
    gaps = () if page.answers else page.unknown[:1]
    shown = None if page.answers else seen
    return ShownAnswer(_framed(page.headline, style, told, page.advice, gaps, page.answers[:3], shown), page.steps)


def _framed(
    head: str,
    style: str,
    told: Iterable[str],
    asks: str,
    gaps: Iterable[str],
    answers: tuple[Answer, ...] = (),
    seen: Distribution | None = None,
) -> Panel:
    parts: list[RenderableType] = [Text(plain(head, 300), style=f"bold {style}"), Text(" ".join(told))]
    if seen is not None:
        parts.append(distribution_view(seen))
    if answers:
        parts.append(answers_table(answers))
    parts.append(Text(asks, style="bold"))
    parts += [Text(gap, style=DETAIL) for gap in gaps]
    return Panel(Group(*parts), border_style=style, title="answer", title_align="left")


def answers_table(answers: Iterable[Answer]) -> Table:
    """Both answers to a challenger, side by side."""
    table = Table(box=None, pad_edge=False, header_style=DETAIL)
    for name in ("", "if you approve", "if you reject"):
        table.add_column(name, overflow="fold")
    for answer in answers:
        table.add_row(Text(answer.label), Text(answer.approved), Text(answer.rejected))
    return table


def approval_question(page: FirstPage, case: Case, version: str, result: TrainingResult) -> Group:
    """What a person decides by approving, and what it changes; shown before they are asked."""
    champion = result.champion_metrics
    before = "" if champion is None else f" instead of {champion.roc_auc.value:.3f}"
    return Group(
        Text(
            f"You decide whether version {version} serves from the next request on, instead of version {case.champion.version}.",
            style="bold",
        ),
        Text(plain(page.headline, 300)),
        Text(page.advice),
        answers_table(page.answers),
        Text(
            f"ROC-AUC {result.metrics.roc_auc.value:.3f}{before} on {result.metrics.n:,} customers, {result.whether_unseen()}. "
            f"Evidence: churnops reports show {case.case_id}"
        ),
    )
