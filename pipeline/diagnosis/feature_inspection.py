"""One feature from near: its distribution in reference and window. Days and parts of the base are asked for as a grouped measure."""

from itertools import pairwise

import numpy as np
import pandas as pd
from pydantic import BaseModel

from pipeline.diagnosis.observed import Observed
from pipeline.errors import DataError
from pipeline.shown_text import FOLD_BELOW, plain
from pipeline.tables.schema import Kind

BINS = 8  # quantiles of the reference; more would not be read
OTHERS = "(others)"


class _View(BaseModel, frozen=True, extra="forbid"):
    """Frozen: what was read stays as it was."""


class Bin(_View):
    """Share of the rows with a value, 0-1, in the reference and in the window; `label` is a range or a category."""

    label: str
    reference: float
    window: float


class FeatureView(_View):
    """One feature from near, of a sample of `sampled` rows of the window. Categories with fewer than 10 rows are folded."""

    feature: str
    kind: Kind
    sampled: int
    missing_reference: float
    missing_window: float
    importance: float
    bins: tuple[Bin, ...]


def inspect_feature(observed: Observed, feature: str) -> FeatureView:
    """Look at one feature.

    Raises:
        DataError: there is no such feature.
    """
    columns = observed.columns
    if feature not in columns.features:
        raise DataError(f"There is no feature {feature[:64]!r}.", f"Features are: {', '.join(columns.features)}.")
    before, after = observed.before[feature], observed.window[feature]
    return FeatureView(
        feature=feature,
        kind=columns.kind(feature),
        sampled=len(after),
        missing_reference=_share(before.isna()),
        missing_window=_share(after.isna()),
        importance=observed.importances.get(feature, 0.0),
        bins=_ranges(before, after) if columns.kind(feature) == "numerical" else _categories(before, after),
    )


def _share(mask: pd.Series) -> float:
    return round(float(mask.mean()), 4) if len(mask) else 0.0


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
