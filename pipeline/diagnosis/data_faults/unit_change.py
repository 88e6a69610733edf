"""Amounts in another unit: cents for dollars, days for months. All rows, the rows of one source or some days, or rows here and there."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.diagnosis.data_faults.expected_amounts import unexplained_factors
from pipeline.diagnosis.data_faults.fault import fault, where
from pipeline.diagnosis.data_faults.series import gradual
from pipeline.diagnosis.data_faults.witnesses import Mask, Numbers, Part, Witnesses, gap, gap_by_chance, surprise
from pipeline.diagnosis.finding import Finding
from pipeline.shown_text import plain
from pipeline.workspace.evidence_policy import DataRules

# What one unit is of another, and an example. Factors between 0.5 and 2, such as a mile's kilometres, are left to new prices.
_UNITS = {
    2.2046: "pounds and kilograms",
    2.54: "centimetres and inches",
    3.2808: "feet and metres",
    7.0: "days and weeks",
    10.0: "a lost decimal place",
    12.0: "months and years",
    24.0: "hours and days",
    30.0: "days and months",
    60.0: "minutes and hours",
    100.0: "cents and dollars",
    365.0: "days and years",
    1000.0: "thousands and ones",
    3600.0: "seconds and hours",
    1e6: "millions and ones",
}
_FACTORS = {**_UNITS, **{1 / factor: said for factor, said in _UNITS.items()}}
_NEAR = 2.5  # a factor is tried where the typical amounts differ by it, give or take this factor
_THINNED = 2000  # rows that distributions are compared on
_FEWEST = 30  # rows of another unit
_FEW_VALUES = 256  # of a column that has its values from a list
_HALF = 0.5
_NOISE = 1.5  # over the root of their number, by which few rows of one distribution lie apart from it
_OFF = 0.1  # of the logarithm of a factor, within which what is off agrees with it


@dataclass(frozen=True)
class UnitChange:
    """`factor` turns the reference's amounts into those of the rows `concerned` (shape (window,)), which are all or the telling ones of a
    `share` of the rows. `left` is what remains of the gap between both distributions, 0-1."""

    factor: float
    gap: float
    left: float
    concerned: Mask
    share: float
    part: Part | None


def find_unit_change(seen: Witnesses, name: str, rules: DataRules) -> Finding | None:
    """The column's change of unit, if a plausible factor explains how its amounts moved."""
    before, after = seen.numbers(name)
    found = [*_whole(before, after, rules), *_partly(seen, before, after, rules), *_scattered(seen, before, after, rules)]
    change = next(iter(_by_itself(seen, name, found)), None)
    if change is None:
        return None
    how = f"{change.factor:.4g} times larger" if change.factor > 1 else f"{1 / change.factor:.4g} times smaller"
    said = (
        f"`{plain(name)}` is {how} than before in {_rows(change.share)}{where(change.part)}: another unit, like "
        f"{_FACTORS[change.factor]} (gap {change.gap:.2f}, {change.left:.2f} without the factor)."
    )
    unit = "times the usual amount"
    return fault("unit_change", said, change.share, len(after), column=name, part=change.part, strength=change.factor, unit=unit)


def _by_itself(seen: Witnesses, name: str, found: Sequence[UnitChange]) -> Iterator[UnitChange]:
    """Those whose rows are off by the factor given their other columns too: otherwise others came, and the factor is a coincidence. Nor did
    they come gradually."""
    if not found:
        return
    beside_before, beside = unexplained_factors(seen, name)
    for change in found:
        if change.share < 1 and gradual(seen.numbers(name)[1], seen.times, change.concerned):
            continue
        compared = beside_before if change.part is None else beside_before[change.part.before]
        offs = [values[~np.isnan(values)] for values in (compared, beside[change.concerned])]
        if min(off.size for off in offs) < _FEWEST:
            continue
        error = float(np.sqrt(sum(np.pi / 2 * off.var() / off.size for off in offs)))
        off = float(np.median(offs[1]) - np.median(offs[0]))
        if abs(off - np.log(change.factor)) <= _OFF + 3 * error:
            yield change


def _whole(before: Numbers, after: Numbers, rules: DataRules) -> list[UnitChange]:
    change, valued = _explained(before, after, rules), ~np.isnan(after)
    return [] if change is None else [UnitChange(*change, valued, float(valued.mean()), None)]


