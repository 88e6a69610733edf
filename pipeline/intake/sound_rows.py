"""A window without the days on which its rows are broken: of the recent one where that is over, of the matured one in any case."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from pipeline.profiles.counting import profile_with_customers
from pipeline.sources.source import Exclusion
from pipeline.windows.baseline import Baseline
from pipeline.windows.spans import MICROSECOND
from pipeline.windows.stretch import BrokenDays
from pipeline.windows.window import Window
from pipeline.workspace.policy import Policy

if TYPE_CHECKING:
    from pipeline.models.artifact import Artifact

_DAY = timedelta(days=1)
_READ_BACK = 3  # looks at older and older outcomes; each costs as much as the first


def without_broken_days(window: Window, champion: "Artifact", baseline: Baseline, policy: Policy) -> Window:
    """The window without rows of days on which they were broken: a fault that is over must neither be measured, nor taught, nor be a case again.
    Broken days of the recent window go where the newest rows are sound again; else they are for the diagnosis to judge.

    Raises:
        DataError: the source of the window cannot be read any more.
        IntegrityError: the champion's model cannot be loaded.
    """
    window = _without_ended_faults(window, champion, baseline, policy)
    gone: tuple[Exclusion, ...] = ()
    for _ in range(_READ_BACK):
        if window.wider is None or window.restriction.since is None:
            break
        from pipeline.diagnosis.broken_days import find_broken_days
        from pipeline.diagnosis.observed import matured_window, observe

        broken = find_broken_days(observe(champion, baseline, matured_window(window, baseline)), window.restriction.since, policy)
        if not broken:
            break
        latest = window.restriction.since + MICROSECOND
        gone = (*gone, *(_rows(days, latest) for days in broken))
        window = replace(_further_back(window, gone), left_out=(*broken, *window.left_out))
    return window


def _further_back(window: Window, gone: tuple[Exclusion, ...]) -> Window:
    """The window with a matured one that has none of these rows, and older ones instead where there are such."""
    if window.read_back is None:
        return _without_known(window, [*gone])
    found = window.read_back((*window.restriction.left_out, *gone))
    return replace(window, known=found.known, wider=found.wider)


def _without_ended_faults(window: Window, champion: "Artifact", baseline: Baseline, policy: Policy) -> Window:
    """Nothing goes where more of the rows would than the policy allows: that is told, and the diagnosis judges them."""
    if window.since is None or window.until is None or window.until - window.since < _DAY or window.rows < 2 * policy.drift.min_rows:
        return window
    from pipeline.diagnosis.ended_faults import find_ended_faults
    from pipeline.diagnosis.observed import observe

    ended = find_ended_faults(observe(champion, baseline, replace(window, known=None, wider=None)), policy)
    left, told = window, list[BrokenDays]()
    for days in ended:
        sooner = left
        left = _without(left, _rows(days), baseline)
        told.append(days.model_copy(update={"rows": sooner.rows - left.rows, "labelled": sooner.labelled_rows - left.labelled_rows}))
    if window.rows - left.rows > policy.diagnosis.set_aside_at_most * window.rows:
        return replace(window, left_out=tuple(days.model_copy(update={"kept": True}) for days in told))
    return replace(left, left_out=tuple(told))


def _rows(days: BrokenDays, latest: datetime | None = None) -> Exclusion:
    """All rows of these days, of those before the moment `latest`."""
    end = days.until + _DAY
    return Exclusion(days.since, end if latest is None else min(end, latest))


def _without(window: Window, gone: Exclusion, baseline: Baseline) -> Window:
    """Both windows without these rows."""
    restriction = replace(window.restriction, left_out=(*window.restriction.left_out, gone))
    profile, scored = profile_with_customers(window.source, window.columns, baseline.profile, restriction)
    profile = profile.model_copy(update={"extra": window.profile.extra})
    return _without_known(replace(window, restriction=restriction, profile=profile, scored=scored), [gone])


def _without_known(window: Window, gone: list[Exclusion]) -> Window:
    """The matured window without these rows."""
    known, wider = window.labelled, window.wider
    if not gone or known.times is None:
        return window
    times = known.times
    kept = ~np.any([(times >= one.since) & (times < one.until) for one in gone], axis=0)
    # Where nothing is left there is no stretch to look at.
    meant = replace(wider, left_out=(*wider.left_out, *gone)) if wider is not None and kept.any() else None
    return replace(window, known=known.at(kept), wider=meant)
