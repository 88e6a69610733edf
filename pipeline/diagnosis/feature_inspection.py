"""One feature from near: its distribution in reference and window, day by day, and where in the base it moved."""

from itertools import pairwise
from typing import Literal

import numpy as np
import pandas as pd
from pydantic import BaseModel

from pipeline.diagnosis.observed import Observed
from pipeline.errors import DataError
from pipeline.shown_text import FOLD_BELOW, plain
from pipeline.tables.schema import Kind

BINS = 8  # quantiles of the reference; more would not be read
_DAYS, _SEGMENTS = 7, 6
OTHERS = "(others)"


class _View(BaseModel, frozen=True, extra="forbid"):
    """Frozen: what was read stays as it was."""


class Bin(_View):
    """Share of the rows with a value, 0-1, in the reference and in the window; `label` is a range or a category."""

    label: str
    reference: float
    window: float


class Slice(_View):
    """The feature in one part of the window: a day, or the customers with one value of another column.

    `level` is the mean of a numerical feature, and the share of the reference's commonest category of a categorical one; None where no
    row has a value. `level_reference` is the same in that part of the reference, None for days. `missing`: share of the rows, 0-1.
    """

    label: str
    rows: int
    missing: float
    level: float | None
    level_reference: float | None


class FeatureView(_View):
    """One feature from near, of a sample of `sampled` rows of the window. Categories and parts with fewer than 10 rows are folded."""

    feature: str
    kind: Kind
    sampled: int
    missing_reference: float
    missing_window: float
    importance: float
    level: Literal["mean", "share"]
    level_of: str | None
    bins: tuple[Bin, ...]
    by_day: tuple[Slice, ...]
    by: str | None
    by_segment: tuple[Slice, ...]


def inspect_feature(observed: Observed, feature: str, by: str | None = None) -> FeatureView:
    """Look at one feature; `by` is a categorical feature to cut the base by, the one with the most telling cut where None.

    Raises:
        DataError: there is no such feature, or `by` is no categorical one.
    """
    columns = observed.columns
    if feature not in columns.features:
        raise DataError(f"There is no feature {feature[:64]!r}.", f"Features are: {', '.join(columns.features)}.")
    if by is not None and (by not in columns.categorical or by == feature):
        others = [name for name in columns.categorical if name != feature]
        raise DataError(f"{by[:64]!r} is no other categorical feature.", f"Cut by one of: {', '.join(others) or 'none there'}.")
    before, after = observed.before[feature], observed.window[feature]
    numerical = columns.kind(feature) == "numerical"
    common = None if numerical or not before.notna().any() else str(before.mode().iloc[0])
    if by is None:
        by = _most_telling(observed, feature, common)
    return FeatureView(
        feature=feature,
        kind=columns.kind(feature),
        sampled=len(after),
        missing_reference=_share(before.isna()),
        missing_window=_share(after.isna()),
        importance=observed.importances.get(feature, 0.0),
        level="mean" if numerical else "share",
        level_of=None if common is None else plain(common),
        bins=_ranges(before, after) if numerical else _categories(before, after),
        by_day=_days(observed, after, common),
        by=by,
        by_segment=() if by is None else _segments(observed, feature, by, common),
    )


def _share(mask: pd.Series) -> float:
    return round(float(mask.mean()), 4) if len(mask) else 0.0


def _level(values: pd.Series, common: str | None) -> float | None:
    known = values.dropna()
    if known.empty:
        return None
    level = known.astype("float64").mean() if common is None else (known.astype(str) == common).mean()
    return float(f"{level:.4g}")


def _ranges(before: pd.Series, after: pd.Series) -> tuple[Bin, ...]:
    known, now = before.dropna().to_numpy(dtype="float64"), after.dropna().to_numpy(dtype="float64")
    if not known.size or not now.size:
        return ()
    inner = np.unique(np.quantile(known, np.linspace(0, 1, BINS + 1)[1:-1]))
    shares = [np.bincount(np.searchsorted(inner, part, side="right"), minlength=inner.size + 1) / part.size for part in (known, now)]
    edges = ["", *(f"{edge:.4g}" for edge in inner), ""]
    labels = [f"{low} to {high}" if low and high else f"below {high}" if high else f"from {low}" for low, high in pairwise(edges)]
    return tuple(
        Bin(label=label, reference=round(float(was), 4), window=round(float(now_), 4))
        for label, was, now_ in zip(labels, *shares, strict=True)
    )


def _categories(before: pd.Series, after: pd.Series) -> tuple[Bin, ...]:
    counts = [part.dropna().astype(str).value_counts() for part in (before, after)]
    together = counts[0].add(counts[1], fill_value=0)
    named = [name for name in together.sort_values(ascending=False, kind="stable").index[:BINS] if together[name] >= FOLD_BELOW]
    shares = [count / max(1, count.sum()) for count in counts]
    found = [
        Bin(label=plain(name), reference=round(float(shares[0].get(name, 0)), 4), window=round(float(shares[1].get(name, 0)), 4))
        for name in named
    ]
    rest = [1 - sum(getattr(one, side) for one in found) for side in ("reference", "window")]
    if max(rest) > 5e-4:
        found.append(Bin(label=OTHERS, reference=round(max(0.0, rest[0]), 4), window=round(max(0.0, rest[1]), 4)))
    return tuple(found)


def _slice(label: str, values: pd.Series, reference: pd.Series | None, common: str | None) -> Slice:
    return Slice(
        label=label,
        rows=len(values),
        missing=_share(values.isna()),
        level=_level(values, common),
        level_reference=None if reference is None else _level(reference, common),
    )


def _days(observed: Observed, values: pd.Series, common: str | None) -> tuple[Slice, ...]:
    if observed.times is None:
        return ()
    days = observed.times.dt.strftime("%Y-%m-%d")
    counts = days.value_counts()
    newest = sorted(str(day) for day in counts.index if counts[day] >= FOLD_BELOW)[-_DAYS:]
    return tuple(_slice(day, values[days == day], None, common) for day in newest)


def _segments(observed: Observed, feature: str, by: str, common: str | None) -> tuple[Slice, ...]:
    before, after = observed.before[by].astype(str), observed.window[by].astype(str)
    counts = after.value_counts()
    named = [name for name in counts.index[:_SEGMENTS] if counts[name] >= FOLD_BELOW]
    return tuple(
        _slice(plain(str(name)), observed.window.loc[after == name, feature], observed.before.loc[before == name, feature], common)
        for name in named
    )


def _most_telling(observed: Observed, feature: str, common: str | None) -> str | None:
    """The categorical feature whose customers moved most unlike each other, weighted by how many they are."""
    best, most = None, 0.0
    for by in observed.columns.categorical:
        if by == feature:
            continue
        parts = [part for part in _segments(observed, feature, by, common) if part.level is not None and part.level_reference is not None]
        if len(parts) < 2:
            continue
        moves = np.array([(part.level or 0.0) - (part.level_reference or 0.0) for part in parts])
        weights = np.array([part.rows for part in parts], dtype="float64")
        spread = float(np.sqrt(np.average((moves - np.average(moves, weights=weights)) ** 2, weights=weights)))
        if spread > most:
            best, most = by, spread
    return best
