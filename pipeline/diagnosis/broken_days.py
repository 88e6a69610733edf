"""Days whose rows are broken among older rows with a known outcome: a fault that is long repaired must neither be measured nor taught."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.diagnosis.data_faults.checks import data_checks
from pipeline.diagnosis.finding import Finding
from pipeline.diagnosis.observed import Observed
from pipeline.diagnosis.population.lone_move import find_moved_alone
from pipeline.diagnosis.population.lost_dependency import find_lost_dependencies
from pipeline.profiles.counting import profile_window
from pipeline.profiles.profile import of_features
from pipeline.sources.source import Frame
from pipeline.windows.stretch import BrokenDays
from pipeline.workspace.policy import Policy

_PERIODS = 6  # of the stretch at most, each asked for itself: shorter ones have fewer rows to show a fault by, and every one takes its time

_Mask = NDArray[np.bool_]


def find_broken_days(matured: Observed, until: datetime, policy: Policy) -> tuple[BrokenDays, ...]:
    """The broken days of a stretch, up to and including the moment `until`, oldest first.

    Each of a few periods of whole days (UTC) is asked as a window is; what they leave is asked once more together, because a fault of few
    rows shows in many only. `labelled` counts the rows of `matured.labelled`.
    """
    if matured.times is None or matured.labelled.times is None:
        return ()
    days = matured.times.dt.floor("D").where(matured.times <= until)
    found: list[tuple[_Mask, Finding]] = []
    sound = np.zeros(len(days), dtype=bool)
    for period in _periods(days, policy.drift.min_rows):
        fault = _fault(matured, period, policy)
        if fault is None:
            sound |= period
        else:
            found.append((period, fault))
    if sound.any() and (fault := _fault(matured, sound, policy)) is not None:
        found.append((sound, fault))
    broken = [_days(matured, days, until, mask, fault) for mask, fault in found]
    return tuple(sorted(broken, key=lambda one: one.since))


def _periods(days: pd.Series, least: int) -> Iterator[_Mask]:
    """Consecutive days of so many rows together, masks of shape (rows,); the last ones go with those before them where they are fewer."""
    counts = days.value_counts().sort_index()
    size = max(least, int(np.ceil(counts.sum() / _PERIODS)))
    begun = (counts.cumsum() - counts) // size
    number = days.map(begun.clip(upper=max(0, int(counts.sum()) // size - 1)))
    for one in sorted(number.dropna().unique()):
        yield (number == one).to_numpy()


def _fault(matured: Observed, meant: _Mask, policy: Policy) -> Finding | None:
    """What is most plainly broken in these rows of the sample; None where nothing is, or they are too few to tell."""
    if meant.sum() < policy.drift.min_rows:
        return None
    part, rules = _part(matured, meant), policy.evidence
    found = (
        *data_checks(part, rules.data),
        *find_lost_dependencies(part, rules.dependency),
        *find_moved_alone(part, rules.dependency),
    )
    return max((one for one in found if one.notable), key=lambda one: (one.share, abs(one.z or 0)), default=None)


def _part(matured: Observed, meant: _Mask) -> Observed:
    """Some rows of the sample as a window. What is known of their customers from before is not asked again, but for whether they were."""
    rows = matured.window[meant].reset_index(drop=True)
    columns = matured.columns.model_copy(update={"id": None, "time": None})
    return replace(
        matured,
        rows=len(rows),
        customers=None if matured.ids is None else len(rows),
        profile=of_features(profile_window(Frame(rows), columns, matured.profile_before), columns),
        window=rows,
        times=None if matured.times is None else matured.times[meant].reset_index(drop=True),
        ids=None if matured.ids is None else matured.ids[meant].reset_index(drop=True),
        scores=matured.scores[meant],
        scorings=None,
        set_aside=0,
        past=replace(matured.past, reference=None, scorings=None),
    )


def _days(matured: Observed, days: pd.Series, until: datetime, meant: _Mask, fault: Finding) -> BrokenDays:
    first, last = days[meant].min(), days[meant].max()
    known = matured.labelled.times
    assert known is not None  # asked before
    spanned = known.dt.floor("D").isin(days[meant].unique()) & (known <= until)
    return BrokenDays(
        since=first.to_pydatetime(), until=last.to_pydatetime(), labelled=int(spanned.sum()), column=fault.column, said=fault.said
    )
