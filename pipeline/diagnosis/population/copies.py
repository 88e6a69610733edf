"""Columns that tell the same thing: one is computed from the other, as an age group is from the age. They are one witness, not two."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from pipeline.diagnosis.population.association import Tie
from pipeline.diagnosis.population.crosstab import Codes, Crosstab

_CLOSE = 0.8  # correlation below which neither can follow from the other
_STRAY = 0.05  # of the changes by chance, between neighbours in the other column's order, that typing errors may leave
_FEWEST = 100  # rows


def copies(tab: Crosstab, ties: Sequence[Tie], before: pd.DataFrame) -> frozenset[tuple[int, int]]:
    """The tied pairs of columns, by their places, of which one follows from the other in the reference's rows `before`, those of `tab`."""
    if len(before) < _FEWEST:
        return frozenset()
    orders = {
        place: np.argsort(pd.factorize(before[tab.names[place]], sort=True)[0], kind="stable")
        for tie in ties
        if tie.strength >= _CLOSE
        for place in (tie.one, tie.other)
    }
    return frozenset(
        (tie.one, tie.other)
        for tie in ties
        if tie.strength >= _CLOSE
        and any(_follows(tab.reference[orders[cause], effect]) for cause, effect in ((tie.one, tie.other), (tie.other, tie.one)))
    )


def _follows(codes: Codes) -> bool:
    """Whether neighbours hold the same cell far more often than chance would have it."""
    shares = np.bincount(codes) / codes.size
    by_chance = 1.0 - float((shares**2).sum())
    return bool((codes[1:] != codes[:-1]).mean() <= _STRAY * by_chance)
