"""The scores of what came before, such that a window's can be compared with them: as of customers whom the champion had not seen, by the champion.

Out of fold, a reference row is scored by a model fitted on the other folds, so customers who look the same get scores that differ by what
the fits differ. Where many customers share one score of the champion (a flat plan, a leaf of a tree), a test of distributions would take
that for a move of them all. There the champion's own score stands in: so many rows share it that none of them made it.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

_CERTAIN = 1e-3  # nobody knows a customer better
_ALIKE = 0.02  # log-odds: scores within it are one
_MANY = 0.05  # of the reference's rows: half of the gap between distributions from which a score shift is told
# Between a fit and one without a fifth of its rows lies half a standard error of the fit; three times that is hardly ever exceeded.
_APART = 1.5
_FURTHEST = 0.5  # log-odds: beyond it, the champion may know by heart what out of fold it does not


def scores_as_unseen(rows: pd.DataFrame, own: Numbers, training: pd.DataFrame, out_of_fold: Numbers) -> Numbers:
    """The champion's `own` scores of `rows` (features), shape (rows,), but of those that equal one of its `training` rows in every feature that
    row's score `out_of_fold`: such customers are flattered, whoever they are."""
    hashes = [pd.util.hash_pandas_object(part[list(rows.columns)], index=False) for part in (rows, training)]
    known = pd.Series(out_of_fold, index=hashes[1]).groupby(level=0).mean()
    found = known.reindex(hashes[0]).to_numpy(dtype=np.float64)
    return np.where(np.isnan(found), own, found)


def comparable_scores(out_of_fold: Numbers, own: Numbers) -> Numbers:
    """Of each reference row, shape (rows,), the champion's `own` score where many rows share it and the score `out_of_fold` differs by no more
    than fits do; the latter elsewhere."""
    if not own.size:
        return out_of_fold
    place, away = _log_odds(own), np.abs(_log_odds(own) - _log_odds(out_of_fold))
    _, shared, rows = np.unique(np.round(place / _ALIKE), return_inverse=True, return_counts=True)
    many, p = rows[shared], np.clip(own, _CERTAIN, 1 - _CERTAIN)
    as_fits_do = away <= np.minimum(_FURTHEST, _APART / np.sqrt(many * p * (1 - p)))
    return np.where((many >= _MANY * own.size) & as_fits_do, own, out_of_fold)


def _log_odds(p: Numbers) -> Numbers:
    kept = np.clip(p, _CERTAIN, 1 - _CERTAIN)
    return np.asarray(np.log(kept / (1 - kept)))
