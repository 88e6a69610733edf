"""The share of churners, estimated without labels: right if churners still look like churners and stayers like stayers.

Whether they do is asked apart: if only their shares changed, one weight for all churners of the reference and one for all stayers must
explain how the features moved.

Source: Saerens, Latinne and Decaestecker (2002), "Adjusting the Outputs of a Classifier to New a Priori Probabilities".
"""

import math
from dataclasses import dataclass

import numpy as np

from pipeline.diagnosis.finding import Finding
from pipeline.diagnosis.observed import Observed
from pipeline.diagnosis.outcomes.calibration_line import fit_line, from_log_odds, log_odds
from pipeline.diagnosis.population.crosstab import Crosstab, Floats, crosstab, enough
from pipeline.workspace.evidence_policy import PriorRules

_STEPS = 500
_TIGHT = 1e-7
_SMALLEST = 1e-3  # share of either outcome; below it log-odds run away
_UNKNOWN = 10.0  # log-odds: where the likelihood has no peak, its error is this
_ALL = 0.99  # an interval that holds more of all shares says nothing


@dataclass(frozen=True)
class _Prior:
    """The most likely share of churners, and the standard error of its log-odds."""

    share: float
    error: float

    @property
    def log_odds(self) -> float:
        return math.log(self.share / (1 - self.share))


def estimate_prior(observed: Observed, rules: PriorRules) -> tuple[Finding, ...]:
    """`prior_estimate`, notable or not; where it is, `prior_explains` beside it. None where rows are too few, or all of the reference had one
    outcome."""
    y = observed.reference[observed.columns.target].to_numpy(dtype=np.float64)
    if not enough(observed) or y.min() == y.max():
        return ()
    tab, usual = crosstab(observed, observed.reference), float(y.mean())
    line = fit_line(log_odds(observed.reference_scores), y)
    # Of the rows before, an estimate is not quite their share of churners: what the scores get wrong there they get wrong here.
    p_before = line.at(log_odds(observed.before_scores))
    before = _most_likely(p_before, usual, float(p_before.size))
    now = _most_likely(line.at(log_odds(observed.scores)), usual, tab.effective)
    change, error = now.log_odds - before.log_odds, math.hypot(now.error, before.error)
    estimate = _estimate(change, error, float(p_before.mean()), len(observed.window), rules)
    if not estimate.notable:
        return (estimate,)
    return estimate, _explains(tab, y, _shifted(usual, change), estimate, rules)


def _shifted(share: float, change: float) -> float:
    return float(from_log_odds(np.clip(math.log(share / (1 - share)) + change, -_UNKNOWN, _UNKNOWN)))


def _most_likely(p: Floats, usual: float, effective: float) -> _Prior:
    """EM from the reference's share `usual`; its error by the Fisher information of `effective` rows."""
    share = usual
    for _ in range(_STEPS):
        churns, stays = p * share / usual, (1 - p) * (1 - share) / (1 - usual)
        found = float(np.clip((churns / (churns + stays)).mean(), _SMALLEST, 1 - _SMALLEST))
        share, step = found, abs(found - share)
        if step < _TIGHT:
            break
    slope = p / usual - (1 - p) / (1 - usual)
    information = float(((slope / (p * share / usual + (1 - p) * (1 - share) / (1 - usual))) ** 2).mean()) * effective
    # By the delta method, from the share to its log-odds.
    return _Prior(share, min(_UNKNOWN, 1 / math.sqrt(max(information, 1e-12)) / (share * (1 - share))))


def _estimate(change: float, error: float, usual: float, rows: int, rules: PriorRules) -> Finding:
    z = change / error
    moved = abs(z) > rules.z and abs(change) > rules.log_odds
    low, high = (_shifted(usual, change + side * 1.96 * error) for side in (-1, 1))
    if high - low > _ALL:
        said = "How many of these customers churn cannot be estimated from their features."
    else:
        share = f"{_shifted(usual, change):.1%} ({low:.1%} to {high:.1%}) of the customers would churn, {usual:.1%} of the reference"
        so = "Probabilities would be off by as much." if moved else "That is no clear change."
        said = f"If churners and stayers look as before, {share}. {so}"
    return Finding(
        family="prior",
        name="prior_estimate",
        strength=change,
        unit="change of the log-odds of churn",
        n=rows,
        low=change - 1.96 * error,
        high=change + 1.96 * error,
        z=z,
        notable=moved,
        argues_for=("prior_shift",) if moved else (),
        argues_against=() if moved else ("prior_shift",),
        said=said,
    )


def _explains(tab: Crosstab, y: Floats, share: float, estimate: Finding, rules: PriorRules) -> Finding:
    weights = np.where(y == 1, share / y.mean(), (1 - share) / (1 - y.mean()))
    before, now = _distance(tab, np.ones_like(weights)), _distance(tab, weights)
    explained = float(np.clip(1 - now / before, 0, 1)) if before > 0 else 0.0
    alone = explained > rules.explained
    return Finding(
        family="prior",
        name="prior_explains",
        strength=explained,
        unit="share of the drift of all features",
        n=estimate.n,
        notable=alone,
        argues_for=("prior_shift",) if alone else ("covariate_benign", "covariate_harmful"),
        argues_against=() if alone else ("prior_shift",),
        said=f"One weight for churners and one for stayers explains {explained:.0%} of how the features moved: "
        + ("their shares changed, and little else." if alone else "something else moved too."),
    )


def _distance(tab: Crosstab, weights: Floats) -> float:
    """Sum over all cells of the squared difference of shares, each by what it is in the reference, less what chance alone adds."""
    total, worth = 0.0, float(weights.sum() ** 2 / (weights**2).sum())
    for place, span in enumerate(tab.spans):
        cells = span.stop - span.start
        before = np.bincount(tab.reference[:, place], weights, cells) / weights.sum()
        now = np.bincount(tab.window[:, place], minlength=cells) / len(tab.window)
        by = np.maximum((before * worth + now * tab.effective) / (worth + tab.effective), 1e-9)
        by_chance = before * (1 - before) / worth + now * (1 - now) / tab.effective
        total += float((((before - now) ** 2 - by_chance) / by).sum())
    return max(0.0, total)
