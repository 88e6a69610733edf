"""When what is known already is said again: that data are too few for a verdict."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import takewhile

from pipeline.record.cases import Case


def looked_again_lately(case: Case, looks: Sequence[datetime], remind: timedelta) -> bool:
    """Whether people were told of a closed case less than `remind` ago; `looks`: when its window was looked at, the last of them just now."""
    told = case.closed_at
    if told is None:
        return False
    for at in looks[:-1]:
        if at - told >= remind:
            told = at
    return looks[-1] - told < remind


def said_lately(cases: Sequence[Case], case: Case, remind: timedelta) -> bool:
    """Whether people were told by an earlier triage, less than `remind` ago, that data are too few.

    They are told when it begins, and again after each `remind`; an ending of another kind in between begins anew. `cases`: all of the workspace.
    """
    if case.closed_at is None:
        return False
    closed = [(one.closed_at, one) for one in cases if one.closed_at is not None and one.kind == "triage" and one.case_id != case.case_id]
    earlier = sorted(((at, one) for at, one in closed if at <= case.closed_at), key=lambda found: found[0], reverse=True)
    silent = [at for at, _ in takewhile(lambda found: found[1].status == "not_enough_data", earlier)]
    told: datetime | None = None
    for at in reversed(silent):
        if told is None or at - told >= remind:
            told = at
    return told is not None and case.closed_at - told < remind
