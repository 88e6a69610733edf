"""Faults that are over: days of the recent window on which a data check finds a column broken, while the newest rows are sound again.

A change of the world that is over, a season, a campaign, must not go with them. So only what a data check names counts, and nothing that moved
together with other columns; it must be nearly certain on these very days, and the same check must be silent about the days since.
"""

from collections.abc import Iterator
from itertools import chain

import pandas as pd

from pipeline.diagnosis.data_faults.checks import data_checks
from pipeline.diagnosis.day_parts import part_of, periods_of
from pipeline.diagnosis.evidence import evidence_of
from pipeline.diagnosis.faulty_stretches import faulty_stretches
from pipeline.diagnosis.finding import Finding
from pipeline.diagnosis.observed import Observed
from pipeline.diagnosis.repairs.attempts import attempt_repairs, with_repairs
from pipeline.diagnosis.seen import Seen
from pipeline.diagnosis.setting import Setting
from pipeline.diagnosis.weighing import shipped_weights, weigh
from pipeline.windows.stretch import BrokenDays
from pipeline.workspace.policy import Policy


def find_ended_faults(recent: Observed, policy: Policy) -> tuple[BrokenDays, ...]:
    """The stretches of days on which a column was broken and after which it is sound, oldest first; a fault that comes and goes has several.
    Nothing of a column whose fault goes on, or has been over for fewer rows than a verdict needs."""
    if recent.times is None or len(recent.window) < 2 * policy.drift.min_rows:
        return ()
    days = recent.times.dt.floor("D")
    periods = periods_of(days, policy.drift.min_rows)
    found = [_faults(recent, days.isin(period), policy) for period in periods]
    columns = dict.fromkeys(fault.column for fault in chain(*found) if fault.column is not None)
    ended = [
        stretch
        for column in columns
        for stretch in _ended(
            recent,
            column,
            days,
            [
                day
                for period, faults in zip(periods, found, strict=True)
                if any(fault.column == column for fault in faults)
                for day in period
            ],
            policy,
        )
    ]
    return tuple(sorted(ended, key=lambda one: (one.since, one.column or "")))


def _ended(recent: Observed, column: str, days: pd.Series, told: list[pd.Timestamp], policy: Policy) -> Iterator[BrokenDays]:
    stretches = faulty_stretches(recent.window[column], days, told)
    since = days > stretches[-1][-1] if stretches else days.notna()
    if not stretches or since.sum() < policy.drift.min_rows or _speaks_of(column, recent, since, policy):
        return
    for stretch in stretches:
        fault = next((one for one in _faults(recent, days.isin(stretch), policy) if one.column == column), None)
        if fault is not None:
            yield BrokenDays(
                since=stretch[0].to_pydatetime(),
                until=stretch[-1].to_pydatetime(),
                labelled=0,
                column=column,
                said=fault.said,
                repaired=True,
            )


def _speaks_of(column: str, recent: Observed, meant: pd.Series, policy: Policy) -> bool:
    """Whether a data check finds anything in the column on these days, however weak."""
    return any(one.notable and one.column == column for one in data_checks(part_of(recent, meant.to_numpy()), policy.evidence.data))


def _faults(recent: Observed, meant: pd.Series, policy: Policy) -> tuple[Finding, ...]:
    """What data checks find in these rows of the sample, the plainest first; nothing where it is not nearly certain to be a fault."""
    part = part_of(recent, meant.to_numpy())
    found = data_checks(part, policy.evidence.data)
    if not any(one.notable for one in found):
        return ()
    seen = Seen(with_repairs(found, attempt_repairs(part, found, policy.evidence.data), len(part.window)))
    certain = weigh(evidence_of(seen, Setting(part.rows, 0, 0), policy), shipped_weights())["data_fault"]
    return seen.family("data") if certain >= policy.diagnosis.set_aside_from else ()
