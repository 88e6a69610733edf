"""The status of a workspace in five lines, and of a fleet in one line each, for `churnops status` and the start of a chat."""

from typing import TYPE_CHECKING

from agent.views.distribution_view import bars
from agent.views.theme import DETAIL
from pipeline.shown_text import plain
from pipeline.words import counted
from reports.decisions.fleet_status import FleetMember
from reports.decisions.workspace_status import WorkspaceStatus

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from rich.table import Table

    from pipeline.state.check_figures import CheckFigures

_CHANGES = 4  # told by name
_LOOKS = 30  # the newest that are drawn
_COIN = 0.5  # the ROC-AUC of a coin, where the bars begin


def status_lines(status: WorkspaceStatus) -> tuple[str, ...]:
    """Is the champion well, what waits, what is open, what is logged, what changed."""
    return _champion(status), _waiting(status), _open(status), _logged(status), _changed(status)


def _champion(status: WorkspaceStatus) -> str:
    well = {True: "is well", False: "is not well", None: "may be well or not"}[status.well]
    serves = (
        f"Champion version {status.champion.version}, since {status.champion.since:%Y-%m-%d}, {well}" if status.champion else "No champion"
    )
    return f"{serves}. {status.why}"


def _waiting(status: WorkspaceStatus) -> str:
    if status.waiting is None:
        return "Nothing waits for approval."
    case = status.waiting.case_id
    return f"Version {status.waiting.version} waits for approval: churnops reports show {case}, then churnops reports approve {case}"


def _open(status: WorkspaceStatus) -> str:
    asking = [case for case in status.open_cases if status.waiting is None or case.case_id != status.waiting.case_id]
    if not asking:
        return "No other case is open." if status.waiting else "No case is open."
    more = f", and {len(asking) - 1} more" if len(asking) > 1 else ""
    return f"{counted(len(asking), 'case')} open: churnops reports show {asking[0].case_id}{more}"


def _logged(status: WorkspaceStatus) -> str:
    known = f"outcomes of {counted(status.outcomes.customers, 'customer')} known" if status.outcomes.customers else "no outcome known"
    if status.newest_outcome:
        known += f", newest {status.newest_outcome:%Y-%m-%d}"
    if status.predictions is None:
        return f"Predictions are in your own log; {known}."
    if status.newest_prediction is None:
        return f"No prediction logged; {known}."
    return f"{counted(status.predictions.rows, 'prediction')} logged, newest {status.newest_prediction:%Y-%m-%d %H:%M} UTC; {known}."


def _changed(status: WorkspaceStatus) -> str:
    if status.looked is None:
        return "You have not asked before."
    since = f"since you last asked ({status.looked:%Y-%m-%d %H:%M} UTC)"
    if not status.changed:
        return f"Nothing changed {since}."
    more = f"; {len(status.changed) - _CHANGES} more" if len(status.changed) > _CHANGES else ""
    return f"Changed {since}: {'; '.join(status.changed[:_CHANGES])}{more}."


def roc_auc_line(looks: "Sequence[tuple[datetime, CheckFigures]]") -> str:
    """ROC-AUC over time as a row of bars: as it was measured, or where no outcome was ever known, as it was expected. Empty without two figures.

    Args:
        looks: when the model was looked at, and what was measured; oldest first.
    """
    measured = [(at, seen.measured.value) for at, seen in looks if seen.measured]
    told = measured or [(at, seen.expected.value) for at, seen in looks if seen.expected]
    if len(told) < 2:
        return ""
    (first, before), (last, now) = told[-_LOOKS:][0], told[-1]
    drawn = bars([max(0.0, value - _COIN) for _, value in told[-_LOOKS:]], 1 - _COIN)
    how = "measured" if measured else "expected without outcomes"
    return f"ROC-AUC, {how}: {before:.3f} {drawn} {now:.3f}, {first:%Y-%m-%d} to {last:%Y-%m-%d} (bars from 0.5, a coin, to 1)."


def fleet_table(fleet: "Sequence[FleetMember]") -> "Table":
    """A line for each workspace: how it stands, what waits, and why."""
    from rich.table import Table

    table = Table(box=None, header_style=DETAIL, pad_edge=False)
    for name in ("workspace", "model", "waits", "why"):
        table.add_column(name, overflow="fold")
    for one in fleet:
        found = one.status
        waits = "" if found is None else "approval" if found.waiting else counted(len(found.open_cases), "case") if found.open_cases else ""
        table.add_row(one.workspace, one.standing, waits, plain(found.why if found else one.problem or "", 300))
    return table
