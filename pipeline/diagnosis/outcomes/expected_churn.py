"""How likely each customer of a window is to churn if customers of each kind behave as in the reference: two models, averaged.

One recalibrates the champion's scores on the reference's rows, weighted so that they look like the window's. The other corrects the champion's
score by what the reference shows of customers in the same cells, as a penalised logistic regression. The first sees any combination of
columns and cannot tell customers with equal scores apart; the second can, and adds up what each column says. Both are fitted on out-of-fold
scores, so neither takes what the champion knows by heart for skill.

Sources: Shimodaira (2000), "Improving predictive inference under covariate shift by weighting the log-likelihood function", for the weights;
Białek et al. (2024), "Estimating Model Performance Under Covariate Shift Without Labels", for the recalibration; MacKay (1992), "The
Evidence Framework Applied to Classification Networks", for the covariance of a penalised fit.
"""

from dataclasses import dataclass

import numpy as np

from pipeline.diagnosis.observed import SEED, Observed
from pipeline.diagnosis.outcomes.calibration_line import Line, Numbers, fit_line, from_log_odds, log_odds
from pipeline.diagnosis.population.domain_classifier import Domain

_HEAVIEST = 20.0  # times the mean weight: beyond it a handful of rows would stand for the window
_SCORE_BANDS = 8  # equally full by the reference: the champion need not be wrong along a straight line
# Prior precision of a cell's correction: a standard deviation of 0.6 in log-odds. 10 left 1.6 times the error in segments of generated customers.
_PRECISION = 3.0
_FREE = 1e-6  # of intercept and slope, per row: enough to keep separable outcomes finite
_WORK = 3_000_000  # rows times cells of the fit, about 0.3 s; more rows than that are drawn by lot
_STEPS, _TIGHT, _FARTHEST = 25, 1e-4, 2.0  # the last in log-odds of any row


@dataclass(frozen=True)
class ExpectedChurn:
    """Probability of churn of each row of the window, shape (rows,): `p` of both models together, `by_score` and `by_cell` of either alone.
    `design` (rows, terms) and `covariance` (terms, terms): what the second model adds up, and how well it knows its terms."""

    p: Numbers
    by_score: Numbers
    by_cell: Numbers
    design: Numbers
    covariance: Numbers


def expected_churn(observed: Observed, domain: Domain) -> ExpectedChurn:
    """Fit both models on the reference and apply them to the window.

    Raises:
        DataError: all of the reference had one outcome.
    """
    y = observed.reference[observed.columns.target].to_numpy(dtype=np.float64)
    before, now = log_odds(observed.reference_scores), log_odds(observed.scores)
    by_score = _weighted(before, y, domain).at(now)
    line = fit_line(before, y)
    usual, usual_now = (line.intercept + line.slope * x for x in (before, now))
    bands = np.unique(np.quantile(usual, np.arange(1, _SCORE_BANDS) / _SCORE_BANDS))
    design_before, design = (
        _design(domain, side, np.searchsorted(bands, x), x, bands.size + 1) for side, x in enumerate((usual, usual_now))
    )
    rows = np.random.default_rng(SEED).permutation(y.size)[: _WORK // design.shape[1]]
    terms, covariance = fit_terms(design_before[rows], y[rows], usual[rows])
    by_cell = from_log_odds(usual_now + design @ terms)
    return ExpectedChurn(
        p=from_log_odds((log_odds(by_score) + log_odds(by_cell)) / 2),
        by_score=by_score,
        by_cell=by_cell,
        design=design,
        covariance=covariance,
    )


def _weighted(x: Numbers, y: Numbers, domain: Domain) -> Line:
    weights = np.exp(domain.reference - domain.reference.max())
    weights = np.minimum(weights, _HEAVIEST * weights.mean())
    return fit_line(x, y, weights / weights.mean())


def _design(domain: Domain, side: int, band: np.ndarray, x: Numbers, bands: int) -> Numbers:
    """Of the reference (`side` 0) or the window (1): intercept, log-odds, the cell in each column, the band of the score, and whether the
    reference hardly covers such rows; shape (rows, terms)."""
    tab = domain.tab
    return np.column_stack(
        [np.ones_like(x), x, tab.indicators((tab.reference, tab.window)[side]), np.eye(bands)[band], domain.unsupported[side]]
    )


def precisions(design: Numbers) -> Numbers:
    """Prior precision of each term, shape (terms,)."""
    found = np.full(design.shape[1], _PRECISION)
    found[:2] = _FREE * len(design)
    return found


def fit_terms(design: Numbers, y: Numbers, offset: Numbers) -> tuple[Numbers, Numbers]:
    """Terms added to the log-odds `offset`, by penalised maximum likelihood, and their posterior covariance (Laplace). The first two columns of
    `design`, shape (rows, terms), are free."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    penalty = precisions(design)
    found = np.zeros(design.shape[1])
    with threadpool_limits(1):
        for _ in range(_STEPS):
            p = from_log_odds(offset + design @ found)
            information = design.T @ (design * (p * (1 - p))[:, None]) + np.diag(penalty)
            step = np.linalg.solve(information, design.T @ (y - p) - penalty * found)
            # Far from the end a whole step may lead further away.
            step *= min(1.0, _FARTHEST / max(1e-9, float(np.abs(design @ step).max())))
            found = found + step
            if np.abs(step).max() < _TIGHT:
                break
        return found, np.asarray(np.linalg.inv(information), dtype=np.float64)
