"""The champion's performance in a window without outcomes: what it would be if customers of each kind behave as in the reference.

A measure of the window is a function of its unknown outcomes. Its value at the expected outcomes is the estimate; its derivative by each
outcome says how far chance moves it, and how far what the reference leaves unknown about customers of each kind.

Source: Białek et al. (2024), "Estimating Model Performance Under Covariate Shift Without Labels", for measures at expected outcomes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from pipeline.diagnosis.expected_performance import Estimate, Expectation, ExpectedPerformance
from pipeline.diagnosis.observed import Observed
from pipeline.diagnosis.outcomes.calibration_line import Numbers
from pipeline.diagnosis.outcomes.expected_churn import ExpectedChurn, expected_churn
from pipeline.diagnosis.outcomes.expected_outcomes import auc_expected_by
from pipeline.diagnosis.population.domain_classifier import Domain
from pipeline.measures.campaign_value import expected_value, offered, reachable
from pipeline.measures.metrics import log_losses
from pipeline.workspace.value_settings import ValueSettings

LEVEL = 0.9  # of the intervals: one measurement in ten lies outside
_COVERED = 0.5  # of the window's rows; where the reference covers fewer, it is another population that would be told of


@dataclass(frozen=True)
class _Measured:
    """A measure where the outcomes are probabilities, and its derivative by each row's outcome times the rows, shape (rows,)."""

    value: float
    slopes: Numbers


def estimate_performance(observed: Observed, domain: Domain | None, value: ValueSettings) -> ExpectedPerformance | None:
    """ROC-AUC, campaign profit, log loss and churn rate that the window's outcomes are expected to show. None where rows are too few, or all
    of the reference had one outcome. `domain`: the window told from the training rows."""
    y = observed.reference[observed.columns.target].to_numpy(dtype=np.float64)
    if domain is None or y.min() == y.max():
        return None
    unsupported = float(domain.unsupported[1].mean())
    if 1 - unsupported < _COVERED:
        return ExpectedPerformance(
            roc_auc=None,
            low=None,
            high=None,
            level=LEVEL,
            profit=None,
            log_loss=None,
            churn_rate=None,
            unsupported=unsupported,
            rows=observed.scores.size,
        )
    churn, s = expected_churn(observed, domain), observed.scores
    worth = domain.tab.effective
    ranking = _estimate("roc_auc", lambda p: _ranking(s, p), churn, worth, 0.0, 1.0)
    return ExpectedPerformance(
        roc_auc=ranking.value,
        low=ranking.low,
        high=ranking.high,
        level=LEVEL,
        profit=_estimate("profit", lambda p: _profit(s, p, value), churn, worth, -np.inf, 100.0)
        if expected_value(1.0, value) > 0
        else None,
        log_loss=_estimate("log_loss", lambda p: _log_loss(s, p), churn, worth, 0.0, np.inf),
        churn_rate=_estimate("churn_rate", lambda p: _Measured(float(p.mean()), np.ones_like(p)), churn, worth, 0.0, 1.0),
        unsupported=unsupported,
        rows=s.size,
    )


def _estimate(
    name: Expectation, measured: Callable[[Numbers], _Measured], churn: ExpectedChurn, worth: float, least: float, most: float
) -> Estimate:
    """Its interval holds the chance of outcomes of `worth` rows, what the reference leaves unknown, and what the two models disagree on."""
    p, found = churn.p, measured(churn.p)
    spread = p * (1 - p)
    by_chance = float((found.slopes**2 * spread).mean()) / worth
    pull = (found.slopes * spread) @ churn.design / p.size
    unknown = float(pull @ churn.covariance @ pull)
    apart = (measured(churn.by_score).value - measured(churn.by_cell).value) / 2
    reach = NormalDist().inv_cdf((1 + LEVEL) / 2) * float(np.sqrt(by_chance + unknown + apart**2))
    return Estimate(measure=name, value=found.value, low=max(least, found.value - reach), high=min(most, found.value + reach))


def _ranking(scores: Numbers, p: Numbers) -> _Measured:
    """ROC-AUC. A churner more among rows of one score wins against the stayers below and takes a stayer from the churners above."""
    auc = auc_expected_by(p, scores)
    _, place = np.unique(scores, return_inverse=True)
    churn, stay = (np.bincount(place, weights=share) / p.size for share in (p, 1 - p))
    below, above = np.cumsum(stay) - stay / 2, churn.sum() - (np.cumsum(churn) - churn / 2)
    slopes = (below - above - auc * (stay.sum() - churn.sum())) / (churn.sum() * stay.sum())
    return _Measured(auc, slopes[place])


def _log_loss(scores: Numbers, p: Numbers) -> _Measured:
    churned, stayed = (log_losses(np.full(p.size, outcome, dtype=np.int8), scores) for outcome in (1, 0))
    return _Measured(float((p * churned + (1 - p) * stayed).mean()), churned - stayed)


def _profit(scores: Numbers, p: Numbers, value: ValueSettings) -> _Measured:
    """Percent of the maximum, a ratio of two sums over the rows (see `campaign_value.worth`)."""
    reached, most = offered(scores, value), float(expected_value(1.0, value))
    expected = reachable(float(p.sum()), p.size, value) / p.size
    share = float((reached * expected_value(p, value)).mean() / (most * expected))
    earned = float(expected_value(1.0, value) - expected_value(0.0, value)) * reached
    # A churner more raises the maximum, too, where the campaign could still reach one.
    raised = share * most * (p.mean() <= value.capacity)
    return _Measured(100 * share, 100 * (earned - raised) / (most * expected))
