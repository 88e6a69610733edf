"""Drift on the terminal: the verdicts in a line each, the features that moved as bars."""

from collections.abc import Mapping

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from agent.views.theme import BAD, DETAIL, GOOD, LOOK, NAME
from pipeline.drift.summary import DriftSummary
from pipeline.shown_text import plain
from pipeline.words import DRIFT_LEVELS, counted, rows_of_customers
from pipeline.workspace.policy import Policy
from reports.markdown_cells import bar_cells, score, strength

_BANDS = {"monitor": GOOD, "evaluate": LOOK, "retrain": BAD, "not_enough_data": NAME}
_ARROWS = {"up": "↑", "down": "↓", "mixed": "↕", None: " "}


def drift_view(summary: DriftSummary, policy: Policy, *, verbose: bool = False) -> Group:
    """What a person reads of a drift summary; drifted features first, those that did not drift in a line, or `verbose` as rows too."""
    if summary.share is None:
        return Group(
            Text.from_markup(
                f"[bold {NAME}]Not enough data[/]: {rows_of_customers(summary.current_rows, summary.customers)} in the window, {policy.drift.min_rows:,} needed for a verdict. "
                "Of a log, `--window 60d` or `--rows 2000` takes more."
            )
        )
    colour = _BANDS[summary.band]
    days = f", {summary.since:%Y-%m-%d} to {summary.until:%Y-%m-%d}" if summary.since and summary.until else ""
    head: RenderableType = Text.from_markup(
        f"[bold {colour}]{summary.drifted} of {summary.features_total} features drifted ({summary.share:.0%}), drift level: {DRIFT_LEVELS[summary.band]}[/]  "
        f"reference {summary.reference_rows:,} rows, window {rows_of_customers(summary.current_rows, summary.customers)}{days}"
    )
    # What may be chance is said ahead of a verdict that does not ask for it.
    if _may_be_chance(summary, policy):
        head = Group(Text("Not more than chance: two samples of the same customers would differ as much.", style=f"bold {GOOD}"), head)
    calibrated = Text.from_markup(_calibrated(summary))
    table = Table(box=None, pad_edge=False, header_style=DETAIL)
    table.add_column("feature", overflow="fold")
    table.add_column("strength", no_wrap=True)
    table.add_column("score", justify="right", no_wrap=True)
    table.add_column("rows moved", justify="right", no_wrap=True)
    table.add_column("what moved", overflow="fold")
    ordered = sorted(summary.features, key=strength, reverse=True)
    shown = ordered if verbose else [feature for feature in ordered if feature.drifted or feature.calibrated]
    for feature in shown:
        cells = bar_cells(feature)
        bar = Text("█" * cells + "░" * (10 - cells), style=colour if feature.drifted else DETAIL)
        moved = escape(f"{_ARROWS[feature.direction]} {feature.change}")
        rows = f"{feature.moved_share:.1%}"
        table.add_row(escape(plain(feature.name)), bar, score(feature), rows, moved, style="" if feature.drifted else DETAIL)
    notes = [Text(f"{plain(feature.name)}: the verdicts differ. {feature.why}", style=LOOK) for feature in summary.features if feature.why]
    found = [Text(f"Finding: {spot.said}", style=f"bold {LOOK}") for spot in summary.findings]
    legend = Text("Five cells are the threshold of the feature's test, ten are ten times it.", style=DETAIL)
    quiet = [plain(feature.name) for feature in ordered if feature not in shown]
    folded = [Text(f"No drift in {counted(len(quiet), 'feature')}: {', '.join(quiet)}.", style=DETAIL)] if quiet else []
    tables: list[RenderableType] = [legend, table] if shown else []
    return Group(head, calibrated, *tables, *folded, *notes, *found)


def segments_view(column: str, segments: Mapping[str, DriftSummary]) -> Group:
    """The verdict on each segment, in one line each."""
    table = Table(plain(column), "rows", "drifted", "calibrated", "which", box=None, pad_edge=False, header_style=DETAIL)
    for value, summary in segments.items():
        drifted = sorted((feature for feature in summary.features if feature.drifted), key=strength, reverse=True)
        table.add_row(
            escape(plain(value)),
            f"{summary.current_rows:,}",
            "not enough data" if summary.share is None else f"{summary.drifted} ({summary.share:.0%})",
            f"{summary.calibrated_drifted}",
            escape(", ".join(plain(feature.name) for feature in drifted[:5]) + (" …" if len(drifted) > 5 else "")),
        )
    return Group(Text(f"By {plain(column)}, each against the same segment of the reference:"), table)


def _may_be_chance(summary: DriftSummary, policy: Policy) -> bool:
    """Whether no feature that can be judged moved significantly."""
    asked = [feature.p_adjusted for feature in summary.features if feature.p_adjusted is not None]
    return bool(asked) and min(asked) > policy.drift.false_discovery_rate


def _calibrated(summary: DriftSummary) -> str:
    if summary.calibrated_share is None:
        return "Calibrated verdict: not enough data in any feature."
    weight = "" if summary.felt_share is None else f"; {summary.felt_share:.0%} of the champion's feature importance"
    drifted = f"{counted(summary.calibrated_drifted, 'feature')}, {summary.calibrated_share:.0%}"
    return f"Calibrated (more than chance, and large enough): {drifted}{weight}"
