"""What a row's amount should be, given the row's other columns: who came can explain amounts that differ, a change of unit cannot."""

import numpy as np
import pandas as pd

from pipeline.schema import Schema
from pipeline.witnesses import Numbers, Witnesses

_ROWS = 5000  # of the reference that teach it
_ROUNDS = 60  # of boosting: a rough idea is enough
_CATEGORIES = 100  # the most frequent ones of a column


def unexplained_factors(seen: Witnesses, name: str) -> tuple[Numbers, Numbers]:
    """Logarithm of each row's amount over the amount that its other columns speak for, in the reference and in the window; missing where
    there is no amount, or none above zero. Where the other columns know nothing it is the amount over the reference's mean."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    others, others_after, categorical = _coded(seen, name)
    amounts = [_logarithm(values) for values in seen.numbers(name)]
    taught = np.flatnonzero(~np.isnan(amounts[0]))[:_ROWS]
    if not others.shape[1] or not taught.size:
        level = float(np.nanmean(amounts[0])) if taught.size else 0.0
        return amounts[0] - level, amounts[1] - level
    model = HistGradientBoostingRegressor(max_iter=_ROUNDS, categorical_features=categorical, early_stopping=False)
    model.fit(others[taught], amounts[0][taught])
    return amounts[0] - model.predict(others), amounts[1] - model.predict(others_after)


def _logarithm(values: Numbers) -> Numbers:
    return np.asarray(np.log(np.where(values > 0, values, np.nan)), dtype=np.float64)


def _coded(seen: Witnesses, name: str) -> tuple[Numbers, Numbers, list[bool]]:
    """The other columns as numbers, and which of them are codes of categories."""
    columns: Schema = seen.columns
    others = [other for other in columns.features if other != name]
    coded = [
        seen.numbers(other) if columns.kind(other) == "numerical" else _codes(seen.before[other], seen.after[other]) for other in others
    ]
    before, after = (np.column_stack([pair[side] for pair in coded]) if coded else np.zeros((0, 0)) for side in (0, 1))
    return before, after, [columns.kind(other) == "categorical" for other in others]


def _codes(before: pd.Series, after: pd.Series) -> tuple[Numbers, Numbers]:
    common = before.value_counts().index[:_CATEGORIES]
    codes = [common.get_indexer(values).astype(np.float64) for values in (before, after)]
    return np.where(codes[0] < 0, np.nan, codes[0]), np.where(codes[1] < 0, np.nan, codes[1])
