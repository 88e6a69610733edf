"""Numbers that grow with time for the same customers: tenure, totals. On an active base they move away from the reference by themselves."""

import pandas as pd

from pipeline.diagnosis.finding import Finding
from pipeline.diagnosis.observed import Observed
from pipeline.shown_text import plain

_FEWEST = 30  # customers who are in the reference too
_NOT_LESS, _MORE = 0.95, 0.5  # of them have at least their old value, and more than it


def find_grown_columns(observed: Observed) -> tuple[Finding, ...]:
    """`grew_with_time` of each such column: what moved it is that the same customers grew older, not the customers and no fault."""
    known, ids = observed.past.reference, observed.ids
    if known is None or ids is None:
        return ()
    window = observed.window.assign(_id=ids).dropna(subset="_id").drop_duplicates("_id").set_index("_id")
    before = known.set_index("_id")
    both = window.index.intersection(before.index)
    if len(both) < _FEWEST:
        return ()
    return tuple(
        found
        for name in observed.columns.numerical
        if name in before and (found := _grown(name, before.loc[both, name], window.loc[both, name]))
    )


def _grown(name: str, before: pd.Series, now: pd.Series) -> Finding | None:
    by = (now - before).dropna()
    if len(by) < _FEWEST or (by >= 0).mean() < _NOT_LESS or (by > 0).mean() < _MORE:
        return None
    return Finding(
        family="support",
        name="grew_with_time",
        column=name,
        strength=float(by.median()),
        unit="growth of the same customers since the reference, median",
        n=len(by),
        share=float((by > 0).mean()),
        argues_against=("data_fault",),
        said=f"`{plain(name)}` grew for {(by > 0).mean():.0%} of the {len(by):,} customers who are in the reference too, by {by.median():.4g} on the "
        "median: time that passed on an active base, not other customers.",
    )
