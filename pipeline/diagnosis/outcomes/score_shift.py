"""What the champion's scores alone say: whether they moved, and which ROC-AUC they promise if they still mean what they did."""

import math
from statistics import NormalDist

import numpy as np

from pipeline.diagnosis.finding import Finding
from pipeline.diagnosis.observed import SEED, Observed
from pipeline.diagnosis.outcomes.expected_outcomes import auc_expected_by, fit_line, log_odds
from pipeline.diagnosis.population.crosstab import enough
from pipeline.diagnosis.repeated_customers import customers_of, effective_rows
from pipeline.workspace.evidence_policy import SupportRules

_DRAWS = 100
_MOST = 5_000  # scores of either side in the bootstrap
_BY_CHANCE = 1e-4


def find_score_shift(observed: Observed, rules: SupportRules) -> tuple[Finding, ...]:
    """`score_shift` and `estimated_performance`, notable or not. None where rows are too few, or all of the reference had one outcome."""
    y = observed.reference[observed.columns.target].to_numpy(dtype=np.float64)
    if not enough(observed) or y.min() == y.max():
        return ()
    effective = effective_rows(customers_of(observed.window, observed.reference, observed.ids))
    return _shift(observed, effective, rules), _promise(observed, y, effective, rules)


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


def _promise(observed: Observed, y: np.ndarray, effective: float, rules: SupportRules) -> Finding:
    x_before, x_now = log_odds(observed.reference_scores), log_odds(observed.scores)
    line = fit_line(x_before, y)
    before, now = line.at(x_before), line.at(x_now)
    promised, usual = auc_expected_by(now), auc_expected_by(before)
    rng = np.random.default_rng(SEED)
    error, error_before = _error(now, effective, rng), _error(before, before.size, rng)
    z = (promised - usual) / max(math.hypot(error, error_before), 1e-9)
    fell = usual - promised >= rules.auc_drop and z < NormalDist().inv_cdf(_BY_CHANCE)
    reach = 1.96 * error
    return Finding(
        family="score",
        name="estimated_performance",
        strength=promised,
        unit="ROC-AUC",
        n=now.size,
        low=max(0.0, promised - reach),
        high=min(1.0, promised + reach),
        z=z,
        notable=fell,
        argues_for=("covariate_benign", "covariate_harmful") if fell else (),
        said=f"By its own scores the champion should reach ROC-AUC {promised:.3f} ± {reach:.3f} here, {usual:.3f} in the reference"
        + (": churners among these customers are harder to rank." if fell else ".")
        + " This estimate is blind to customers who behave differently than they did.",
    )


def _error(p: np.ndarray, effective: float, rng: np.random.Generator) -> float:
    """Standard error of the promised ROC-AUC, by bootstrap on at most 5,000 rows."""
    rows = min(p.size, _MOST)
    found = [auc_expected_by(p[rng.integers(0, p.size, rows)]) for _ in range(_DRAWS)]
    return float(np.std(found)) * math.sqrt(rows / effective)
