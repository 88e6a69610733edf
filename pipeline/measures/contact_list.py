"""Whom to contact under a capacity: customers ranked by what an offer is expected to bring, or by risk, and what to do about each."""

from collections.abc import Sequence
from typing import Literal

Rank = Literal["value", "risk"]
ContactAction = Literal["contact", "hold out", "leave"]

ACTION = "action"  # the column of a list
CONTACT: ContactAction = "contact"
HOLD_OUT: ContactAction = "hold out"
LEAVE: ContactAction = "leave"


def ranked(rank: Rank, expected: Sequence[float], risk: Sequence[float], ids: Sequence[str]) -> list[int]:
    """Places of the customers, the first to contact first; equal ones by the other measure, then by id.

    >>> ranked("value", [5.0, 9.0, 9.0], [0.9, 0.1, 0.2], ["a", "b", "c"]), ranked("risk", [5.0, 9.0, 9.0], [0.9, 0.1, 0.2], ["a", "b", "c"])
    ([2, 1, 0], [0, 2, 1])
    """
    first, second = (expected, risk) if rank == "value" else (risk, expected)
    return sorted(range(len(ids)), key=lambda place: (-first[place], -second[place], ids[place]))


def reached(expected_in_order: Sequence[float], capacity: float) -> list[bool]:
    """Who of the ranked customers is reached: those for whom an offer pays, until so many are that all who could be are.

    Args:
        expected_in_order: expected value of an offer, in the order of the ranking.
        capacity: share of all of them that can be contacted, 0-1.

    >>> reached([50.0, -5.0, 20.0, 10.0], 0.5)
    [True, False, True, False]
    """
    left = int(capacity * len(expected_in_order) + 1e-9)
    chosen = []
    for worth in expected_in_order:
        chosen.append(worth > 0 and left > 0)
        left -= chosen[-1]
    return chosen
