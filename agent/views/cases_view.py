"""The cases of a workspace as a table."""

from collections.abc import Mapping, Sequence

from rich.table import Table

from agent.views.theme import BAD, DETAIL, GOOD, LOOK
from pipeline.record.cases import Case
from pipeline.words import action_name, cause_name
from reports.decisions.case_status import Standing

_COLOURS = {"pending_approval": LOOK, "needs_people": BAD, "partial": BAD, "approved": GOOD}


def cases_table(cases: Sequence[Case], stands: Mapping[str, Standing]) -> Table:
    """A row for each case; its id is typed again, so it is never cut."""
    table = Table(box=None, header_style=DETAIL, pad_edge=False)
    table.add_column("case", no_wrap=True, min_width=max((len(case.case_id) for case in cases), default=4))
    for name in ("status", "cause", "action", "drift", "operator", "challenger"):
        table.add_column(name)
    for case in cases:
        share = f"{case.drift.share:.0%}" if case.drift and case.drift.share is not None else "–"
        waits = f"version {case.challenger.version}" if case.challenger else "–"
        standing = stands[case.case_id]
        colour = "default" if standing.expired or standing.ended else _COLOURS.get(case.status, "default")
        cause = cause_name(case.diagnosis.cause if case.diagnosis else None)
        table.add_row(case.case_id, f"[{colour}]{standing.status}[/]", cause, action_name(case.action), share, case.operator or "–", waits)
    return table
