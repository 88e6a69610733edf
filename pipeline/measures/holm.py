"""Several questions asked of the same rows at once: what is left of each answer's certainty."""

from collections.abc import Sequence


def holm(p_values: Sequence[float], asked: int) -> tuple[float, ...]:
    """p-values corrected for `asked` questions, of which these are the smallest; in their order.

    Source: Holm (1979), "A Simple Sequentially Rejective Multiple Test Procedure".

    >>> [round(p, 3) for p in holm([0.04, 0.01], asked=3)]
    [0.08, 0.03]
    """
    corrected, least = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=lambda place: p_values[place])):
        least = max(least, min(1.0, (asked - rank) * p_values[place]))
        corrected[place] = least
    return tuple(corrected)
