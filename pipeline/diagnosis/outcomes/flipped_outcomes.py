"""Whether outcomes are turned round, all of them or a share at random: yes for no, and no for yes.

One share of flipped outcomes explains churn rate, ROC-AUC and calibration together, and it explains them for every kind of customers alike.
Customers who behave differently move the three each its own way, and some kinds more than others. So the flips must fit at least as well as a
level and a slope of the scores, which have a number more to fit with, and leave no kind of customers unexplained.

Source: Natarajan et al. (2013), "Learning with Noisy Labels" (class-conditional noise with equal rates).
"""

import numpy as np
from numpy.typing import NDArray

from pipeline.diagnosis.finding import Finding
from pipeline.diagnosis.observed import Observed
from pipeline.diagnosis.outcomes.calibration_line import fit_line, log_odds
from pipeline.diagnosis.outcomes.expected_outcomes import Expected
from pipeline.diagnosis.outcomes.segments import cut_up
from pipeline.measures.delong import delong

Numbers = NDArray[np.float64]

_FEWEST = 0.08  # of the outcomes; fewer wrong ones cost a model little
_SURE_Z = 6.0  # standard errors of that share
_LEVEL_Z = 4.0  # by which the rate must have moved: where half churn, flips look like scores that rank the wrong way round
_WORSE = 1.0  # natural logarithm of the likelihood by which level and slope may fit better
_BY_CHANCE = 1e-3  # of any kind of customers looking unexplained
_FEWEST_ROWS = 30  # of a kind of customers
_STEPS = 100


def find_flipped(observed: Observed, expected: Expected) -> Finding | None:
    """`labels_inverted`, where a share of flipped outcomes explains all that is unlike what is expected."""
    y, p = expected.y, expected.p
    missed, missed_error = expected.level()
    if y.min() == y.max() or abs(missed) < _LEVEL_Z * missed_error:
        return None
    share = share_mixed_in(y, p, 1 - p)
    q = share + (1 - 2 * share) * p
    error = float(1 / np.sqrt(((1 - 2 * p) ** 2 / (q * (1 - q))).sum()))
    if share < max(_FEWEST, _SURE_Z * error):
        return None
    if not _fits_as_well(expected, q) or not _explains_all(observed, expected, share, q):
        return None
    (auc,), _ = delong(y, p[None, :])
    how = "all outcomes turned round" if share > 1 - _FEWEST else f"{share:.0%} of the outcomes turned round"
    order = "customers with high scores leave least" if auc < 0.5 else "scores hardly tell who leaves"
    return Finding(
        family="labels",
        name="labels_inverted",
        strength=share,
        unit="share of the outcomes that are turned round",
        n=y.size,
        low=max(0.0, share - 1.96 * error),
        high=min(1.0, share + 1.96 * error),
        z=share / error,
        share=share,
        argues_for=("label_fault",),
        argues_against=("concept_drift", "prior_shift"),
        said=f"{y.mean():.1%} churn where {p.mean():.1%} are expected, and {order} (ROC-AUC {auc:.2f}): {how} explain both, for every kind of customers "
        "alike. Yes and no are most likely swapped where outcomes are recorded.",
    )


def share_mixed_in(y: Numbers, p: Numbers, other: Numbers) -> float:
    """Most likely share, 0-1, of outcomes `y` that follow the probabilities `other` and not `p`: the likelihood is concave in it, so halving the
    range finds its top."""
    low, high, way = 0.0, 1.0, other - p
    for _ in range(_STEPS):
        middle = (low + high) / 2
        q = np.clip(p + middle * way, 1e-9, 1 - 1e-9)
        rising = float((way * (y - q) / (q * (1 - q))).sum()) > 0
        low, high = (middle, high) if rising else (low, middle)
    return (low + high) / 2


def _fits_as_well(expected: Expected, q: Numbers) -> bool:
    """Whether level and slope of the scores, which have a number more to fit with, fit no better than chance and the error that the reference's
    own size leaves in both explain."""
    y, x = expected.y, log_odds(expected.p)
    line = fit_line(x, y)
    by_reference = (expected.slope_error**2 / line.covariance[1, 1]) + expected.level_error**2 * float(
        (expected.p * (1 - expected.p)).sum()
    )
    return bool(log_likelihood(y, q) >= log_likelihood(y, line.at(x)) - _WORSE * (1 + 2 * by_reference))


def log_likelihood(y: Numbers, q: Numbers) -> float:
    """Natural logarithm of the likelihood of outcomes `y` under probabilities `q`."""
    return float(np.log(np.clip(np.where(y == 1, q, 1 - q), 1e-9, 1)).sum())


def _explains_all(observed: Observed, expected: Expected, share: float, q: Numbers) -> bool:
    """Whether no kind of customers is off by more than chance, beyond how far the champion is off about them in the reference."""
    from scipy.stats import norm

    segments = cut_up(observed.reference, observed.labelled.features, observed.columns, observed.reference_scores, observed.labelled_scores)
    left, usual = expected.y - q, expected.reference_y - expected.reference_p
    furthest, tried = 0.0, 0
    for one in segments:
        rows, rows_before = int(one.after.sum()), int(one.before.sum())
        if min(rows, rows_before) < _FEWEST_ROWS:
            continue
        off = float(left[one.after].mean()) - (1 - 2 * share) * float(usual[one.before].mean())
        variance = float((q * (1 - q))[one.after].mean()) / rows + (1 - 2 * share) ** 2 * float(usual[one.before].var()) / rows_before
        furthest, tried = max(furthest, abs(off) / variance**0.5), tried + 1
    return tried * 2 * float(norm.sf(furthest)) > _BY_CHANCE
