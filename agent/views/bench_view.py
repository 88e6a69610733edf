"""The benchmark's figures in the terminal."""

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from agent.views.theme import BAD, DETAIL, GOOD, LOOK
from pipeline.benchmark.grading import CAUSES, Mean, Report, Scorecard, Share
from pipeline.words import CAUSES as WORDS
from pipeline.worlds.scenarios import ALL_KINDS, SCENARIOS, number_of


def kinds_view() -> RenderableType:
    """All kinds of change, and what each does."""
    table = Table("kind", "what changes", "usual cause", box=None)
    for kind in ALL_KINDS:
        table.add_row(kind, SCENARIOS[kind].says, SCENARIOS[kind].truth)
    return table


def report_view(report: Report) -> RenderableType:
    """The totals, who was taken for whom, and the operator's figures by kind."""
    if not report.answered:
        return Group(Text("No question was answered, so there is nothing to report.", style=BAD), *_trouble(report))
    parts: list[RenderableType] = [_scores(report), Text(), _confusion(report), Text(), _kinds(report), *_trouble(report)]
    return Group(*parts)


def _scores(report: Report) -> Table:
    n = next(iter(report.scores.values())).n
    hidden = report.answered - n
    table = Table(title=f"{n} questions, 95% intervals", title_justify="left", box=None, pad_edge=False)
    table.add_column("", no_wrap=True)
    for name in ("cause", "of 7", "column", "action", "regret", "unsafe", "wasted", "s"):
        table.add_column(name, justify="right", no_wrap=True)
    for name, score in report.scores.items():
        table.add_row(name, *_row(score), style="bold" if name == report.operator else "")
    if hidden:
        table.add_row(f"and {hidden} unseen", *_row(report.with_invisible[report.operator]), style="italic")
        table.caption = f"Unseen: {'worlds' if hidden > 1 else 'a world'} in which nothing that is shown tells of the change."
        table.caption_justify = "left"
    return table


def _row(score: Scorecard) -> list[str]:
    shares = (score.diagnosis, score.diagnosis_of_seven, score.column, score.acceptable)
    seconds = "" if score.seconds.value is None else f"{score.seconds.value:.1f}"
    return [*(_share(share) for share in shares), _mean(score.regret), _count(score.unsafe), _count(score.wasted), seconds]


def _share(share: Share) -> str:
    if share.value is None:
        return "-"
    low, value, high = ("1" if part == 1 else f"{part:.2f}".removeprefix("0") for part in (share.low, share.value, share.high))
    return f"{value}\n{low}-{high}"


def _mean(mean: Mean) -> str:
    return "-" if mean.value is None else f"{mean.value:.1f}\n{mean.low:.1f}-{mean.high:.1f}"


def _count(share: Share) -> str:
    return "-" if share.value is None else f"{share.count}/{share.n}"


def _confusion(report: Report) -> Table:
    named = [cause for cause in CAUSES if any(cause in row for row in report.confusion.values())]
    table = Table(title=f"True cause, and what {report.operator} said", title_justify="left", box=None)
    table.add_column("")
    for cause in named:
        table.add_column(WORDS[cause].short, justify="right")
    for true, row in report.confusion.items():
        table.add_row(true, *(_cell(row.get(cause, 0), cause == true) for cause in named))
    return table


def _cell(count: int, right: bool) -> Text:
    return Text(str(count) if count else "·", style=f"bold {GOOD}" if right and count else DETAIL if not count else "")


def _kinds(report: Report) -> Table:
    table = Table(title=f"{report.operator} by kind", title_justify="left", box=None)
    table.add_column("kind")
    for name in ("n", "cause", "column", "acceptable", "regret", "unsafe", "wasted"):
        table.add_column(name, justify="right")
    for kind, score in sorted(report.by_kind.items(), key=lambda item: number_of(item[0])):
        shares = [_count(share) for share in (score.diagnosis, score.column, score.acceptable)]
        regret = "" if score.regret.value is None else f"{score.regret.value:.1f}"
        table.add_row(kind, str(score.n), *shares, regret, _count(score.unsafe), _count(score.wasted))
    return table


def _trouble(report: Report) -> list[Text]:
    lines = []
    if report.answered + len(report.broken) + len(report.skipped) < report.asked:
        lines.append(
            Text(f"{report.asked - report.answered - len(report.broken) - len(report.skipped)} questions were not asked.", style=LOOK)
        )
    for kind, said in dict.fromkeys((skipped.question.kind, skipped.said) for skipped in report.skipped):
        lines.append(Text(f"Skipped {kind}: {said}", style=LOOK))
    if report.broken:
        lines.append(Text(f"{len(report.broken)} questions failed on the benchmark's side and count for nobody:", style=BAD))
        lines += [
            Text(f"  {kind}: {said}") for kind, said in dict.fromkeys((broken.question.kind, broken.said) for broken in report.broken)
        ]
    return lines
