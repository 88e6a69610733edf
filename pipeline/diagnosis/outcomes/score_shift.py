"""What the champion's scores alone say: whether they moved, and whether the ROC-AUC to expect without outcomes fell."""

import math
from collections.abc import Iterator
from statistics import NormalDist

import numpy as np

from pipeline.diagnosis.expected_performance import ExpectedPerformance
from pipeline.diagnosis.finding import Finding
from pipeline.diagnosis.observed import Observed
from pipeline.diagnosis.population.crosstab import enough
from pipeline.diagnosis.repeated_customers import customers_of, effective_rows
from pipeline.workspace.evidence_policy import SupportRules

_BY_CHANCE = 1e-4


def find_score_shift(observed: Observed, rules: SupportRules, expected: ExpectedPerformance | None) -> tuple[Finding, ...]:
    """`score_shift` and, where `expected` has a ROC-AUC, `estimated_performance`, notable or not. None where rows are too few, or all of the
    reference had one outcome."""
    y = observed.reference[observed.columns.target].to_numpy(dtype=np.float64)
    if not enough(observed) or y.min() == y.max():
        return ()
    effective = effective_rows(customers_of(observed.window, observed.reference, observed.ids))
    return _shift(observed, effective, rules), *(_promise(observed, y, expected, rules) if expected else ())


def _shift(observed: Observed, effective: float, rules: SupportRules) -> Finding:
    from scipy.stats import ks_2samp, kstwobign

    before, now = observed.before_scores, observed.scores
    distance = float(ks_2samp(before, now, method="asymp").statistic)
    # As ks_2samp has it, but for the rows that the window is worth.
    p = float(kstwobign.sf(distance * math.sqrt(before.size * effective / (before.size + effective))))
    moved = distance >= rules.score_distance and p < _BY_CHANCE
    change = float(now.mean() - before.mean())
    error = math.sqrt(float(before.var()) / before.size + float(now.var()) / effective)
    means = f"The mean score went from {before.mean():.3f} to {now.mean():.3f}"
    return Finding(
        family="score",
        name="score_shift",
        strength=distance,
        unit="KS distance between the score distributions",
        n=now.size,
        z=change / max(error, 1e-9),
        notable=moved,
        argues_for=("covariate_benign", "covariate_harmful", "prior_shift") if moved else (),
        argues_against=() if moved else ("prior_shift",),
        said=f"{means}: the score distribution shifted (KS {distance:.2f}), so targeting changes."
        if moved
        else f"{means}: no material shift of the score distribution (KS {distance:.2f}).",
    )


def _promise(observed: Observed, y: np.ndarray, expected: ExpectedPerformance, rules: SupportRules) -> Iterator[Finding]:
    from pipeline.measures.delong import delong

    if expected.roc_auc is None or expected.low is None or expected.high is None:
        return
    (usual,), ((variance,),) = delong(y, observed.reference_scores[None, :])
    error = (expected.high - expected.low) / 2 / NormalDist().inv_cdf((1 + expected.level) / 2)
    z = float((expected.roc_auc - usual) / max(math.hypot(error, math.sqrt(max(0.0, variance))), 1e-9))
    # The interval holds the chance of outcomes too, which the estimate has none of: chance seldom takes the estimate that far.
    fell = usual - expected.roc_auc >= rules.auc_drop and expected.high < usual
    yield Finding(
        family="score",
        name="estimated_performance",
        strength=expected.roc_auc,
        unit="ROC-AUC",
        n=expected.rows,
        low=expected.low,
        high=expected.high,
        z=z,
        notable=fell,
        argues_for=("covariate_benign", "covariate_harmful") if fell else (),
        said=f"Without outcomes the champion's ROC-AUC is estimated at {expected.roc_auc:.3f} ({expected.level:.0%} interval {expected.low:.3f} to "
        f"{expected.high:.3f}){': churners among these customers are harder to rank' if fell else ''}. {expected.said}",
    )
