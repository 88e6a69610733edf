"""Windows that drifted in every way one can think of, and what Evidently says to them."""

import warnings

import numpy as np
import pandas as pd

from pipeline.tables.schema import Schema

Verdict = tuple[str, float, bool, float]  # method, score, drifted, threshold


def drifted(frame: pd.DataFrame, schema: Schema, rows: int, rng: np.random.Generator) -> pd.DataFrame:
    """`rows` rows drawn from `frame`, each column left alone or changed in a way of its own."""
    window = frame.iloc[rng.integers(0, len(frame), rows)].reset_index(drop=True)
    for name in schema.numerical:
        window[name] = _changed_numbers(window[name].to_numpy(dtype="float64"), rng)
    for name in schema.categorical:
        window[name] = _changed_categories(window[name].to_numpy(dtype=object), rng)
    return window


def _changed_numbers(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    std, rows = np.nanstd(x), len(x)
    changes = (
        lambda: x * rng.uniform(0.5, 1.5),
        lambda: x + rng.normal(0, 0.3) * std,
        lambda: np.where(rng.random(rows) < rng.uniform(0, 0.6), np.nan, x),
        lambda: x + rng.standard_t(1.2, rows) * std,
        lambda: np.where(rng.random(rows) < 0.05, rng.choice([np.inf, -np.inf]), x),
        lambda: np.full(rows, np.nanmedian(x)),
        lambda: np.full(rows, np.nan),
        lambda: x * 100,
        lambda: np.round(x, -1),
        lambda: np.exp(rng.normal(0, 3, rows)),
    )
    choice = int(rng.integers(0, len(changes) + 4))
    return np.asarray(changes[choice]()) if choice < len(changes) else x


def _changed_categories(texts: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    rows, share = len(texts), rng.uniform(0, 0.5)
    changed = texts.copy()
    choice = int(rng.integers(0, 9))
    if choice == 0:
        changed[rng.random(rows) < share] = "brand new"
    elif choice == 1:
        changed[rng.random(rows) < share] = np.nan
    elif choice == 2:
        changed[:] = np.nan
    elif choice == 3:
        changed[:] = texts[0]
    elif choice == 4:
        changed[rng.random(rows) < share] = texts[-1]
    elif choice == 5:
        made_up = rng.random(rows) < 0.2
        changed[made_up] = [f"new {number}" for number in rng.integers(0, 3000, made_up.sum())]
    return changed


def evidently_verdicts(reference: pd.DataFrame, current: pd.DataFrame, schema: Schema) -> dict[str, Verdict]:
    """The verdict on every column by Evidently's own choice of test and its own tests, without the plots of its report."""
    from evidently.legacy.calculations.stattests import get_stattest
    from evidently.legacy.core import ColumnType

    found = {}
    for name in schema.features:
        # As its `get_one_column_drift` does first.
        before, after = (frame[name].replace([np.inf, -np.inf], np.nan).dropna() for frame in (reference, current))
        if before.empty or after.empty:
            continue
        kind = ColumnType(schema.kind(name)[:3])
        test = get_stattest(before, after, kind, None)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # scipy's, of divisions by categories that the reference lacks
            result = test(before, after, kind, None)
        found[name] = (test.display_name, float(result.drift_score), bool(result.drifted), float(result.actual_threshold))
    return found
