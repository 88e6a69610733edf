"""What a row's amount should be, given the row's other columns: who came can explain amounts that differ, a change of unit cannot."""

import numpy as np
import pandas as pd

from pipeline.diagnosis.data_faults.witnesses import Numbers, Witnesses
from pipeline.diagnosis.observed import SEED

_ROWS = 3000  # of the reference that it is fitted on
_TREES = 20  # a rough idea is enough
_CATEGORIES = 100  # the most frequent ones of a column


def unexplained_factors(seen: Witnesses, name: str) -> tuple[Numbers, Numbers]:
    """Logarithm of each row's amount over the amount that its other columns speak for, in the reference and in the window; missing where
    there is no amount, or none above zero. Where the other columns know nothing it is the amount over the reference's mean."""
    from sklearn.ensemble import RandomForestRegressor

    others, others_after = _coded(seen, name)
    amounts = [np.log(np.where(values > 0, values, np.nan)) for values in seen.numbers(name)]
    fitted_on = np.flatnonzero(~np.isnan(amounts[0]))[:_ROWS]
    if not others.shape[1] or not fitted_on.size:
        level = float(np.nanmean(amounts[0])) if fitted_on.size else 0.0
        return amounts[0] - level, amounts[1] - level
    # One process: boosting by histograms has threads of its own, which on a busy machine wait for each other for a minute.
    model = RandomForestRegressor(_TREES, min_samples_leaf=5, max_features=0.5, random_state=SEED, n_jobs=1)
    model.fit(others[fitted_on], amounts[0][fitted_on])
    return amounts[0] - model.predict(others), amounts[1] - model.predict(others_after)


def _coded(seen: Witnesses, name: str) -> tuple[Numbers, Numbers]:
    """The other columns as numbers, a category as its place among the most frequent ones."""
    others = [other for other in seen.columns.features if other != name]
    coded = [
        seen.numbers(other) if seen.columns.kind(other) == "numerical" else _codes(seen.before[other], seen.after[other])
        for other in others
    ]
    before, after = (np.column_stack([pair[side] for pair in coded]) if coded else np.zeros((0, 0)) for side in (0, 1))
    return before, after


def _codes(before: pd.Series, after: pd.Series) -> tuple[Numbers, Numbers]:
    common = before.value_counts().index[:_CATEGORIES]
    codes = [common.get_indexer(pd.Index(values)).astype(np.float64) for values in (before, after)]
    return np.where(codes[0] < 0, np.nan, codes[0]), np.where(codes[1] < 0, np.nan, codes[1])
