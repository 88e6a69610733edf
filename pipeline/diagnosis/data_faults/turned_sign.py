"""Amounts with the sign turned, in all rows or in some: turned round, they are the reference's again."""

from dataclasses import dataclass

import numpy as np

from pipeline.diagnosis.data_faults.fault import fault, where
from pipeline.diagnosis.data_faults.witnesses import Mask, Witnesses, gap, gap_by_chance, surprise
from pipeline.diagnosis.finding import Finding
from pipeline.shown_text import plain
from pipeline.workspace.evidence_policy import DataRules

_FEWEST = 30  # rows whose distribution says anything
_NOISE = 1.63  # over the root of their number: what samples of one distribution exceed once in a hundred times (Kolmogorov)


@dataclass(frozen=True)
class TurnedSign:
    """The rows `concerned`, shape (window,). `gap` is how far these values lie from the reference's, 0-1, and `left` how far turned round.
    `z`: how sure it is that the reference has no such rows. `below_zero`: the reference has nothing there."""

    concerned: Mask
    gap: float
    left: float
    z: float
    below_zero: bool


def turned_sign(seen: Witnesses, name: str, rules: DataRules) -> TurnedSign | None:
    """The column's values below zero, where the reference has none; all of its values where it has both signs; None where turning them does
    not bring the reference's distribution back."""
    before, after = seen.numbers(name)
    known, now = np.sort(before[~np.isnan(before)]), np.sort(after[~np.isnan(after)])
    if min(known.size, now.size) < _FEWEST:
        return None
    below_zero = bool(known[0] >= 0)
    concerned = after < 0 if below_zero else ~np.isnan(after)
    # Nothing is nothing with either sign.
    turned, compared = (np.sort(-after[concerned]), known[known > 0]) if below_zero else (-now[::-1], known)
    if turned.size < max(_FEWEST, rules.beyond_share * len(after)) or compared.size < _FEWEST:
        return None
    moved = 1.0 if below_zero else gap(known, now)
    z = surprise(0, len(before), int(concerned.sum()), len(after)) if below_zero else rules.missing_z
    if moved < max(rules.unit_distance, gap_by_chance(rules.missing_z, known.size, now.size)) or z < rules.missing_z:
        return None
    left = gap(compared, turned)
    allowed = max(rules.unit_distance_left, _NOISE / np.sqrt(turned.size))
    return TurnedSign(concerned, moved, left, z, below_zero) if left <= allowed else None


def find_turned_sign(seen: Witnesses, name: str, turned: TurnedSign) -> Finding:
    """`turned_sign` as a finding."""
    share = float(turned.concerned.mean())
    part = seen.part_of(turned.concerned)
    rows = "all rows" if share == 1 else f"{share:.1%} of the rows{where(part)}"
    what = "is negative" if turned.below_zero else "has the other sign"
    said = f"`{plain(name)}` {what} in {rows}; turned round it looks as in the reference: the sign was flipped."
    return fault("sign_flipped", said, share, len(turned.concerned), z=turned.z, column=name, part=part)
