"""How well a column of a log fits a feature or a role: by its name, and by what it holds."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.intake.scoring_time import named_as_scoring_time
from pipeline.sources.relation import ColumnType
from pipeline.tables.cell_values import parse_numbers, parse_times
from pipeline.tables.similar_names import likeness
from pipeline.tables.value_matching import MatchedValues, matched_values

Role = Literal["feature", "id", "time", "score", "model_version"]

# How much agreeing values tell on their own, 0 to 1: quantities and yes or no look alike in many columns, a feature's own words in one.
_OWN_WORDS, _QUANTITIES, _COMMON_WORDS, _IDS, _SHAPE, _PROBABILITIES, _VERSIONS, _TIMES = 0.9, 0.6, 0.3, 0.9, 0.4, 0.3, 0.2, 0.6
_OTHER_KIND, _OTHER_VALUES = 0.5, 0.85  # what is left of a likeness where the values are of another kind, or others
_FEW = 0.1  # overlap below which the values are others
_NUMERIC, _CATEGORIES, _VERSIONS_MOST, _FEWEST_SCORES = 0.95, 200, 50, 10
_RARE_ROWS, _RARE_SHARE = 10, 0.02  # a value of fewer rows than the first, and less than the second of them, may be a slip
_NAMES: Mapping[Role, tuple[str, ...]] = {
    "id": (
        "customer id",
        "cust id",
        "account id",
        "client id",
        "user id",
        "subscriber id",
        "member id",
        "customer number",
        "customer no",
        "customer",
    ),
    "score": ("score", "churn score", "churn probability", "probability", "p churn", "proba", "prediction", "predicted probability"),
    "model_version": ("model version", "version", "model", "model id"),
}


@dataclass(frozen=True)
class SampledColumn:
    """One column of a table: its name, its cells as text without the missing ones, and what the engine says it holds."""

    name: str
    cells: pd.Series
    type: ColumnType = "text"

    @cached_property
    def shares(self) -> dict[str, float]:
        """Share of rows by value, the rarest left out; empty where there are too many to be categories."""
        counts = self.cells.value_counts()
        if len(counts) > _CATEGORIES:
            return {}
        fewest = min(_RARE_ROWS, _RARE_SHARE * len(self.cells))
        return {str(value): float(count) / len(self.cells) for value, count in counts.items() if count >= fewest}

    @cached_property
    def quantiles(self) -> NDArray[np.float64] | None:
        """Its numbers at 201 even places; None where it holds other things."""
        numbers = parse_numbers(self.cells, ".").dropna() if len(self.cells) else self.cells
        if len(numbers) < _NUMERIC * len(self.cells) or not len(numbers):
            return None
        places: NDArray[np.float64] = np.quantile(numbers.to_numpy(dtype=np.float64), np.linspace(0, 1, 201))
        return places

    @cached_property
    def shape(self) -> str:
        """The commonest form of its cells, letters as `a` and digits as `9`."""
        forms = self.cells.str.replace(r"[^\W\d_]", "a", regex=True).str.replace(r"\d", "9", regex=True)
        return str(forms.mode().iloc[0]) if len(forms) else ""

    @cached_property
    def are_times(self) -> bool:
        if self.type in ("instant", "local time"):
            return True
        return bool(len(self.cells)) and bool(parse_times(self.cells, "UTC").notna().all())


@dataclass(frozen=True)
class Fit:
    """`likeness`, 0 to 1, of a column and a feature or role; `reasons` for people; `values`: how their categories match, None for others."""

    likeness: float
    reasons: tuple[str, ...]
    values: MatchedValues | None = None


def fit_of_feature(column: SampledColumn, feature: SampledColumn, own_words: frozenset[str], numerical: bool) -> Fit:
    """`own_words`: the categories that no other feature of the reference has, and that are words."""
    name = likeness(column.name, feature.name)
    if numerical:
        before, after = feature.quantiles, column.quantiles
        if before is None or after is None:
            return Fit(_joined(name, 0, 0) * _OTHER_KIND, (_named(name), "holds no numbers"))
        overlap = 1 - _distance(before, after)
        return Fit(_weighed(name, overlap, _QUANTITIES), (_named(name), f"{overlap:.0%} of the distribution in common"))
    values = matched_values(column.shares, feature.shares)
    if not column.shares:
        return Fit(_joined(name, 0, 0) * _OTHER_KIND, (_named(name), "holds no categories"), values)
    own = sum(share for value, share in column.shares.items() if values.meant.get(value, value) in own_words)
    # A match by frequency says nothing of whether the columns are the same.
    overlap = 0.0 if values.evidence == "frequency" else values.overlap
    telling = (_OWN_WORDS * own + _COMMON_WORDS * (1 - own)) if overlap else 0.0
    said = f"{values.overlap:.0%} of the distribution in common"
    return Fit(_weighed(name, overlap, telling), (_named(name), said, *_said(values)), values)


def fit_of_role(column: SampledColumn, role: Role, known: SampledColumn | None) -> Fit:
    """`known`: the reference's column of that role, where it has one."""
    name = max((likeness(column.name, each) for each in (*_NAMES.get(role, ()), *([known.name] if known else []))), default=0.0)
    if role == "time":
        name = max(name, 1.0 if named_as_scoring_time(column.name) else 0.2)
        return _of_kind(column.are_times, name, _TIMES, "holds times")
    if role == "score":
        numbers = column.quantiles
        return _of_kind(
            numbers is not None and numbers[0] >= 0 and numbers[-1] <= 1 and len(np.unique(numbers)) >= _FEWEST_SCORES,
            name,
            _PROBABILITIES,
            "holds probabilities",
        )
    different = column.cells.nunique()
    if role == "model_version":
        return _of_kind(0 < different <= _VERSIONS_MOST and not column.are_times, name, _VERSIONS, f"{different} different values")
    seen = frozenset() if known is None else frozenset(known.cells)
    same = float(column.cells.isin(seen).mean()) if len(column.cells) else 0.0
    if same >= 0.5:
        return Fit(_weighed(name, same, _IDS), (_named(name), f"{same:.0%} of the ids are in the reference"))
    alike = known is not None and column.shape == known.shape
    repeats = len(column.cells) and different / len(column.cells) < 0.02
    return _of_kind(
        alike or (not repeats and not column.are_times), name, _SHAPE if alike else 0.0, "ids of the same form" if alike else ""
    )


