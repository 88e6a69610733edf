"""What outcomes to expect if nothing had changed: the champion's scores, calibrated on reference rows that it had not seen.

Whatever is wrong with the champion itself is so in the reference too. What outcomes say is therefore always measured against the
reference, and the reference's own sampling error counts: a champion trained on 1,500 customers is not exact because 5,000 judge it.
"""

from dataclasses import dataclass, replace

import numpy as np

from pipeline.diagnosis.observed import SEED, Observed
from pipeline.diagnosis.outcomes.calibration_line import Numbers, fit_line, log_odds
from pipeline.diagnosis.repeated_customers import customers_of
from pipeline.workspace.policy import Policy


@dataclass(frozen=True)
class Expected:
    """Outcomes known (`y`, 1 is churn) and expected (`p`): of the reference out of fold, shape (reference,), and of the window's labelled
    rows, shape (labelled,). `level_error`: standard error, in log-odds, that the reference's own size leaves in the labelled rows' level;
    `slope_error`: of the slope of log-odds, whose expected value is 1. `weights`: for how many customers each labelled row stands, of the mean 1, where
    outcomes were asked for by a list; None: each for itself.

    Source of weighted sums: Horvitz and Thompson (1952), "A Generalization of Sampling Without Replacement From a Finite Universe".
    """

    reference_y: Numbers
    reference_p: Numbers
    y: Numbers
    p: Numbers
    level_error: float
    slope_error: float
    weights: Numbers | None = None

    @property
    def stands_for(self) -> Numbers:
        """The weights, 1 where there are none; shape (labelled,)."""
        return np.ones_like(self.p) if self.weights is None else self.weights

    def level(self) -> tuple[float, float]:
        """Churners beyond those expected among as many customers as there are labelled rows, and the standard error of that number."""
        weights, spread = self.stands_for, self.p * (1 - self.p)
        variance = float(weights**2 @ spread) + (float(weights @ spread) * self.level_error) ** 2
        return float(weights @ (self.y - self.p)), variance**0.5


def labels_usable(observed: Observed, policy: Policy) -> bool:
    """Whether enough outcomes of each kind are known to say anything."""
    rules, churned = policy.evidence.performance, observed.labelled.churned
    churners = int(churned.sum())
    return len(churned) >= rules.min_rows and min(churners, len(churned) - churners) >= rules.min_per_class


def one_row_each(observed: Observed, most: int | None = None) -> Observed:
    """The same with at most one labelled row of each customer, and at most `most` in all, drawn by lot: a customer scored on seven days, or
    copied under another id, is one customer's word, not seven."""
    known, ids = observed.labelled, observed.labelled.ids
    drawn = np.random.default_rng(SEED).permutation(len(known.churned))
    features = list(observed.columns.features)
    customers = customers_of(known.features[features], observed.reference[features], ids)
    _, first = np.unique(customers[drawn], return_index=True)
    kept = np.sort(drawn[np.sort(first)][:most])
    return replace(observed, labelled=known.at(kept), labelled_scores=observed.labelled_scores[kept])


def expected_outcomes(observed: Observed) -> Expected:
    """What the champion leads to expect of the labelled rows."""
    reference_y = observed.reference[observed.columns.target].to_numpy(dtype=np.float64)
    before, now = log_odds(observed.reference_scores), log_odds(observed.labelled_scores)
    line = fit_line(before, reference_y)
    p, drawn = line.at(now), observed.labelled.design_weights
    stands_for = None if drawn is None else drawn.to_numpy(dtype=np.float64) / drawn.mean()
    weights = p * (1 - p) * (1.0 if stands_for is None else stands_for)
    middle = np.array([1.0, float(now @ weights / weights.sum())])
    return Expected(
        reference_y=reference_y,
        reference_p=line.at(before),
        y=observed.labelled.churned.to_numpy(dtype=np.float64),
        p=p,
        level_error=float(np.sqrt(middle @ line.covariance @ middle)),
        slope_error=float(np.sqrt(line.covariance[1, 1])) / abs(line.slope),
        weights=stands_for,
    )


def auc_expected_by(p: Numbers, scores: Numbers | None = None, weights: Numbers | None = None) -> float:
    """ROC-AUC that `scores`, or the probabilities themselves, have when `p` are the true probabilities; both of shape (n,).

    The share of pairs, one row churning and one staying, in which the churner scores higher; ties count half, and a pair as much as the product of
    its rows' `weights`, which None leaves alike.

    Source: CBPE, Białek et al. (2024), "Estimating Model Performance Under Covariate Shift Without Labels".
    """
    values, place = np.unique(p if scores is None else scores, return_inverse=True)
    weights = np.ones_like(p) if weights is None else weights
    churn, stay = (np.bincount(place, weights=weights * share, minlength=values.size) for share in (p, 1 - p))
    below = np.cumsum(stay) - stay / 2
    # A row does not pair with itself; of two rows with equal scores half the pairs count.
    itself = float(weights**2 @ (p * (1 - p)))
    return float((churn @ below - itself / 2) / (churn.sum() * stay.sum() - itself))