def _partly(seen: Witnesses, before: Numbers, after: Numbers, rules: DataRules) -> list[UnitChange]:
    """The largest part first."""
    known_before, known = _sorted(before), _sorted(after)
    if not known_before.size or not known.size:
        return []
    # What changed in a part worth finding shows a little in the whole.
    if gap(known_before, known) < _HALF * gap_by_chance(rules.missing_z, len(known_before), len(known)):
        return []
    found = []
    for part in seen.parts:
        change = _explained(before[part.before], after[part.after], rules)
        if change is not None:
            concerned = part.after & ~np.isnan(after)
            found.append(UnitChange(*change, concerned, float(concerned.mean()), part))
    return sorted(found, key=lambda change: -int(change.concerned.sum()))


def _explained(before: Numbers, after: Numbers, rules: DataRules) -> tuple[float, float, float] | None:
    """Factor, gap and what is left of it, where a factor explains the gap."""
    known_before, known = _sorted(before), _sorted(after)
    if min(known_before.size, known.size) < _FEWEST:
        return None
    moved = gap(known_before, known)
    if moved < max(rules.unit_distance, gap_by_chance(rules.missing_z, len(known_before), len(known))):
        return None
    factor, left = _best_factor(known_before, known)
    allowed = max(rules.unit_distance_left, rules.unit_distance_ratio * moved)
    return None if factor is None or left > allowed else (factor, moved, left)


def _best_factor(before: Numbers, after: Numbers) -> tuple[float | None, float]:
    typical_before, typical = (float(np.quantile(np.abs(values), 0.75)) for values in (before, after))
    if not typical_before or not typical:
        return None, 1.0
    tried = [factor for factor in _FACTORS if 1 / _NEAR < typical / typical_before / factor < _NEAR]
    left = {factor: gap(before, after / factor) for factor in tried}
    best = min(left, key=lambda factor: left[factor], default=None)
    return best, 1.0 if best is None else left[best]


def _scattered(seen: Witnesses, before: Numbers, after: Numbers, rules: DataRules) -> list[UnitChange]:
    """Rows here and there, told by values that the reference does not have; the factor that leaves least first."""
    if np.count_nonzero(~np.isnan(before)) < _FEWEST:
        return []
    foreign, expected = foreign_values(before, after)
    rows = int(foreign.sum())
    if rows < max(_FEWEST, rules.beyond_share * len(after)) or surprise(expected, len(before), rows, len(after)) < rules.missing_z:
        return []
    odd, found = _sorted(after[foreign]), []
    for factor in _FACTORS:
        # A value of the reference that would be foreign in the other unit.
        would_be = foreign_values(before, before * factor)[0]
        if would_be.mean() < rules.beyond_share or would_be.sum() < _FEWEST:
            continue
        left = gap(_sorted(before[would_be]), odd / factor)
        if left <= max(rules.unit_distance_left, _NOISE / np.sqrt(rows)):
            share = min(1.0, rows / len(after) / float(would_be.mean()))
            found.append(UnitChange(factor, gap(_sorted(before), _sorted(after)), left, foreign, share, seen.part_of(foreign)))
    return sorted(found, key=lambda change: change.left)


def foreign_values(before: Numbers, after: Numbers) -> tuple[Mask, int]:
    """Which rows of the window hold a value that the reference does not have, and how many of the reference's rows are as odd: values outside
    its range, or, in a column of few values, any other."""
    known, counts = np.unique(before[~np.isnan(before)], return_counts=True)
    present = ~np.isnan(after)
    if not known.size:
        return np.zeros(len(after), dtype=bool), 0
    if known.size <= _FEW_VALUES and len(before) >= 4 * known.size:
        return present & ~np.isin(after, known), int((counts == 1).sum())
    return present & ((after < known[0]) | (after > known[-1])), 2


def _sorted(values: Numbers) -> Numbers:
    known = np.sort(values[~np.isnan(values)])
    return known if known.size <= _THINNED else known[np.linspace(0, known.size - 1, _THINNED).astype(int)]


def _rows(share: float) -> str:
    return "all rows" if share > 0.995 else f"{share:.0%} of the rows"
