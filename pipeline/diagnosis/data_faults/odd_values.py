"""Numbers no customer has: one value that suddenly fills many rows, amounts below zero, amounts beyond all bounds."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.diagnosis.data_faults.fault import fault, where
from pipeline.diagnosis.data_faults.series import gradual
from pipeline.diagnosis.data_faults.turned_sign import find_turned_sign, turned_sign
from pipeline.diagnosis.data_faults.witnesses import Mask, Numbers, Witnesses, surprise
from pipeline.diagnosis.finding import Finding
from pipeline.shown_text import plain
from pipeline.workspace.evidence_policy import DataRules

_RARE = 0.02  # share of the reference's rows up to which a value may turn out to be a default
_NEIGHBOURS = 0.05  # share of the reference's rows on either side that rise too where customers moved
_FEW_VALUES = 20  # of a column in which each value is a kind of customer, and may become common
_STANDS_OUT = 1.25  # times as common as the values next to it; less is the next step of a distribution
_RISES_TOO = 0.25  # of its rise by which a value next to it rises where customers moved
_FAR = 2.0  # times the reference's range beyond either end


def find_odd_values(seen: Witnesses, name: str, rules: DataRules) -> tuple[Finding, ...]:
    """A default that fills many rows, and values that no customer can have. A column with one value in the reference tells neither."""
    before, after = seen.numbers(name)
    known = before[~np.isnan(before)]
    if not known.size or known.min() == known.max():
        return ()
    turned = turned_sign(seen, name, rules)
    if turned is not None:
        after = np.where(turned.concerned, np.nan, after)  # what a customer's value became is no default
    default = default_value(known, len(before), after, rules)
    filled = np.zeros(len(after), dtype=bool) if default is None else after == default
    found = [] if turned is None else [find_turned_sign(seen, name, turned)]
    if default is not None and not gradual(seen.numbers(name)[1], seen.times, filled):
        found.append(_spike(seen, name, default, filled, before))
    impossible = _impossible(seen, name, known, np.where(filled, np.nan, after), rules)
    return (*found, *impossible)


def default_value(known: Numbers, rows_before: int, after: Numbers, rules: DataRules) -> float | None:
    """The value that fills so many rows more than in the reference, while those around it do not."""
    values, counts = np.unique(after[~np.isnan(after)], return_counts=True)
    few = np.unique(known).size <= _FEW_VALUES
    ordered = np.sort(known)
    had = np.searchsorted(ordered, values, side="right") - np.searchsorted(ordered, values)
    rises = counts / len(after) - had / rows_before
    moved = (counts < _STANDS_OUT * _beside(values, counts)) | (_RISES_TOO * rises <= _beside(values, rises))
    most: tuple[float, float] | None = None
    for place in np.flatnonzero((counts >= rules.spike_share * len(after)) & (had <= (0 if few else _RARE * rows_before)) & ~moved):
        value, before = float(values[place]), int(had[place])
        risen = counts[place] / len(after) - before / rows_before * max(1.0, _rise_around(known, after, value))
        if risen >= rules.spike_share and surprise(before, rows_before, int(counts[place]), len(after)) >= rules.missing_z:
            most = max(most or (0.0, 0.0), (float(risen), value))
    return None if most is None else most[1]


def _beside(values: Numbers, told: NDArray[Any]) -> NDArray[Any]:
    """What is `told` of the two values next to each of the different `values` (ascending), the greater of both, 0 at least. Next is a value as
    near as values usually are: 3 and 4 tell of 2 and 5, but 99 does not."""
    gaps = np.diff(values)
    near = gaps <= 1.5 * np.median(gaps) if gaps.size else np.zeros(0, dtype=bool)
    below, above = np.zeros_like(told), np.zeros_like(told)
    below[1:][near], above[:-1][near] = told[:-1][near], told[1:][near]
    return np.asarray(np.maximum(0, np.maximum(below, above)))


def _rise_around(known: Numbers, after: Numbers, value: float) -> float:
    """How many times as common the values next to `value` became."""
    ordered = np.sort(known)
    place, width = int(np.searchsorted(ordered, value)), int(_NEIGHBOURS * ordered.size)
    low, high = ordered[max(0, place - width)], ordered[min(ordered.size - 1, place + width)]
    shares = [float(((part >= low) & (part <= high) & (part != value)).mean()) for part in (known, after)]
    return shares[1] / shares[0] if shares[0] else 1.0


def _spike(seen: Witnesses, name: str, value: float, filled: Mask, before: Numbers) -> Finding:
    share, was = float(filled.mean()), float((before == value).mean())
    part, z = seen.part_of(filled), surprise(int((before == value).sum()), len(before), int(filled.sum()), len(filled))
    said = (
        f"`{plain(name)}` is {value:.6g} in {share:.1%} of the rows{where(part)}, {was:.1%} in the reference, and the values around it are no "
        "more common: a default, not customers."
    )
    return fault("value_spike", said, share, len(filled), z=z, column=name, part=part)


def _impossible(seen: Witnesses, name: str, known: Numbers, after: Numbers, rules: DataRules) -> tuple[Finding, ...]:
    low, high = float(known.min()), float(known.max())
    reach = _FAR * (high - low)
    negative = (after < 0) if low >= 0 else np.zeros(len(after), dtype=bool)
    beyond = ~negative & ((after < low - reach) | (after > high + reach))
    found = []
    for mask, said in ((negative, "is negative"), (beyond, "lies far beyond all the reference has")):
        share = float(mask.mean()) if mask.size else 0.0
        z = surprise(0, len(known), int(mask.sum()), len(after))
        if share < rules.beyond_share or z < rules.missing_z:
            continue
        part = seen.part_of(mask)
        told = f"`{plain(name)}` {said} in {share:.1%} of the rows{where(part)}; in the reference it runs from {low:.6g} to {high:.6g}."
        found.append(fault("impossible_values", told, share, len(after), z=z, column=name, part=part))
    return tuple(found)
