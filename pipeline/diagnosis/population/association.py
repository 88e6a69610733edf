"""How closely two columns belong together, on one scale for numbers and categories: the correlation of their best scores.

Every cell of a column gets a number, such that the two columns' numbers correlate as much as they can in the reference. That correlation
is 0 for independent columns and 1 where each tells the other. The numbers stay for every other population, so what is compared is the
same tie, its direction included.

Source: Hirschfeld (1935), "A connection between correlation and contingency"; the first axis of correspondence analysis.
"""

from dataclasses import dataclass

import numpy as np

from pipeline.diagnosis.population.crosstab import Crosstab, Floats

_NO_SPREAD = 0.02  # of a column whose variance in the reference is 1: too little is left to correlate with


@dataclass(frozen=True)
class Tie:
    """Two columns of a crosstab by their places, the numbers of their cells, shapes (cells,), and the correlation in the reference, the part
    that chance alone would bring taken off."""

    one: int
    other: int
    one_scores: Floats
    other_scores: Floats
    strength: float

    def partner(self, place: int) -> int:
        """The other column."""
        return self.other if place == self.one else self.one


@dataclass(frozen=True)
class Correlation:
    """A correlation, and its variance times the number of rows (delta method)."""

    value: float
    variance: float


def counts_of(indicators: Floats, weights: Floats | None = None) -> Floats:
    """How often each two cells occur together, shape (cells, cells): every table of two columns is a block of it."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    # One thread: so little work is done sooner than a second one wakes up.
    with threadpool_limits(1):
        return np.asarray(indicators.T @ (indicators if weights is None else indicators * weights[:, None]))


def strong_ties(tab: Crosstab, counts: Floats, least: float) -> tuple[Tie, ...]:
    """Pairs of columns that correlate by at least `least` (0-1) in the reference, whose `counts_of` are given."""
    rows, found = len(tab.reference), []
    for one, first in enumerate(tab.spans):
        for other in range(one + 1, len(tab.spans)):
            table = counts[first, tab.spans[other]]
            if tie := _tie(one, other, table / rows, rows, least):
                found.append(tie)
    return tuple(found)


def _tie(one: int, other: int, table: Floats, rows: int, least: float) -> Tie | None:
    p, q = table.sum(axis=1), table.sum(axis=0)
    expected = np.sqrt(np.outer(p, q))
    standardised = np.divide(table, expected, out=np.zeros_like(table), where=expected > 0) - expected
    cells, others = np.count_nonzero(p), np.count_nonzero(q)
    if cells < 2 or others < 2:
        return None
    # The largest singular value of pure chance is about this (Marchenko and Pastur 1967).
    by_chance = (np.sqrt(cells - 1) + np.sqrt(others - 1)) ** 2 / rows
    if (standardised**2).sum() < least**2:  # the sum of all squared singular values
        return None
    u, values, v = np.linalg.svd(standardised, full_matrices=False)
    strength = float(np.sqrt(max(0.0, values[0] ** 2 - by_chance)))
    if strength < least:
        return None
    scores = [np.divide(axis, np.sqrt(share), out=np.zeros_like(axis), where=share > 0) for axis, share in ((u[:, 0], p), (v[0], q))]
    return Tie(one, other, scores[0], scores[1], min(1.0, strength))


def correlation(tie: Tie, table: Floats) -> Correlation | None:
    """The tie in another population, told by its table, shape (cells of one, cells of other). None where either column is constant."""
    share = table / table.sum()
    x, y = _standard(tie.one_scores, share.sum(axis=1)), _standard(tie.other_scores, share.sum(axis=0))
    if x is None or y is None:
        return None
    value = float(x @ share @ y)
    influence = np.outer(x, y) - value / 2 * np.add.outer(x**2, y**2)
    return Correlation(value, float((share * influence**2).sum()))


def _standard(scores: Floats, shares: Floats) -> Floats | None:
    centred = scores - scores @ shares
    variance = float(centred**2 @ shares)
    return centred / np.sqrt(variance) if variance > _NO_SPREAD else None
