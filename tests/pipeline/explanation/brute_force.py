"""Shapley values from their definition: every coalition asked, against every row of the background."""

from collections.abc import Callable
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]


def shapley(response: Callable[[Numbers], Numbers], row: Numbers, background: Numbers) -> Numbers:
    """Of each column of `row`, shape (width,). What is not in a coalition is as in the background."""
    width = row.size

    def worth(coalition: tuple[int, ...]) -> float:
        mixed = background.copy()
        mixed[:, list(coalition)] = row[list(coalition)]
        return float(response(mixed).mean())

    known = {those: worth(those) for size in range(width + 1) for those in combinations(range(width), size)}
    found = np.zeros(width)
    for those, value in known.items():
        for place in set(range(width)) - {*those}:
            gain = known[tuple(sorted((*those, place)))] - value
            found[place] += gain / (width * comb(width - 1, len(those)))
    return found
