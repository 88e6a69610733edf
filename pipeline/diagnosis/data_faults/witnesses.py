"""What the data checks look at: the reference beside one row per customer, because a customer scored daily is no new witness each day."""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import hypergeom, norm

from pipeline.diagnosis.observed import SEED, Observed
from pipeline.diagnosis.repeated_customers import customers_of
from pipeline.shown_text import FOLD_BELOW, plain, quoted
from pipeline.tables.schema import Schema

Mask = NDArray[np.bool_]
Numbers = NDArray[np.float64]

_VALUES = 30  # of a category that are looked at as a part of the window
_FEWEST = 30  # rows of a part
_NEARLY_ALL = 0.95
_BY_CHANCE = 1e-6
_LEAST_P = 1e-300


@dataclass(frozen=True)
class Part:
    """A part of the window, and what it is compared with: masks of shapes (reference,) and (window,). It is a `segment`, or a span of `days`
    from the first to the last, in which the rows in question `began` at that scoring time (UTC)."""

    said: str
    before: Mask
    after: Mask
    segment: tuple[str, str] | None = None
    days: tuple[str, str] | None = None
    began: datetime | None = None


@dataclass(frozen=True)
class Witnesses:
    """`before`: the reference's features. `after`: the window's sample with one row, drawn at random, for each customer, and its `times` (UTC),
    None where there are none. `per_customer`: rows of the window per customer."""

    columns: Schema
    before: pd.DataFrame
    after: pd.DataFrame
    times: pd.Series | None
    per_customer: float

    def numbers(self, name: str) -> tuple[Numbers, Numbers]:
        """A numerical column's values, missing ones too, in the reference and in the window."""
        return self.before[name].to_numpy(dtype=np.float64), self.after[name].to_numpy(dtype=np.float64)

    @cached_property
    def days(self) -> pd.Series | None:
        """The dates of `times` as text."""
        return None if self.times is None else self.times.dt.strftime("%Y-%m-%d")

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """Spans of days up to the newest and single days, then customers with one value of a category; large enough, and not the whole."""
        return tuple(part for part in (*self._periods(), *self._segments()) if _FEWEST <= part.after.sum() < _NEARLY_ALL * len(self.after))

    def _periods(self) -> list[Part]:
        if self.days is None:
            return []
        all_before = np.ones(len(self.before), dtype=bool)
        named = sorted(self.days.dropna().unique())
        since = [Part(f"since {day}", all_before, (self.days >= day).to_numpy(), days=(day, named[-1])) for day in named[1:]]
        return [*since, *(Part(f"on {day}", all_before, (self.days == day).to_numpy(), days=(day, day)) for day in named[:-1])]

    def _segments(self) -> list[Part]:
        found = []
        for column in self.columns.categorical:
            before, after = self.before[column], self.after[column]
            for value in after.value_counts().index[:_VALUES]:
                mask = (before == value).to_numpy()
                if mask.sum() >= _FEWEST:
                    said = f"where `{plain(column)}` is {quoted(str(value))}"
                    found.append(Part(said, mask, (after == value).to_numpy(), segment=(column, str(value))))
        return found

    def part_of(self, concerned: Mask) -> Part | None:
        """The smallest part that holds nearly all of the rows `concerned` (shape (window,)), where chance would spread them further."""
        rows = int(concerned.sum())
        if rows < FOLD_BELOW:
            return None
        holding = [part for part in self.parts if (part.after & concerned).sum() >= _NEARLY_ALL * rows]
        smallest = min(holding, key=lambda part: int(part.after.sum()), default=None)
        if smallest is None or rows * np.log(smallest.after.mean()) > np.log(_BY_CHANCE):
            return None
        if self.times is None or smallest.days is None:
            return smallest
        return replace(smallest, began=self.times[smallest.after & concerned].min().to_pydatetime())


def witnesses_of(observed: Observed) -> Witnesses:
    """The witnesses of a window."""
    features, times = observed.window, observed.times
    before = observed.before
    per_customer = observed.rows / observed.customers if observed.customers else 1.0
    shuffled = np.random.default_rng(SEED).permutation(len(features))
    _, first = np.unique(customers_of(features, before, observed.ids)[shuffled], return_index=True)
    kept = np.sort(shuffled[first])
    return Witnesses(
        columns=observed.columns,
        before=before,
        after=features.iloc[kept].reset_index(drop=True),
        times=None if times is None else times.iloc[kept].reset_index(drop=True),
        per_customer=per_customer * len(features) / max(1, len(kept)),
    )


def surprise(before: int, rows_before: int, after: int, rows: int) -> float:
    """How many standard errors a share of rows lies above the reference's, by Fisher's exact test; below zero where it fell."""
    if not rows or not rows_before:
        return 0.0
    return float(norm.isf(max(hypergeom.sf(after - 1, rows_before + rows, before + after, rows), _LEAST_P)))


def gap(before: Numbers, after: Numbers) -> float:
    """Greatest distance between two distribution functions (Kolmogorov-Smirnov), 0-1; both without missing values, sorted."""
    both = np.concatenate([before, after])
    below = [np.searchsorted(values, both, side="right") / len(values) for values in (before, after)]
    return float(np.abs(below[0] - below[1]).max())


def gap_by_chance(z: float, rows_before: int, rows: int) -> float:
    """The gap that samples of one distribution exceed as rarely as a normal variable exceeds `z` standard errors (Kolmogorov)."""
    return float(np.sqrt(-np.log(norm.sf(z) / 2) / 2 * (1 / rows_before + 1 / rows)))
