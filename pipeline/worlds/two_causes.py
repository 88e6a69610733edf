"""Two things that happen at once, of which either could hide the other."""

from dataclasses import replace

import numpy as np
import pandas as pd

from pipeline.worlds.arrivals import harmless_tilt, prior_shift
from pipeline.worlds.behaviour import drivers_reverse
from pipeline.worlds.change import Change, Numbers, Pool, Severity, needed, strength_order
from pipeline.worlds.faults import in_some

_MISSING = {"mild": 0.15, "strong": 0.4}


def missing_and_reversal(pool: Pool, severity: Severity, rng: np.random.Generator) -> Change:
    """Part of the column that says least stopped arriving, and the two strongest reasons to leave become reasons to stay."""
    reversal = drivers_reverse(pool, severity, rng)
    name = strength_order(pool, needed(pool.columns.features, "feature", 3))[-1]
    return replace(reversal, columns=(name,), damage=in_some(name, _MISSING[severity], np.nan))


def prior_and_tilt(pool: Pool, severity: Severity, rng: np.random.Generator) -> Change:
    """More or fewer churners, and the two columns that say least about churn move."""
    prior, tilt = prior_shift(pool, severity, rng), harmless_tilt(pool, severity, rng)
    assert prior.weigh is not None and tilt.weigh is not None
    first, second = prior.weigh, tilt.weigh

    def weigh(frame: pd.DataFrame, expected: Numbers) -> Numbers:
        return np.asarray(first(frame, expected) * second(frame, expected))

    return replace(prior, columns=tilt.columns, weigh=weigh)
