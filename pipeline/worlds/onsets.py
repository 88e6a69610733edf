"""Changes of behaviour that do not begin with the window: half-way, little by little, or once more."""

from dataclasses import replace

import numpy as np
import pandas as pd

from pipeline.worlds.behaviour import drivers_reverse, everybody, mirrored
from pipeline.worlds.change import Change, Numbers, Pool, Severity, chosen
from pipeline.worlds.drivers import segments


def reversal_half_way(pool: Pool, severity: Severity, rng: np.random.Generator) -> Change:
    """The two strongest reasons to leave become reasons to stay from the middle of the window on."""
    return replace(drivers_reverse(pool, severity, rng), onset=_from_the_middle)


def gradual_reversal(pool: Pool, severity: Severity, rng: np.random.Generator) -> Change:
    """Day by day more customers do the opposite of what such customers used to do: of a large group, or of all."""
    affected = chosen(segments(pool.frame, pool.columns, 0.35, 0.65), rng).holds if severity == "mild" else everybody
    return Change(behave=mirrored(pool, affected, everybody), onset=lambda recency: recency)


def recurring_change(pool: Pool, severity: Severity, rng: np.random.Generator) -> Change:
    """What was so in the first part of the reference is so again: in a large group those who stay and those who leave change places. Where the
    change is mild, it is half of that."""
    affected = chosen(segments(pool.frame, pool.columns, 0.2, 0.6), rng)
    opposite = mirrored(pool, affected.holds, affected.holds)

    def half(frame: pd.DataFrame, expected: Numbers) -> Numbers:
        return np.asarray((expected + opposite(frame, expected)) / 2)

    return Change((affected.column,), behave=half if severity == "mild" else opposite, earlier=opposite)


def _from_the_middle(recency: Numbers) -> Numbers:
    return np.asarray(recency > 1 / 2, dtype=np.float64)
