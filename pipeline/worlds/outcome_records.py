"""Outcomes that are written down wrongly, or for customers who are no fair sample; features and behaviour are what they were."""

import numpy as np
import pandas as pd

from pipeline.worlds.behaviour import estimated_risk
from pipeline.worlds.change import Change, Numbers, Pool, Severity

_FLIPPED = {"mild": 1 / 3, "strong": 1.0}
_CONTACTED = {"mild": 0.5, "strong": 0.25}  # share of the customers, from the top of the scores
_SAVED = {"mild": 0.3, "strong": 0.5}  # of the churners among them, by the offer


def outcomes_flipped(pool: Pool, severity: Severity, rng: np.random.Generator) -> Change:
    """Yes is written for no and no for yes: for everybody, or for a third."""
    target = pool.columns.target

    def recorded(frame: pd.DataFrame, recency: Numbers, rng: np.random.Generator) -> Numbers:
        churned, flipped = frame[target].to_numpy(dtype="float64"), rng.random(len(frame)) < _FLIPPED[severity]
        return np.where(flipped, 1 - churned, churned)

    return Change(recorded=recorded)


def contacted_only(pool: Pool, severity: Severity, rng: np.random.Generator) -> Change:
    """Outcomes come from a campaign: of the customers at highest risk alone, and some of them stayed for its offer."""
    target, estimated = pool.columns.target, estimated_risk(pool)
    bar = float(np.quantile(estimated(pool.frame), 1 - _CONTACTED[severity]))

    def recorded(frame: pd.DataFrame, recency: Numbers, rng: np.random.Generator) -> Numbers:
        saved = rng.random(len(frame)) < _SAVED[severity]
        churned = frame[target].to_numpy(dtype="float64") * ~saved
        return np.where(estimated(frame) >= bar, churned, np.nan)

    return Change(recorded=recorded)
