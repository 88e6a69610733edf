"""Kinds of customers by which two tables are compared: values of a category, ranges of a number, bands of the score."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.shown_text import plain
from pipeline.tables.schema import Schema

Mask = NDArray[np.bool_]
Numbers = NDArray[np.float64]

SCORE = "score"
MISSING = "missing"
# Halves, quarters and eighths: a change among half of the customers is seen with few rows, a change among an eighth in its place.
_PARTS = (2, 4, 8)
_POINTS = np.linspace(0, 1, 101)


@dataclass(frozen=True)
class Segment:
    """One kind of customers: which rows of the reference (`before`, shape (reference,)) and of the window (`after`, shape (window,)) are
    such. `column` is None for a band of the score; `said` is its value or range, for people. `low` and `high` bound a range, `value` is a category's; all
    None where the value is missing."""

    column: str | None
    said: str
    before: Mask
    after: Mask
    value: str | None = None
    low: float | None = None
    high: float | None = None


def cut_up(
    reference: pd.DataFrame, window: pd.DataFrame, columns: Schema, reference_scores: Numbers, scores: Numbers
) -> tuple[Segment, ...]:
    """All segments of all features and of the score. Ranges are quantiles of both tables, each table counting the same, so that a range into
    which the window moved is cut as finely as one it left."""
    found: list[Segment] = []
    for name in columns.categorical:
        found += _values(name, reference[name], window[name])
    for name in columns.numerical:
        found += _ranges(name, reference[name].to_numpy(dtype=np.float64), window[name].to_numpy(dtype=np.float64))
    return (*found, *_ranges(None, reference_scores, scores))


def _values(name: str, before: pd.Series, after: pd.Series) -> Iterator[Segment]:
    known = [str(value) for value in after.dropna().unique()]
    texts_before, texts = before.astype(str).where(before.notna()), after.astype(str).where(after.notna())
    for value in sorted(known):
        yield Segment(name, plain(value), (texts_before == value).to_numpy(), (texts == value).to_numpy(), value)
    if after.isna().any():
        yield Segment(name, MISSING, before.isna().to_numpy(), after.isna().to_numpy())


def _ranges(name: str | None, before: Numbers, after: Numbers) -> Iterator[Segment]:
    gone_before, gone = np.isnan(before), np.isnan(after)
    if gone.any():
        yield Segment(name, MISSING, gone_before, gone)
    if gone.all() or gone_before.all():
        return
    both = np.concatenate([np.quantile(values[~np.isnan(values)], _POINTS, method="lower") for values in (before, after)])
    seen: set[tuple[float, float]] = set()
    for parts in _PARTS:
        cuts = np.unique(np.quantile(both, np.arange(1, parts) / parts, method="higher"))
        for low, high in pairwise([-np.inf, *cuts, np.inf]):
            if (low, high) in seen:
                continue
            seen.add((low, high))
            here, there = (before >= low) & (before < high), (after >= low) & (after < high)
            yield Segment(name, _range(low, high), here, there, low=float(low), high=float(high))


def _range(low: float, high: float) -> str:
    if np.isinf(low):
        return f"below {high:.4g}"
    return f"{low:.4g} or more" if np.isinf(high) else f"{low:.4g} to {high:.4g}"
