"""How many customers a window's rows are worth: the same customer scored on seven days is one piece of evidence, not seven."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

_TWINS = 0.05  # of the reference's rows; where more look alike, two customers may well look the same


def customers_of(window: pd.DataFrame, reference: pd.DataFrame, ids: pd.Series | None) -> NDArray[np.int64]:
    """Number of the customer each row of `window` belongs to, shape (rows,), from 0.

    Customers are known by `ids`, a row without one being a customer of its own. Where no id repeats, rows alike in every feature
    are one customer, unless rows alike are common in `reference` too.
    """
    if ids is not None and ids.dropna().duplicated().any():
        alone = "row " + pd.Series(np.arange(len(ids)).astype(str), index=ids.index)
        return pd.factorize(("id " + ids.astype(str)).where(ids.notna(), alone))[0].astype(np.int64)
    if reference.duplicated(list(window.columns), keep=False).mean() > _TWINS:
        return np.arange(len(window), dtype=np.int64)
    return pd.factorize(pd.util.hash_pandas_object(window, index=False))[0].astype(np.int64)


def effective_rows(customers: NDArray[np.int64]) -> float:
    """Rows without repeats that would tell as much: (sum of c)² / (sum of c²) over the customers' numbers of rows c (Kish 1965)."""
    counts = np.bincount(customers)
    return float(counts.sum() ** 2 / (counts**2).sum()) if counts.size else 0.0
