"""The champion's training rows made to resemble the customers who are scored now, for a change of customers while few outcomes are known.

What a customer is like moves, how it leads to churn is taken to stay: then a row counts by how much likelier such a customer is now, and nothing has to
wait for outcomes. Rows are drawn by these weights without putting any back, so that no row is on both sides of a fold, and whatever trains needs
to know of no weight.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipeline.measures.measure import Reweighting
from pipeline.tables.schema import Schema

_CLIPPED_ABOVE = 0.95  # of the weights: those above, which rest on few customers, count as this one does, and a draw loses few rows to them


@dataclass(frozen=True)
class ReweightedRows:
    """The rows that were drawn, in their order, and what is told of them."""

    rows: pd.DataFrame
    told: Reweighting


def reweighted_rows(reference: pd.DataFrame, scored: pd.DataFrame, columns: Schema, seed: int) -> ReweightedRows:
    """Draw from the reference.

    The weight of a row is the ratio of how often such customers are scored to how often they are in the reference, by a logistic regression that tells both
    apart and had not seen the row.

    Args:
        reference: typed rows with outcomes.
        scored: typed features of customers scored now; nobody's outcome is needed.
        columns: of both.
        seed: of the folds and the draw.

    Raises:
        DataError: fewer than five rows of either.

    Source: Bickel, Brückner and Scheffer (2009), "Discriminative learning under covariate shift"; effective sample size: Kish (1965), "Survey Sampling".
    """
    from pipeline.models.calibration import cross_fit_folds, out_of_fold
    from pipeline.models.unfitted_model import build

    features = list(columns.features)
    both = pd.concat([reference[features], scored[features]], ignore_index=True)
    now = (np.arange(len(both)) >= len(reference)).astype(np.int8)
    found = out_of_fold(build("logistic_regression", {}, seed, columns), both, now, cross_fit_folds(now, None, seed))
    p = found.probability[: len(reference)]
    ratio = p / np.maximum(1 - p, 1e-12) * len(reference) / len(scored)
    most = float(np.quantile(ratio, _CLIPPED_ABOVE))
    weights = np.minimum(ratio, most)
    drawn = np.random.default_rng(seed).random(len(reference)) * most < weights
    told = Reweighting(
        reference_rows=len(reference),
        drawn=int(drawn.sum()),
        scored_rows=len(scored),
        effective_rows=float(weights.sum() ** 2 / np.maximum((weights**2).sum(), 1e-300)),
        greatest_weight=most,
    )
    return ReweightedRows(reference[drawn].reset_index(drop=True), told)
