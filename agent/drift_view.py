"""Drift on the terminal: the verdict in one line, the features that moved as bars."""

from rich.console import Group
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from pipeline.drift import plain
from pipeline.evidence import DriftSummary
from pipeline.policy import Policy
from reports.audit import bar_cells, strength

_BANDS = {"monitor": "green", "evaluate": "yellow", "retrain": "red", "not_enough_data": "cyan"}
_ARROWS = {"up": "↑", "down": "↓", "mixed": "↕", None: " "}


def drift_view(summary: DriftSummary, policy: Policy) -> Group:
    """What a person reads of a drift summary; drifted features first."""
    if summary.share is None:
        return Group(
            Text.from_markup(
                f"[bold cyan]Not enough data[/]: {summary.current_rows:,} rows in the window, {policy.drift.min_rows:,} needed for a verdict."
            )
        )
    colour = _BANDS[summary.band]
    days = f", {summary.since:%Y-%m-%d} to {summary.until:%Y-%m-%d}" if summary.since and summary.until else ""
    head = Text.from_markup(
        f"[bold {colour}]{summary.drifted} of {summary.features_total} features drifted ({summary.share:.0%}), band {summary.band}[/]  "
        f"reference {summary.reference_rows:,} rows, window {summary.current_rows:,} rows{days}"
    )
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("feature", overflow="fold")
    table.add_column("strength", no_wrap=True)
    table.add_column("score", justify="right", no_wrap=True)
    table.add_column("what moved", overflow="fold")
    for feature in sorted(summary.features, key=strength, reverse=True):
        cells = bar_cells(feature)
        bar = Text("█" * cells + "░" * (10 - cells), style=colour if feature.drifted else "dim")
        moved = escape(f"{_ARROWS[feature.direction]} {feature.change}")
        table.add_row(escape(plain(feature.name)), bar, f"{feature.score:.3g}", moved, style="" if feature.drifted else "dim")
    return Group(head, Text("Five cells are the threshold of the feature's test, ten are ten times it.", style="dim"), table)
