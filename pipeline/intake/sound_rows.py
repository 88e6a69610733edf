"""The matured window without the days on which its rows are broken."""

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from pipeline.sources.source import Exclusion
from pipeline.windows.baseline import Baseline
from pipeline.windows.spans import MICROSECOND
from pipeline.windows.stretch import BrokenDays
from pipeline.windows.window import Labelled, Window
from pipeline.workspace.policy import Policy

if TYPE_CHECKING:
    from pipeline.models.artifact import Artifact

_DAY = timedelta(days=1)


def without_broken_days(window: Window, champion: "Artifact", baseline: Baseline, policy: Policy) -> Window:
    """The window without labelled rows of broken days before the recent window: a fault that is over must neither be measured nor taught.
    The recent rows themselves are for the diagnosis to judge.

    Raises:
        DataError: the source of the window cannot be read any more.
        IntegrityError: the champion's model cannot be loaded.
    """
    if window.wider is None or window.restriction.since is None:
        return window
    from pipeline.diagnosis.broken_days import find_broken_days
    from pipeline.diagnosis.observed import matured_window, observe

    broken = find_broken_days(observe(champion, baseline, matured_window(window, baseline)), window.restriction.since, policy)
    return _without(window, broken) if broken else window


def _without(window: Window, broken: tuple[BrokenDays, ...]) -> Window:
    known, times, recent, wider = window.labelled, window.labelled.times, window.restriction.since, window.wider
    assert times is not None and recent is not None and wider is not None  # rows of a log with times
    gone = tuple(Exclusion(days.since, min(days.until + _DAY, recent + MICROSECOND)) for days in broken)
    kept = ~np.any([(times >= one.since) & (times < one.until) for one in gone], axis=0)
    left = Labelled(known.features[kept], known.churned[kept], None if known.ids is None else known.ids[kept], times[kept])
    # Where nothing is left there is no stretch to look at.
    meant = replace(wider, left_out=(*wider.left_out, *gone)) if kept.any() else None
    return replace(window, known=left, wider=meant, left_out=broken)
