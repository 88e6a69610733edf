"""A feed that stopped: the same customers are scored on, with features that are refreshed no more.

Unchanged rows alone are no fault: an active base scored daily has the same features until the next refresh. So a column's own rhythm is
looked at, the days on which many customers' values changed, and how long it has been silent since. One change for everybody, such as a price
rise that is rolled out over a week, is no rhythm: in one, the same customers change again.
"""

from collections.abc import Iterator
from itertools import pairwise

import pandas as pd

from pipeline.diagnosis.data_faults.fault import fault
from pipeline.diagnosis.finding import Finding
from pipeline.diagnosis.observed import Observed
from pipeline.shown_text import plain
from pipeline.workspace.evidence_policy import DataRules

_FEWEST = 10  # customers scored again on a day
_REFRESHES = 3  # that make a rhythm
_SILENT = 0.01  # of the values may change by hand while the feed stands still
_DAY = pd.Timedelta(days=1)


def find_stopped_feed(observed: Observed, rules: DataRules) -> tuple[Finding, ...]:
    """`stopped_feed` of the columns that were refreshed regularly and are not any more, together; nothing where none is late, or no
    rhythm is known."""
    rows = observed.past.scorings
    if rows is None or rows.empty:
        return ()
    again = rows["_id"].eq(rows["_id"].shift())
    days, ids = rows.loc[again, "_time"].dt.floor("D"), rows.loc[again, "_id"]
    rhythms = {name: rhythm for name in observed.columns.features if (rhythm := _rhythm(rows[name], again, days, ids, rules))}
    late = {name: (since, usual) for name, (since, usual, is_late) in rhythms.items() if is_late}
    if not late:
        return ()
    since, usual = max(since for since, _ in late.values()), max(usual for _, usual in late.values())
    names = ", ".join(f"`{plain(name)}`" for name in list(late)[:5])
    what = "No feature that is refreshed" if len(late) == len(rhythms) else f"Not one value of {names}"
    said = (
        f"{what} changed since {since:%Y-%m-%d} for customers scored on and on, where {usual.days} days passed between refreshes at most: "
        "the feed stopped."
    )
    column = next(iter(late)) if len(late) == 1 else None
    return (fault("stopped_feed", said, 1.0, int(rows["_id"].nunique()), column=column, unit="share of the customers"),)


def _rhythm(
    values: pd.Series, again: "pd.Series[bool]", days: pd.Series, ids: pd.Series, rules: DataRules
) -> tuple[pd.Timestamp, pd.Timedelta, bool] | None:
    """Day of the last refresh, the longest time without one so far, from the first day on which it could be seen, and whether the next one is
    overdue; None where no rhythm is known."""
    before = values.shift()
    changed = ((values != before) & ~(values.isna() & before.isna()))[again]
    shares = changed.groupby(days).agg(["mean", "size"])
    shares = shares[shares["size"] >= _FEWEST]
    refreshed = shares.index[shares["mean"] >= rules.refreshed_share]
    if len(refreshed) < _REFRESHES:
        return None
    new = changed & days.isin(refreshed)
    if ids[new].duplicated().mean() < rules.refreshed_share:
        return None
    usual, last = max(_between(shares.index[:1].append(refreshed))), refreshed[-1]
    quiet = changed[days > last]
    late = shares.index[-1] - last > rules.stopped_times * usual + _DAY and quiet.mean() <= _SILENT
    return last, usual, bool(late)


def _between(days: pd.Index) -> Iterator[pd.Timedelta]:
    return (later - earlier for earlier, later in pairwise(days))
