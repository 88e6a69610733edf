"""When rows began to break an expectation: the moment that parts a stretch with hardly any of them from one with many."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

_QUIET = 0.1  # of the later share, at most, that a stray row now and then makes before
_BY_CHANCE = math.log(1e6)  # of the likelihood ratio


@dataclass(frozen=True)
class Hour:
    """Rows of an hour, how many of them are `broken`, and the first of those in seconds since 1970, None where none is."""

    rows: int
    broken: int
    first: float | None


def beginning(hours: Sequence[Hour]) -> float | None:
    """Seconds since 1970 of the first broken row of the later stretch, None where the broken rows lie all over the `hours` (oldest first).

    The two stretches are the ones most likely to have shares of their own, by the binomial likelihood ratio (Page 1954).
    """
    rows, broken = sum(hour.rows for hour in hours), sum(hour.broken for hour in hours)
    best, before, bad, began = _BY_CHANCE, 0, 0, None
    for place, hour in enumerate(hours):
        after, worse = rows - before, broken - bad
        if before and bad * after < _QUIET * worse * before:
            gain = _likelihood(bad, before) + _likelihood(worse, after) - _likelihood(broken, rows)
            if gain > best:
                best, began = gain, place
        before, bad = before + hour.rows, bad + hour.broken
    return None if began is None else min(hour.first for hour in hours[began:] if hour.first is not None)


def _likelihood(broken: int, rows: int) -> float:
    """Logarithm of the greatest likelihood of so many broken rows."""
    return sum(part * math.log(part / rows) for part in (broken, rows - broken) if part)
