"""A replay in the terminal: what was read, what each strategy earned, and what the operator decided batch by batch."""

from collections.abc import Sequence

import numpy as np
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from agent.views.theme import BAD, DETAIL, GOOD
from pipeline.replay.dated_table import DatedTable
from pipeline.replay.lived import Decided, Interval, ReplayReport, Result, StrategyLife
from pipeline.replay.strategies import ORACLE
from pipeline.shown_text import plain
from pipeline.words import action_name, cause_name, counted

_BARS = "▁▂▃▄▅▆▇█"
_WIDEST = 60  # bars; of more batches neighbours are taken together
_MOST_COLUMNS = 8  # named; a wide table has its roles in `churnops init`
_RESULTS: dict[Result, str] = {
    "nothing": "",
    "deployed": "deployed",
    "gate_failed": "did not pass the gate",
    "cooldown": "within the cooldown",
    "too_few_outcomes": "too few outcomes",
}


def table_view(table: DatedTable) -> Text:
    """What was read of the table, and into what it was cut."""
    columns = table.columns
    names = [plain(name) for name in columns.features]
    named = ", ".join(names[:_MOST_COLUMNS]) + (f" and {len(names) - _MOST_COLUMNS} more" if len(names) > _MOST_COLUMNS else "")
    who = f", customers by {plain(columns.id)}" if columns.id else ""
    lines = [
        f"{plain(table.name)}: {counted(len(table.reference), 'row')} train the first champion, {_batches(len(table.batches))} follow from "
        f"{table.batches[0].since:%Y-%m-%d}.",
        f"Churned is “{plain(columns.positive)}”{who}. {counted(len(names), 'feature')}: {named}.",
        *(f"Left out: {plain(name)}, because {why}." for name, why in table.roles.ignored),
    ]
    if table.undated:
        lines.append(f"{counted(table.undated, 'row')} without a time or an outcome left out.")
    if table.without_batch:
        lines.append(f"{counted(table.without_batch, 'row')} after the last whole batch left out.")
    return Text("\n".join(lines), style=DETAIL)


def report_view(report: ReplayReport) -> RenderableType:
    """The totals, profit along the batches, the operator's decisions, and what they come to."""
    return Group(_totals(report), Text(), _profits(report), Text(), _decisions(report), Text(), *_said(report))


def _totals(report: ReplayReport) -> Table:
    part = "" if report.lived == report.asked else f", of {report.asked}: partial"
    table = Table(title=f"Means over {_batches(report.lived)}{part}, in points", title_justify="left", box=None, pad_edge=False)
    table.add_column("", no_wrap=True)
    for name in ("profit", "cost", "net", "regret", "trained", "deployed", "cases a year", "wrongly refused", "unsafe"):
        table.add_column(name, justify="right")
    for name, life in report.strategies.items():
        refused = str(life.refused_wrongly) if name == report.operator else ""
        figures = [f"{value:.1f}" for value in (life.profit, life.cost, life.net, life.regret)]
        counts = [str(life.trained), str(life.deployed), f"{life.cases_per_year:.1f}", refused, str(life.unsafe)]
        table.add_row(name, *figures, *counts, style=_style(report, name))
    table.caption = "Points: percent of the most that a campaign could have earned. Regret: against the oracle, who knew the next batches."
    table.caption_justify = "left"
    return table


def _style(report: ReplayReport, name: str) -> str:
    return "bold" if name == report.operator else DETAIL if name == ORACLE else ""


def _profits(report: ReplayReport) -> Table:
    table = Table(title="Profit of each batch, from first to last", title_justify="left", box=None, pad_edge=False, show_header=False)
    rows = {name: _bundled([batch.profit for batch in life.batches]) for name, life in report.strategies.items()}
    low, high = min(map(min, rows.values())), max(map(max, rows.values()))
    for name, profits in rows.items():
        table.add_row(name, _bars(profits, low, high), f"{profits[-1]:.0f}", style=_style(report, name))
    table.caption = f"From {low:.0f} to {high:.0f} points; the last figure is that of the newest batch."
    table.caption_justify = "left"
    return table


def _bundled(profits: Sequence[float]) -> list[float]:
    return [float(part.mean()) for part in np.array_split(np.asarray(profits), min(len(profits), _WIDEST))]


def _bars(profits: Sequence[float], low: float, high: float) -> str:
    steps = (len(_BARS) - 1) / (high - low) if high > low else 0.0
    return "".join(_BARS[round((profit - low) * steps)] for profit in profits)


def _decisions(report: ReplayReport) -> Table:
    table = Table(title=f"What {report.operator} decided", title_justify="left", box=None, pad_edge=False)
    for name, side in (("batch", "right"), ("from", "left"), ("rows", "right"), ("churned", "right"), ("profit", "right")):
        table.add_column(name, justify=side, no_wrap=True)  # type: ignore[arg-type]  # both are ways to justify
    for name in ("cause", "action", "what came of it"):
        table.add_column(name)
    for facts, lived in zip(report.batches, report.strategies[report.operator].batches, strict=True):
        known = (str(facts.number), f"{facts.since:%Y-%m-%d}", f"{facts.rows:,}", f"{facts.churn_rate:.0%}", f"{lived.profit:.1f}")
        table.add_row(*known, *(_decision(lived.decided) if lived.decided else ("", "", "the last batch")))
    return table


def _decision(decided: Decided) -> tuple[str, str, Text]:
    answer = decided.answer
    column = f" ({escape(plain(answer.column))})" if answer.column and answer.cause != "none" else ""
    mode = f", {answer.mode}" if answer.action == "retrain" and answer.mode else ""
    return cause_name(answer.cause) + column, action_name(answer.action) + mode, _came_of(decided)


def _came_of(decided: Decided) -> Text:
    if decided.missed is not None:
        return Text(f"wrongly refused: a training would have brought {decided.missed:+.1f}", style=BAD)
    if decided.gain is not None:
        return Text(f"deployed, {decided.gain:+.1f} over the model before", style=BAD if decided.harmful else GOOD)
    return Text(_RESULTS[decided.result])


def _said(report: ReplayReport) -> list[Text]:
    operator = report.strategies[report.operator]
    lines = [
        Text(f"{report.operator} earned {_against(report.over_best_simple)} than {report.best_simple}, the best of the simple strategies."),
        Text(f"It earned {_against(report.over_never)} than never doing anything."),
    ]
    if stopped := sum(life.trained - life.deployed for life in report.strategies.values()):
        lines.append(
            Text(f"{counted(stopped, 'training')} of all strategies did not pass the gate, whose floor was ROC-AUC {report.floor:g}.")
        )
    lines += _warnings(operator)
    return lines


def _warnings(operator: StrategyLife) -> list[Text]:
    found = []
    if operator.refused_wrongly:
        found.append(
            Text(
                f"{counted(operator.refused_wrongly, 'training')} wrongly refused: data or outcomes were called broken where a training would have paid.",
                style=BAD,
            )
        )
    if operator.unsafe:
        found.append(Text(f"{counted(operator.unsafe, 'training')} unsafe: the new model lost more than a training costs.", style=BAD))
    return found


def _against(apart: Interval) -> str:
    """Ends before "than"."""
    way = f"{abs(apart.value):.1f} points a batch {'more' if apart.value >= 0 else 'less'}"
    if apart.low is None or apart.high is None:
        return way
    return f"{way} (90% interval {apart.low:+.1f} to {apart.high:+.1f})"


def _batches(number: int) -> str:
    return f"{number} batch{'' if number == 1 else 'es'}"
