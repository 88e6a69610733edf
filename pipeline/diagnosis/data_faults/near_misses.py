"""What the data checks measured where they found nothing: of each check the column that comes nearest to its threshold."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from pipeline.diagnosis.data_faults.copied_rows import shared_with_reference
from pipeline.diagnosis.data_faults.swapped_columns import apart
from pipeline.diagnosis.data_faults.witnesses import Numbers, Witnesses, witnesses_of
from pipeline.diagnosis.finding import DataName
from pipeline.diagnosis.observed import Observed
from pipeline.diagnosis.ruled_out import RuledOut
from pipeline.workspace.evidence_policy import DataRules

_ROWS = "share of the rows"


def near_misses(observed: Observed, rules: DataRules) -> tuple[RuledOut, ...]:
    """How far the window is from each data fault; nothing of checks that had nothing to look at."""
    if not observed.rows:
        return ()
    seen = witnesses_of(observed)
    whole = [name for name in seen.columns.features if name not in observed.profile.absent]
    numbers = {name: _known(seen, name) for name in whole if seen.columns.kind(name) == "numerical"}
    numbers = {name: both for name, both in numbers.items() if min(part.size for part in both)}
    categories = {name: _shares(seen, name) for name in whole if seen.columns.kind(name) == "categorical"}
    left = {name: apart(seen, name, name) for name in whole}
    found = (
        _nearest("more_missing", ((name, _missing(seen, name)) for name in whole), rules.missing_points),
        _nearest("unit_change", ((name, left[name]) for name in numbers), rules.unit_distance, "gap between the distributions"),
        _nearest("value_spike", ((name, _spike(*both)) for name, both in numbers.items()), rules.spike_share),
        _nearest("impossible_values", ((name, _beyond(*both)) for name, both in numbers.items()), rules.beyond_share),
        _nearest("renamed_category", ((name, _new(*both)) for name, both in categories.items()), rules.renamed_share),
        _nearest("vanished_category", ((name, _gone(*both)) for name, both in categories.items()), rules.vanished_share),
        _nearest("swapped_columns", _pairs(seen, left), rules.swapped_distance, "distance of two columns from their own distributions"),
        # A base scored again holds customers of the training, unchanged until the next refresh.
        _nearest(
            "replayed_rows", () if observed.past.scored_again else ((None, shared_with_reference(observed, seen)),), rules.replayed_share
        ),
    )
    return tuple(one for one in found if one is not None)


def _nearest(name: DataName, measured: Iterable[tuple[str | None, float]], threshold: float, unit: str = _ROWS) -> RuledOut | None:
    most = max(measured, key=lambda pair: pair[1], default=None)
    if most is None:
        return None
    column, strength = most
    return RuledOut(name=name, column=column if strength > 0 else None, strength=max(0.0, strength), threshold=threshold, unit=unit)


def _known(seen: Witnesses, name: str) -> tuple[Numbers, Numbers]:
    before, after = seen.numbers(name)
    return before[~np.isnan(before)], after[~np.isnan(after)]


def _shares(seen: Witnesses, name: str) -> tuple["pd.Series[float]", "pd.Series[float]"]:
    return seen.before[name].value_counts(normalize=True), seen.after[name].value_counts(normalize=True)


def _missing(seen: Witnesses, name: str) -> float:
    return float(seen.after[name].isna().mean() - seen.before[name].isna().mean())


def _spike(before: Numbers, after: Numbers) -> float:
    """The greatest rise of a single value's share."""
    values, counts = np.unique(after, return_counts=True)
    ordered = np.sort(before)
    had = np.searchsorted(ordered, values, side="right") - np.searchsorted(ordered, values)
    return float((counts / after.size - had / before.size).max())


def _beyond(before: Numbers, after: Numbers) -> float:
    """Share of the values outside the reference's range."""
    return float(((after < before.min()) | (after > before.max())).mean())


def _new(before: "pd.Series[float]", after: "pd.Series[float]") -> float:
    return float(after[~after.index.isin(before.index)].max()) if len(after.index.difference(before.index)) else 0.0


def _gone(before: "pd.Series[float]", after: "pd.Series[float]") -> float:
    return float(before[~before.index.isin(after.index)].max()) if len(before.index.difference(after.index)) else 0.0


def _pairs(seen: Witnesses, left: Mapping[str, float]) -> Iterator[tuple[str, float]]:
    """Of each kind the two columns that left their own distributions furthest: the nearer of both, by its name."""
    for kind in ("numerical", "categorical"):
        furthest: Sequence[str] = sorted((name for name in left if seen.columns.kind(name) == kind), key=lambda name: -left[name])[:2]
        yield from ((other, min(left[one], left[other])) for one, other in combinations(furthest, 2))
