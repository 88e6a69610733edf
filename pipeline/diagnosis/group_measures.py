"""One measure of some customers, cut by up to two columns or by time: aggregates only, no group under ten customers, with intervals."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel

from pipeline.diagnosis.observed import Observed
from pipeline.errors import DataError
from pipeline.measures.campaign_value import worth
from pipeline.measures.delong import delong
from pipeline.measures.metrics import wilson
from pipeline.shown_text import FOLD_BELOW, plain
from pipeline.workspace.value_settings import ValueSettings

MeasureName = Literal["count", "missing", "mean", "median", "quantile", "churn_rate", "mean_score", "roc_auc", "calibration_gap", "profit"]
Rows = Literal["reference", "window", "matured"]
Bucket = Literal["day", "week", "month"]

Interval = tuple[float | None, float | None, float | None]  # a value, and its bounds

MOST_GROUPS = 40
CONFIDENCE = 0.95
_OF_A_COLUMN = frozenset({"missing", "mean", "median", "quantile"})
_OF_OUTCOMES = frozenset({"churn_rate", "roc_auc", "calibration_gap", "profit"})
_FORMATS: dict[Bucket, str] = {"day": "%Y-%m-%d", "week": "%G-W%V", "month": "%Y-%m"}
_RANGES = 4  # of a number, by quantiles of the reference


class Group(BaseModel, frozen=True):
    """The measure in one group; `cut` are its values of the columns, then its time bucket. `value` is None where it cannot be measured, `low` and
    `high` (95%) where there is no interval. Profit is in percent of the most that a campaign could earn."""

    cut: tuple[str, ...]
    customers: int
    value: float | None
    low: float | None
    high: float | None


class GroupedMeasure(BaseModel, frozen=True):
    """A measure by group, in the order of `by` and time. `folded`: customers in groups under ten, of whom nothing is told; `elided`: smaller groups that did not fit."""

    groups: tuple[Group, ...]
    folded: int
    elided: int


@dataclass(frozen=True)
class _Customers:
    """The rows asked about, all parts of the same length."""

    features: pd.DataFrame
    scores: NDArray[np.float64]
    churned: NDArray[np.int8] | None
    times: pd.Series | None
    ids: pd.Series | None

    def at(self, rows: NDArray[np.bool_]) -> "_Customers":
        times, ids = (None if part is None else part[rows] for part in (self.times, self.ids))
        return _Customers(self.features[rows], self.scores[rows], None if self.churned is None else self.churned[rows], times, ids)

    @property
    def count(self) -> int:
        return len(self.scores) if self.ids is None else int(self.ids.nunique())


def measure_groups(
    observed: Observed,
    measure: MeasureName,
    rows: Rows,
    column: str | None = None,
    by: tuple[str, ...] = (),
    bucket: Bucket | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    *,
    level: float,
    value: ValueSettings,
) -> GroupedMeasure:
    """`measure` of the reference, the recent window or the matured rows (outcome known), scored in `since <= time < until` where that is given.
    `level`: which quantile, 0.05 to 0.95; `value`: what offers cost and bring, of `profit`.

    Raises:
        DataError: there is no such column, or those rows have no outcomes, or no times.
    """
    features = observed.columns.features
    for name in (*by, *(() if column is None else (column,))):
        if name not in features:
            raise DataError(f"There is no feature {name[:64]!r}.", f"Features are: {', '.join(features)}.")
    if (measure in _OF_A_COLUMN) != (column is not None):
        raise DataError(
            f"The measure {measure} {'needs' if column is None else 'takes no'} column.", "Give one with missing, mean, median, quantile."
        )
    if measure in {"mean", "median", "quantile"} and observed.columns.kind(str(column)) != "numerical":
        raise DataError(f"{column} is a categorical feature.", "Ask for its count by its values, or for missing.")
    asked = _rows(observed, rows)
    if measure in _OF_OUTCOMES and asked.churned is None:
        raise DataError("The outcomes of the recent window are not looked at here.", "Ask the reference or the matured rows.")
    if (bucket or since or until) and asked.times is None:
        raise DataError(f"The {rows} rows have no times.", "Leave out bucket, since and until.")
    if asked.times is not None and (since or until):
        start, end = (None if at is None else pd.Timestamp(at) for at in (since, until))
        kept = np.ones(len(asked.scores), dtype=bool)
        kept &= True if start is None else (asked.times >= start).to_numpy()
        kept &= True if end is None else (asked.times < end).to_numpy()
        asked = asked.at(kept)
    cuts = [parts_of(observed, name, asked.features[name]) for name in by]
    if bucket is not None and asked.times is not None:
        cuts.append(asked.times.dt.strftime(_FORMATS[bucket]).to_numpy())
    return _measured(asked, cuts, lambda part: _value(part, measure, column, level, value))


def _measured(asked: _Customers, cuts: list[NDArray[np.object_]], measured: Callable[[_Customers], Interval]) -> GroupedMeasure:
    keys = pd.MultiIndex.from_arrays(cuts) if cuts else pd.MultiIndex.from_arrays([np.repeat("all", len(asked.scores))])
    places, names = keys.factorize()
    groups, folded = [], 0
    for place, name in enumerate(names):
        part = asked.at(places == place)
        if part.count < FOLD_BELOW:
            folded += part.count
            continue
        value, low, high = measured(part)
        cut = tuple(plain(str(one), 80) for one in name) if cuts else ()
        groups.append(Group(cut=cut, customers=part.count, value=short(value), low=short(low), high=short(high)))
    largest = sorted(groups, key=lambda group: -group.customers)[:MOST_GROUPS]
    shown = tuple(sorted(largest, key=lambda group: group.cut[::-1]))  # by time, where that is a cut
    return GroupedMeasure(groups=shown, folded=folded, elided=len(groups) - len(shown))


def _rows(observed: Observed, rows: Rows) -> _Customers:
    if rows == "window":
        return _Customers(observed.window, observed.scores, None, observed.times, observed.ids)
    if rows == "reference":
        churned = observed.reference[observed.columns.target].to_numpy(dtype=np.int8)
        return _Customers(observed.reference, observed.reference_scores, churned, None, None)
    known = observed.labelled
    return _Customers(known.features, observed.labelled_scores, known.churned.to_numpy(dtype=np.int8), known.times, known.ids)


def parts_of(observed: Observed, name: str, values: pd.Series) -> NDArray[np.object_]:
    """The part that each of a feature's `values` lies in, as text: its category, or its quarter of the drift reference."""
    if observed.columns.kind(name) != "numerical":
        return values.astype(object).where(values.notna(), "(missing)").astype(str).to_numpy()
    known = observed.before[name].dropna().to_numpy(dtype="float64")
    edges = np.unique(np.quantile(known, np.linspace(0, 1, _RANGES + 1)[1:-1])) if known.size else np.array([])
    if not edges.size:
        return np.repeat(np.array(["all"], dtype=object), len(values))
    labels = [f"below {edges[0]:.4g}", *(f"{a:.4g} to {b:.4g}" for a, b in pairwise(edges)), f"from {edges[-1]:.4g}"]
    places = np.searchsorted(edges, values.to_numpy(dtype="float64", na_value=np.nan), side="right")
    return np.where(values.isna(), "(missing)", np.array(labels, dtype=object)[places])


