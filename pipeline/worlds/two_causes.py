"""Two things that happen at once, of which either could hide the other."""

from dataclasses import replace

import numpy as np
import pandas as pd

from pipeline.worlds.arrivals import harmless_tilt, prior_shift
from pipeline.worlds.behaviour import drivers_reverse, everybody, mirrored
from pipeline.worlds.change import Change, Numbers, Pool, Severity, chosen, needed, strength_order
from pipeline.worlds.drivers import segments
from pipeline.worlds.faults import in_some, unit_change

_MISSING = {"mild": 0.15, "strong": 0.4}


def missing_and_reversal(pool: Pool, severity: Severity, rng: np.random.Generator) -> Change:
    """Part of the column that says least stopped arriving, and the two strongest reasons to leave become reasons to stay."""
    reversal = drivers_reverse(pool, severity, rng)
    name = strength_order(pool, needed(pool.columns.features, "feature", 3))[-1]
    return replace(reversal, columns=(name,), damage=in_some(name, _MISSING[severity], np.nan))


def unit_and_segment(pool: Pool, severity: Severity, rng: np.random.Generator) -> Change:
    """An amount arrives in another unit, and in a large group, or among all, those who used to stay now leave."""
    broken = unit_change(pool, "strong", rng)
    affected = chosen(segments(pool.frame, pool.columns, 0.35, 0.65), rng).holds if severity == "mild" else everybody
    return replace(broken, behave=mirrored(pool, affected, everybody))


def prior_and_tilt(pool: Pool, severity: Severity, rng: np.random.Generator) -> Change:
    """More or fewer churners, and the two columns that say least about churn move."""
    prior, tilt = prior_shift(pool, severity, rng), harmless_tilt(pool, severity, rng)
    assert prior.weigh is not None and tilt.weigh is not None
    first, second = prior.weigh, tilt.weigh

    def weigh(frame: pd.DataFrame, expected: Numbers) -> Numbers:
        return np.asarray(first(frame, expected) * second(frame, expected))

    return replace(prior, columns=tilt.columns, weigh=weigh)
