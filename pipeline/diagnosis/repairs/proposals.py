"""Which repairs are plausible for a column that moved: those that bring its values back among the reference's, whatever they do to the rows."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from pipeline.diagnosis.data_faults.odd_values import default_value
from pipeline.diagnosis.data_faults.renamed_categories import spelling
from pipeline.diagnosis.data_faults.swapped_columns import apart
from pipeline.diagnosis.data_faults.turned_sign import turned_sign
from pipeline.diagnosis.data_faults.witnesses import Witnesses, gap
from pipeline.diagnosis.finding import Finding
from pipeline.diagnosis.repairs.joint_fit import JointFit
from pipeline.diagnosis.repairs.repair import Exchanged, Numbers, Place, Renamed, Repair, Scaled, SetMissing, Shifted, TurnedRound
from pipeline.workspace.evidence_policy import DataRules

_QUANTILES = np.array([0.01, 0.02, 0.05, *np.arange(0.1, 0.95, 0.1)])
_FIRST_DECILE, _UPPER = 0.1, 0.5
_SAME = 0.5  # of an offset, by which the deciles' own differ where a constant was added; few rows move them
_CLAMPED = 0.02  # share of the rows at the lowest value beyond the reference's from which values look cut off on the way
_PART = 0.5  # of the rows that moved: a value that took less of them was not put in
_WHOLE = 0.95  # of the rows: fewer are a part


def proposals(seen: Witnesses, column: str, found: Sequence[Finding], suspects: Sequence[str], rules: DataRules) -> Iterator[Repair]:
    """Repairs to try on `column`, of which `found` are the findings; `suspects` may have changed places with it."""
    for other in suspects:
        if other != column and seen.columns.kind(other) == seen.columns.kind(column) and _crosswise(seen, column, other, rules):
            first, second = sorted((column, other), key=seen.columns.features.index)
            yield Exchanged(first, second)
    if seen.columns.kind(column) == "categorical":
        if old := _old_names(seen, column, rules):
            yield Renamed(column, old)
        value = _risen(seen.before[column], seen.after[column])
        # A category that the reference does not have may be a new one, and nothing here tells.
        if value is not None and (seen.before[column] == value).any():
            yield SetMissing(column, str(value))
    else:
        yield from _of_numbers(seen, column, found, rules)


def _crosswise(seen: Witnesses, one: str, other: str, rules: DataRules) -> bool:
    own = min(apart(seen, one, one), apart(seen, other, other))
    return max(apart(seen, one, other), apart(seen, other, one)) <= rules.unit_distance_ratio * own


def _of_numbers(seen: Witnesses, column: str, found: Sequence[Finding], rules: DataRules) -> Iterator[Repair]:
    before, after = seen.numbers(column)
    known, now = before[~np.isnan(before)], after[~np.isnan(after)]
    if not known.size or not now.size:
        return
    if (turned := turned_sign(seen, column, rules)) is not None:
        yield TurnedRound(column, turned.below_zero)
    for finding in found:
        if finding.name == "unit_change":
            place = Place(finding.segment, finding.days)
            scattered = place == Place() and finding.share < _WHOLE
            yield Scaled(column, finding.strength, place, before if scattered else None)
    yield from _offsets(column, known, now)
    if any(finding.name == "clipped" for finding in found):
        return  # what is common there are values that were cut off
    default = default_value(known, len(before), after, rules)
    value = _risen(seen.before[column], seen.after[column]) if default is None else default
    if value is not None:
        yield SetMissing(column, float(value))


def _offsets(column: str, known: Numbers, now: Numbers) -> Iterator[Shifted]:
    """A constant that explains how all quantiles moved; the upper ones where the lowest values were cut off on the way."""
    lowest = float(now.min())
    piled = float((now == lowest).mean() - (known == lowest).mean()) >= _CLAMPED
    whole = not (known % 1).any()  # counts move by counts
    for clamped, levels in ((None, _QUANTILES), (lowest, _QUANTILES[_QUANTILES >= _UPPER])):
        if clamped is not None and not piled:
            continue
        moves = np.quantile(now, levels) - np.quantile(known, levels)
        typical = float(np.median(moves))
        if not typical or np.abs(moves[levels >= _FIRST_DECILE] - typical).max() > max(_SAME * abs(typical), float(whole)):
            continue
        # Where values lie close together a quantile tells the constant most exactly.
        kept, before = (np.sort(values if clamped is None else values[values > clamped]) for values in (now, known))
        tried = np.unique(np.round(moves) if whole else moves)
        left = {
            float(offset): gap(before if clamped is None else before[before > clamped - offset], kept - offset)
            for offset in tried
            if offset
        }
        if not left:
            continue
        best = min(left, key=lambda offset: left[offset])
        gone = known[:0] if clamped is None else known[known <= clamped - best]
        if clamped is None or gone.size:
            yield Shifted(column, best, clamped, float(np.median(gone)) if gone.size else None)


def _risen(before: pd.Series, after: pd.Series) -> float | str | None:
    """The value that took most of the rows that moved, if it took enough of them."""
    was, now = (values.value_counts(normalize=True) for values in (before, after))
    rise = now.sub(was, fill_value=0.0)
    moved = float(rise.abs().sum() / 2)
    value: float | str = rise.index[int(rise.to_numpy().argmax())] if len(rise) else ""
    return value if len(rise) and rise.max() >= max(_PART * moved, _CLAMPED) else None


def _old_names(seen: Witnesses, column: str, rules: DataRules) -> dict[str, str]:
    """For each new category the old one that it most likely stands for: spelt alike, or had by such customers before and less common now."""
    from scipy.optimize import linear_sum_assignment

    was, now = (part[column].value_counts(normalize=True) for part in (seen.before, seen.after))
    new = [value for value in now.index if value not in was.index and now[value] >= rules.renamed_share]
    if not new:
        return {}
    fell = (was - now.reindex(was.index, fill_value=0.0)).sort_values(ascending=False)
    known = {spelling(str(value)): value for value in sorted(was.index)}
    old = {value: known[spelling(str(value))] for value in new if spelling(str(value)) in known}
    left, free = [value for value in new if value not in old], [value for value in fell.index if value not in old.values()]
    if left and free:
        others = tuple(name for name in seen.columns.features if name != column)
        cost = np.abs(now[left].to_numpy()[:, None] - fell[free].to_numpy()[None, :])
        cost += JointFit(seen.before, seen.columns, column, others).unlike(seen.after, left, free)
        for place, other in zip(*linear_sum_assignment(cost), strict=True):
            # New customers leave each old category less common by its share, a new name leaves one so and by all of it: nearer to the latter.
            if fell[free[other]] >= now[left[place]] * (1 + was[free[other]]) / 2:
                old[left[place]] = free[other]
    return {str(value): str(name) for value, name in old.items()}
