"""Two columns under each other's name."""

from itertools import combinations

import numpy as np

from pipeline.diagnosis.data_faults.fault import fault
from pipeline.diagnosis.data_faults.witnesses import Witnesses, gap, gap_by_chance
from pipeline.diagnosis.finding import Finding
from pipeline.shown_text import plain
from pipeline.workspace.evidence_policy import DataRules


def find_swapped(seen: Witnesses, names: tuple[str, ...], rules: DataRules) -> tuple[Finding, ...]:
    """Both columns of each pair among `names`, of one kind, that left their own distributions for each other's."""
    moved = {name: distance for name in names if (distance := apart(seen, name, name)) >= _least(seen, name, rules)}
    found: list[Finding] = []
    for one, other in combinations(moved, 2):
        if seen.columns.kind(one) != seen.columns.kind(other):
            continue
        crosswise = max(apart(seen, one, other), apart(seen, other, one))
        if crosswise > rules.unit_distance_ratio * min(moved[one], moved[other]):
            continue
        said = (
            f"`{plain(one)}` and `{plain(other)}` look exchanged: each has left its own distribution ({moved[one]:.2f} and {moved[other]:.2f} "
            f"apart) for the other's ({crosswise:.2f})."
        )
        unit = "distance from its own distribution"
        found += [
            fault("swapped_columns", said, 1.0, len(seen.after), column=name, strength=moved[name], unit=unit) for name in (one, other)
        ]
    return tuple(found)


def _least(seen: Witnesses, name: str, rules: DataRules) -> float:
    rows_before, rows = int(seen.before[name].count()), int(seen.after[name].count())
    return max(rules.swapped_distance, gap_by_chance(rules.missing_z, rows_before, rows)) if rows and rows_before else 2.0


def apart(seen: Witnesses, before: str, after: str) -> float:
    """Between the reference's column `before` and the window's `after`, 0-1: Kolmogorov-Smirnov of numbers, total variation of categories."""
    first, second = seen.before[before].dropna(), seen.after[after].dropna()
    if first.empty or second.empty:
        return 1.0
    if seen.columns.kind(before) == "numerical":
        return gap(np.sort(first.to_numpy(dtype=np.float64)), np.sort(second.to_numpy(dtype=np.float64)))
    # As dicts: two tables aligned by their categories take four times as long.
    was, now = (values.value_counts(normalize=True).to_dict() for values in (first, second))
    return sum(abs(was.get(value, 0.0) - now.get(value, 0.0)) for value in {**was, **now}) / 2
