"""Changes of behaviour that do not begin with the window: half-way, little by little, or once more."""

from dataclasses import replace

import numpy as np

from pipeline.worlds.behaviour import drivers_reverse
from pipeline.worlds.change import Change, Numbers, Pool, Severity


def reversal_half_way(pool: Pool, severity: Severity, rng: np.random.Generator) -> Change:
    """The two strongest reasons to leave become reasons to stay from the middle of the window on."""
    return replace(drivers_reverse(pool, severity, rng), onset=_from_the_middle)


def _from_the_middle(recency: Numbers) -> Numbers:
    return np.asarray(recency > 1 / 2, dtype=np.float64)
