"""Is the distance between two windows more than sampling noise? A question for counts alone: no row is needed again.

Under "nothing changed" the rows of both windows came from one population, and which of them make up the current window is chance.
So the null is a permutation test (Fisher 1935; Good 2005): pool the counts of both windows, deal the current window's number of rows
anew from the pool, and measure the distance again. A customer scored on seven days is dealt once, not seven times: of the current window
only as many rows count as would tell as much without repeats. The reference's own sampling error is in it at every size: where the reference is
much the larger one, the deal is the multinomial draw of a window from it; where it is not, both windows vary.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DRAWS = 999
_GROUPS = 64  # of a numerical column's cells; 512 take eight times as long and find the same shifts
_MOST_NUMBERS = 2_000_000  # drawn at a time, so that a column of a hundred thousand categories needs no more memory than others
_MOST_ROWS = 900_000_000  # numpy deals from fewer than 10^9
_TIE = 1 - 1e-9  # equal counts give distances that differ in the last bits

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Tally:
    """One column of two windows, cell by cell, missing values left out.

    `before`, `after`: rows of the reference and the current window in each cell, shape (cells,). `sums`: sum of a numerical column's
    values in each cell over both windows, shape (cells,), cells in ascending order; None for categories. `worth`: share of the current
    window's rows, 0-1, that would tell as much if no customer repeated.
    """

    before: Counts
    after: Counts
    sums: Floats | None
    worth: float = 1.0


def significances(tallies: Mapping[str, Tally], *, seed: int, false_discovery_rate: float) -> dict[str, float]:
    """Probability of a distance at least as large, had nothing changed, by column: p = (1 + exceeding draws) / (1 + draws).

    Distances are Jensen-Shannon (categories) and Wasserstein-1 on at most 64 groups of cells (numbers). 999 draws cannot give less
    than 0.001. Where so few columns lie at that floor that `adjusted` could not call them significant, these few get enough draws.
    Each column has random numbers of its own: other columns do not change its p.
    """
    p = {name: _p_value(tally, DRAWS, (seed, DRAWS, *name.encode())) for name, tally in tallies.items()}
    floor = 1 / (1 + DRAWS)
    at_floor = [name for name, value in p.items() if value == floor]
    if len(at_floor) * false_discovery_rate < floor * len(p):
        draws = math.ceil(2 * len(p) / false_discovery_rate)
        p |= {name: _p_value(tallies[name], draws, (seed, draws, *name.encode())) for name in at_floor}
    return p


def adjusted(p: Mapping[str, float]) -> dict[str, float]:
    """Smallest false discovery rate at which each column is significant among all (Benjamini and Hochberg 1995)."""
    lowest, found = 1.0, {}
    for rank, name in reversed(list(enumerate(sorted(p, key=lambda name: p[name]), start=1))):
        lowest = min(lowest, p[name] * len(p) / rank)
        found[name] = lowest
    return found


def _p_value(tally: Tally, draws: int, seed: tuple[int, ...]) -> float:
    tally = tally if tally.sums is None else _grouped(tally, tally.sums)
    gaps = None if tally.sums is None else np.diff(tally.sums / (tally.before + tally.after))
    shrunk = max(1, -(-int(tally.before.sum() + tally.after.sum()) // _MOST_ROWS))
    before, told = tally.before // shrunk, tally.after // shrunk
    # By their running total, so that many cells of few rows lose no more than others.
    after = np.diff(np.round(np.cumsum(told) * tally.worth), prepend=0).astype(np.int64)
    pool, rows = before + after, int(after.sum())
    if not before.any() or rows == 0:
        return 1.0
    rng = np.random.default_rng(seed)
    measured = _distances(before[None, :], told[None, :], gaps)[0]
    exceeding, left = 0, draws
    while left:
        batch = min(left, max(1, _MOST_NUMBERS // len(pool)))
        dealt = rng.multivariate_hypergeometric(pool, rows, size=batch, method="marginals")
        exceeding += int((_distances(pool - dealt, dealt, gaps) >= measured * _TIE).sum())
        left -= batch
    return (1 + exceeding) / (1 + draws)


def _grouped(tally: Tally, sums: Floats) -> Tally:
    """Neighbouring cells together, in groups of about equally many rows of both windows, so that another deal has the same groups."""
    pool = tally.before + tally.after
    middle = (np.cumsum(pool) - pool / 2) / max(1, pool.sum())
    held = pool > 0
    _, group = np.unique((middle[held] * _GROUPS).astype(int), return_inverse=True)
    before, after = (np.bincount(group, weights=counts[held]).astype(np.int64) for counts in (tally.before, tally.after))
    return Tally(before, after, np.asarray(np.bincount(group, weights=sums[held]), dtype=np.float64), tally.worth)


def _distances(before: Counts, after: Counts, gaps: Floats | None) -> Floats:
    """Distance between each of the deals `after` and the rest of the pool `before`, both of shape (deals, cells); shape (deals,)."""
    p, q = before / before.sum(axis=1, keepdims=True), after / after.sum(axis=1, keepdims=True)
    if gaps is not None:
        return np.asarray(np.abs(np.cumsum(p - q, axis=1)[:, :-1]) @ gaps)
    middle = (p + q) / 2
    # The square of the Jensen-Shannon distance orders deals as the distance does.
    return np.asarray((_relative_entropy(p, middle) + _relative_entropy(q, middle)).sum(axis=1))


def _relative_entropy(p: Floats, q: Floats) -> Floats:
    """Each cell's part of it, 0 where `p` is. SciPy's own is no faster here, and loading it takes longer than all the deals."""
    held = p > 0
    ratio = np.divide(p, q, out=np.ones_like(p), where=held)
    return np.asarray(p * np.log(ratio))
