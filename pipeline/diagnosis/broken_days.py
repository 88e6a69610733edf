"""Days whose rows are broken among older rows with a known outcome: a fault that is long repaired must neither be measured nor taught."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import groupby, pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.diagnosis.data_faults.checks import data_checks
from pipeline.diagnosis.day_parts import part_of, periods_of
from pipeline.diagnosis.evidence import evidence_of
from pipeline.diagnosis.finding import Finding
from pipeline.diagnosis.observed import Observed
from pipeline.diagnosis.population.lone_move import find_moved_alone
from pipeline.diagnosis.population.lost_dependency import find_lost_dependencies
from pipeline.diagnosis.repairs.attempts import attempt_repairs, with_repairs
from pipeline.diagnosis.seen import Seen
from pipeline.diagnosis.setting import Setting
from pipeline.diagnosis.weighing import shipped_weights, weigh
from pipeline.windows.stretch import BrokenDays
from pipeline.workspace.policy import Policy

_DAY = timedelta(days=1)
_LIKELY = 0.5  # probability of a fault

_Mask = NDArray[np.bool_]


def find_broken_days(matured: Observed, until: datetime, policy: Policy) -> tuple[BrokenDays, ...]:
    """The broken days of a stretch, up to and including the moment `until`, oldest first.

    Each of a few periods of whole days (UTC) is asked as a window is. A fault that begins or ends within a period shows there only if it
    fills most of it, so the nearer half of what lies beside a broken period goes, too. What is left is asked once more together, because
    a fault of few rows shows in many only. `labelled` counts the rows of `matured.labelled`.
    """
    if matured.times is None or matured.labelled.times is None:
        return ()
    days = matured.times.dt.floor("D").where(matured.times <= until)
    known = matured.labelled.times.where(matured.labelled.times <= until).dt.floor("D")
    periods = periods_of(days, policy.drift.min_rows)
    faults = [_fault(matured, days.isin(period).to_numpy(), policy) for period in periods]
    found = [(period, fault) for period, fault in zip(_widened(periods, faults), faults, strict=True) if fault is not None]
    gone = [day for period, _ in found for day in period]
    left = [day for period in periods for day in period if day not in gone]
    if left and (fault := _fault(matured, days.isin(left).to_numpy(), policy)) is not None:
        found.append((left, fault))
    broken = [
        BrokenDays(
            since=min(period).to_pydatetime(),
            until=max(period).to_pydatetime(),
            labelled=int(known.isin(period).sum()),
            column=fault.column,
            said=fault.said,
        )
        for period, fault in found
    ]
    return tuple(_joined(sorted(broken, key=lambda one: one.since)))


def _joined(broken: list[BrokenDays]) -> Iterator[BrokenDays]:
    """One stretch for days that follow each other with the same column broken."""
    for _, run in groupby(enumerate(broken), key=lambda one: (one[1].column, _before(broken, one[0]))):
        parts = [part for _, part in run]
        yield parts[0].model_copy(update={"until": parts[-1].until, "labelled": sum(part.labelled for part in parts)})


def _before(broken: list[BrokenDays], place: int) -> int:
    """How many of them so far did not begin right after the one before."""
    return sum(one.since - before.until > _DAY for before, one in pairwise(broken[: place + 1]))


def _widened(periods: list[list[pd.Timestamp]], faults: list[Finding | None]) -> list[list[pd.Timestamp]]:
    """Broken periods with the nearer half of the sound ones beside them; no day twice."""
    widened, taken = [list(period) for period in periods], set[pd.Timestamp]()
    for place, fault in enumerate(faults):
        if fault is None:
            continue
        if place > 0 and faults[place - 1] is None:
            widened[place] = periods[place - 1][len(periods[place - 1]) // 2 :] + widened[place]
        if place + 1 < len(periods) and faults[place + 1] is None:
            widened[place] += periods[place + 1][: (len(periods[place + 1]) + 1) // 2]
        widened[place] = [day for day in widened[place] if day not in taken]
        taken.update(widened[place])
    return widened


def _fault(matured: Observed, meant: _Mask, policy: Policy) -> Finding | None:
    """What is most plainly broken in these rows of the sample; None where a fault is not likelier than all else, or they are too few to tell.

    Outcomes are not asked, so a season or a competitor may look a little like a fault; whoever sets those rows aside sees no change at all."""
    if meant.sum() < policy.drift.min_rows:
        return None
    part, rules = part_of(matured, meant), policy.evidence
    found = (
        *data_checks(part, rules.data),
        *find_lost_dependencies(part, rules.dependency),
        *find_moved_alone(part, rules.dependency),
    )
    if not any(one.notable for one in found):
        return None
    found = with_repairs(found, attempt_repairs(part, found, rules.data), len(part.window))
    evidence = evidence_of(Seen(found), Setting(part.rows, 0, 0), policy)
    if weigh(evidence, shipped_weights())["data_fault"] < _LIKELY:
        return None
    return max(
        (one for one in found if one.notable and one.family != "repairs"), key=lambda one: (one.share, abs(one.z or 0)), default=None
    )
