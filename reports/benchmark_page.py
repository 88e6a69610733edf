"""The benchmark's figures as one page: drawn as SVG here, without a script, so that it can be mailed and printed."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.atomic_files import write_atomically
from pipeline.benchmark.grading import CAUSES, Mean, Report, Share
from pipeline.benchmark.instance import Answered, Result
from pipeline.benchmark.truth import COST, TOLERANCE
from pipeline.worlds.scenarios import ALL_KINDS, SCENARIOS


@dataclass(frozen=True)
class Bar:
    """One bar with its interval, all three in 0-1 of the chart's width, and what is written beside it."""

    label: str
    width: float
    low: float
    high: float
    said: str
    ours: bool


@dataclass(frozen=True)
class Cell:
    """One cell of the confusion matrix: how often, and how dark (0-1, of its row)."""

    count: int
    share: float
    right: bool


def write_page(report: Report, results: Sequence[Result], table: str, path: Path) -> None:
    """Write the page of a run on `table` to `path`, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, render(report, results, table).encode())


def render(report: Report, results: Sequence[Result], table: str) -> str:
    """The page as HTML."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("reports", "."), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    named = [cause for cause in CAUSES if any(cause in row for row in report.confusion.values())]
    return environment.get_template("benchmark.html.j2").render(
        report=report,
        table=table,
        charts=_charts(report),
        named=named,
        confusion=[(true, [_cell(row, true, cause) for cause in named]) for true, row in report.confusion.items()],
        kinds=[(SCENARIOS[kind], report.by_kind[kind]) for kind in ALL_KINDS if kind in report.by_kind],
        asked=[result for result in results if isinstance(result, Answered)],
        cost=COST,
        tolerance=TOLERANCE,
    )


def _charts(report: Report) -> list[tuple[str, list[Bar]]]:
    def shares(name: str) -> list[Bar]:
        said = "{0.value:.2f} ({0.count} of {0.n})"
        return [_bar(who, getattr(score, name), said, who == report.operator) for who, score in report.scores.items()]

    most = max((score.regret.high or 0.0 for score in report.scores.values()), default=0.0) or 1.0
    return [
        ("Cause named (six classes)", shares("diagnosis")),
        ("Acceptable action", shares("acceptable")),
        (
            "Regret, points (less is better)",
            [_bar(who, score.regret, "{0.value:.2f}", who == report.operator, most) for who, score in report.scores.items()],
        ),
        ("Trained on faulty data or labels (less is better)", shares("unsafe")),
    ]


def _bar(who: str, found: Share | Mean, said: str, ours: bool, most: float = 1.0) -> Bar:
    """The bar of a figure, whose width is `most`."""
    if found.value is None or found.low is None or found.high is None:
        return Bar(who, 0.0, 0.0, 0.0, "none asked", ours)
    return Bar(who, max(0.0, found.value) / most, max(0.0, found.low) / most, found.high / most, said.format(found), ours)


def _cell(row: dict[str, int], true: str, named: str) -> Cell:
    count = row.get(named, 0)
    return Cell(count, count / max(1, sum(row.values())), true == named)