def _of_kind(is_one: bool, name: float, telling: float, said: str) -> Fit:
    if not is_one:
        return Fit(name * _OTHER_KIND, (_named(name), "holds something else"))
    return Fit(_joined(name, 1, telling), tuple(filter(None, (_named(name), said))))


def _weighed(name: float, overlap: float, telling: float) -> float:
    return _joined(name, overlap, telling) * (_OTHER_VALUES if overlap < _FEW else 1)


def _joined(name: float, overlap: float, telling: float) -> float:
    """Name and values are two witnesses: what one leaves in doubt the other may settle. Half a name's likeness is what chance gives."""
    return 1 - (1 - max(0.0, 2 * name - 1)) * (1 - telling * overlap)


def _distance(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Kolmogorov-Smirnov distance of two samples, by their quantiles."""
    places = np.concatenate([one, other])
    return float(np.abs(np.searchsorted(one, places, "right") / len(one) - np.searchsorted(other, places, "right") / len(other)).max())


def _named(name: float) -> str:
    return "same name" if name == 1 else "similar name" if name >= 0.7 else "another name"


def _said(values: MatchedValues) -> list[str]:
    said = [f"{len(values.meant)} values written differently"] if values.meant else []
    said += ["values matched by frequency, please check"] if values.evidence == "frequency" else []
    return said + ([f"{len(values.left_open)} values match none"] if values.left_open else [])
