"""Telling the window from the reference: how far the population moved, where to, and with which weights the reference would follow.

Two classifiers, for two questions. Boosted trees see any combination of columns, so their ROC-AUC is how far the rows as such moved. A
logistic regression adds up what each column says and knows no combinations, so its weights are those of a population that moved column
by column; what they leave unexplained is a column that no longer fits the others.

Source: Rabanser et al. (2019), "Failing Loudly"; Sugiyama et al. (2012), "Density Ratio Estimation in Machine Learning", chapter 4.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.diagnosis.observed import SEED, Observed
from pipeline.diagnosis.population.crosstab import Crosstab, Floats, crosstab, enough

_ROWS = 5_000  # of either side that a classifier sees: more cost time and move the ROC-AUC by less than 0.01
_FOLDS = 3
_FEWEST = 10  # customers of the window
_TREES, _LEAVES, _RATE, _SHRINK = 30, 8, 0.15, 5.0  # small on purpose: more find no more, and take longer
_STRENGTH = 0.1  # inverse of the penalty: a window of 50 rows must not be overfitted
_HEAVIEST = 50.0  # times the mean weight; a few rows must not stand for a whole population
OWN = 0.99  # of the reference's rows are nearer to it than a row without support
RARER = 5.0  # times as common in the window: rarer by less, the training data still hold such customers


@dataclass(frozen=True)
class Domain:
    """How well a classifier separates the rows of `tab` on rows it was not trained on: `auc` (0.5 is not at all) and its standard error.
    `reference` and `window`: log of how many times as common such a row is in the window as in the reference, shapes (rows,)."""

    auc: float
    error: float
    reference: Floats
    window: Floats
    tab: Crosstab

    @property
    def unsupported(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Which rows of the reference and of the window lie where the reference has hardly any, shapes (rows,)."""
        beyond = max(float(np.quantile(self.reference, OWN)), float(np.log(RARER)))
        return self.reference > beyond, self.window > beyond


def tell_apart(observed: Observed) -> Domain | None:
    """The window's rows told from the drift reference's. None where rows are too few to count, or fewer than ten customers."""
    return fit_domain_classifier(crosstab(observed), SEED) if enough(observed) else None


def tell_from_training(observed: Observed, domain: Domain | None) -> Domain | None:
    """The window's rows told from the training rows, whose outcomes are known: `domain`, as of `tell_apart`, where they are the drift reference."""
    if domain is None or observed.before.equals(observed.reference[list(observed.before.columns)]):
        return domain
    return fit_domain_classifier(crosstab(observed, observed.reference), SEED)


def fit_domain_classifier(tab: Crosstab, seed: int) -> Domain | None:
    """Cross-fitted in three folds of at most 5,000 rows of either side, each customer in one; other rows are judged by all three. None where
    the window has fewer than ten customers."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    from pipeline.measures.delong import delong

    if tab.customers.max(initial=-1) + 1 < _FEWEST:
        return None
    rng = np.random.default_rng(seed)
    reference_rows = len(tab.reference)
    before, now = _some(reference_rows, rng), _some(len(tab.window), rng)
    x, y = np.concatenate([tab.reference, tab.window]).astype(np.uint8), np.repeat([0, 1], [reference_rows, len(tab.window)])
    # Customers of the sample, numbered anew, so that every fold has its share of them.
    customer = np.unique(tab.customers[now], return_inverse=True)[1]
    fold = np.full(y.size, _FOLDS)
    fold[before], fold[reference_rows + now] = (
        rng.permutation(before.size) % _FOLDS,
        (rng.permutation(customer.max() + 1) % _FOLDS)[customer],
    )
    trees = HistGradientBoostingClassifier(
        max_iter=_TREES, max_leaf_nodes=_LEAVES, learning_rate=_RATE, l2_regularization=_SHRINK, early_stopping=False, random_state=seed
    )
    logs, found, outside = np.zeros(y.size), [], fold == _FOLDS
    # One thread: so little work is done sooner than a second one wakes up.
    with threadpool_limits(1):
        for number in range(_FOLDS):
            judged = fold == number
            training = ~judged & ~outside
            fitted, usual = trees.fit(x[training], y[training]), _log_odds(y[training])
            logs[judged] = fitted.decision_function(x[judged]) - usual
            if outside.any():
                logs[outside] += (fitted.decision_function(x[outside]) - usual) / _FOLDS
            auc, covariance = delong(y[judged], logs[judged][None, :])
            found.append((float(auc[0]), float(covariance[0, 0])))
    aucs, variances = np.array(found).T
    repeated = len(tab.window) / tab.effective
    return Domain(float(aucs.mean()), float(np.sqrt(variances.sum() * repeated)) / _FOLDS, logs[y == 0], logs[y == 1], tab)


def window_weights(tab: Crosstab, seed: int) -> Floats:
    """Weights of the reference's rows, mean 1, shape (reference rows,), under which it looks like the window column by column."""
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    rng = np.random.default_rng(seed)
    before, now = _some(len(tab.reference), rng), _some(len(tab.window), rng)
    rows, y = tab.indicators(tab.reference), np.repeat([0, 1], [before.size, now.size])
    with threadpool_limits(1):
        fitted = LogisticRegression(C=_STRENGTH, max_iter=200).fit(np.concatenate([rows[before], tab.indicators(tab.window[now])]), y)
        logs = fitted.decision_function(rows)
    weights = np.exp(logs - logs.max())
    weights = np.minimum(weights, _HEAVIEST * weights.mean())
    return np.asarray(weights / weights.mean())


def _some(rows: int, rng: np.random.Generator) -> NDArray[np.int64]:
    return np.sort(rng.permutation(rows)[:_ROWS])


def _log_odds(y: NDArray[np.int64]) -> float:
    return float(np.log(y.sum() / (y.size - y.sum())))
