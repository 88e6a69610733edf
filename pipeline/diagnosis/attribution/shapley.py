"""Shapley values: the one split of what a coalition brings that adds up, and treats players alike who bring alike.

Source: Shapley (1953), "A Value for n-Person Games".
"""

from math import factorial

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]


def shapley_values(values: Numbers) -> Numbers:
    """Of each player what it brings on average over all orders, shape (..., players).

    Args:
        values: what each coalition brings, shape (..., 2 ** players); bit p of a coalition's place says whether player p is in it.

    >>> shapley_values(np.array([0.0, 1.0, 2.0, 5.0])).tolist()
    [2.0, 3.0]
    """
    return np.asarray(values @ _weights(values.shape[-1].bit_length() - 1).T)


def _weights(players: int) -> Numbers:
    """Of each coalition in each player's value, shape (players, coalitions)."""
    coalitions = np.arange(1 << players)
    sizes = np.array([int(one).bit_count() for one in coalitions])
    found = np.empty((players, coalitions.size))
    for player in range(players):
        inside = (coalitions >> player & 1).astype(bool)
        others = sizes - inside
        share = np.array([factorial(size) * factorial(players - size - 1) / factorial(players) for size in range(players)])[others]
        found[player] = np.where(inside, share, -share)
    return found
