"""One factor for a whole column of amounts: what new prices look like, and what a broken column rarely does."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.diagnosis.observed import Observed
from pipeline.workspace.evidence_policy import DependencyRules

_FRACTIONS = 0.5  # of the values: money has cents
_DISTINCT = 0.2  # of the values are different: amounts without cents differ all the same, and codes and counts do not
_BY_CHANCE = 1.63  # times the root of 1/n + 1/m: what two samples of one distribution exceed once in a hundred times
_QUANTILES = np.arange(0.1, 0.95, 0.1)


@dataclass(frozen=True)
class Rescaling:
    """`factor` from the reference's amounts to the window's, and the share of the distance that is `left` once it is taken out (0-1)."""

    factor: float
    left: float


def rescaling(observed: Observed, column: str, effective: float, rules: DependencyRules) -> Rescaling | None:
    """The factor by which a column looks like money with new prices; None where it does not.

    It is the one among the ratios of nine quantiles that explains most. It must lie within the policy's bounds and take the
    Kolmogorov-Smirnov distance out: all but the policy's share, or all but what chance leaves of the `effective` rows that the window is worth.
    """
    from scipy.stats import ks_2samp

    if observed.columns.kind(column) != "numerical":
        return None
    before, now = (part[column].dropna().to_numpy(dtype="float64") for part in (observed.before, observed.window))
    if not _like_money(before) or not now.size or now.min() < 0:
        return None
    was, is_now = np.quantile(before, _QUANTILES), np.quantile(now, _QUANTILES)
    factors = [one for one in is_now[was > 0] / was[was > 0] if rules.rescale_low <= one <= rules.rescale_high]
    if not factors:
        return None
    distance = float(ks_2samp(before, now, method="asymp").statistic)
    left, factor = min((float(ks_2samp(before, now / one, method="asymp").statistic), float(one)) for one in factors)
    by_chance = min(_BY_CHANCE * np.sqrt(1 / before.size + 1 / effective), distance / 2)
    return Rescaling(factor, left / distance) if left <= max(rules.rescale_left * distance, by_chance) else None


def _like_money(values: NDArray[np.float64]) -> bool:
    if not values.size or values.min() < 0:
        return False
    return bool((values % 1 != 0).mean() > _FRACTIONS or np.unique(values).size > _DISTINCT * values.size)