def _value(part: _Customers, measure: MeasureName, column: str | None, level: float, value: ValueSettings) -> Interval:
    measures: dict[MeasureName, Callable[[], Interval]] = {
        "count": lambda: (float(part.count), None, None),
        "missing": lambda: rate_interval(part.features[str(column)].isna().to_numpy()),
        "mean": lambda: _mean(part.features[str(column)].dropna().to_numpy(dtype="float64")),
        "median": lambda: _quantile(part.features[str(column)].dropna().to_numpy(dtype="float64"), 0.5),
        "quantile": lambda: _quantile(part.features[str(column)].dropna().to_numpy(dtype="float64"), level),
        "churn_rate": lambda: rate_interval(part.churned == 1),
        "mean_score": lambda: _mean(part.scores),
        "roc_auc": lambda: _roc_auc(part),
        "calibration_gap": lambda: _gap(part),
        "profit": lambda: _profit(part, value),
    }
    return measures[measure]()


def rate_interval(hits: "NDArray[np.bool_] | bool") -> Interval:
    """Share of hits with its 95% interval (Wilson)."""
    told = np.asarray(hits)
    return float(told.mean()), *wilson(float(told.sum()), float(told.size), CONFIDENCE)


def _mean(values: NDArray[np.float64]) -> Interval:
    if not values.size:
        return None, None, None
    mean, reach = float(values.mean()), 1.96 * float(values.std(ddof=1)) / np.sqrt(values.size) if values.size > 1 else 0.0
    return mean, mean - reach, mean + reach


def _quantile(values: NDArray[np.float64], level: float) -> Interval:
    """With the interval between two of the values in order (binomial), unless the outermost ones, which are single customers', bound it."""
    if values.size < FOLD_BELOW:
        return None, None, None
    ordered, middle, reach = np.sort(values), values.size * level, 1.96 * np.sqrt(values.size * level * (1 - level))
    low, high = int(np.floor(middle - reach)), int(np.ceil(middle + reach))
    bounded = low >= 1 and high <= values.size - 2
    return float(np.quantile(values, level)), *((float(ordered[low]), float(ordered[high])) if bounded else (None, None))


def _profit(part: _Customers, value: ValueSettings) -> Interval:
    assert part.churned is not None
    if not part.churned.any():
        return None, None, None
    found = worth(part.churned, part.scores, value)
    return found.percent, found.percent - 1.96 * found.error, found.percent + 1.96 * found.error


def _roc_auc(part: _Customers) -> Interval:
    assert part.churned is not None
    return roc_auc_interval(part.churned, part.scores)


def roc_auc_interval(churned: NDArray[np.int8], scores: NDArray[np.float64]) -> Interval:
    """ROC-AUC with its 95% interval; None each with fewer than two of a kind."""
    if min(churned.sum(), (1 - churned).sum()) < 2:
        return None, None, None
    areas, covariance = delong(churned, scores[None, :])
    reach = 1.96 * float(np.sqrt(covariance[0, 0]))
    return float(areas[0]), max(0.0, float(areas[0]) - reach), min(1.0, float(areas[0]) + reach)


def _gap(part: _Customers) -> Interval:
    rate, low, high = rate_interval(part.churned == 1)
    scored = float(part.scores.mean())
    return tuple(None if one is None else one - scored for one in (rate, low, high))  # type: ignore[return-value]


def short(value: float | None) -> float | None:
    """As it is told: four digits; None where it is no number."""
    return None if value is None or not np.isfinite(value) else float(f"{value:.4g}")
