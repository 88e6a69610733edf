"""Expectations proposed from rows that are known to be sound, for a person to read, correct and paste."""

import math
from collections.abc import Mapping

from pipeline.profiles.profile import CategoricalProfile, NumericalProfile, Profile
from pipeline.workspace.expectation_settings import ColumnExpectation

_MARGIN = 0.1  # of a column's range, added at either end: tomorrow's greatest value is seldom below today's
_MOST_VALUES = 30  # different ones of a column up to which they are listed; beyond, new ones are usual
_LEAST_MISSING = 0.01  # share of missing values that is always let pass


def proposed_columns(profile: Profile, named: Mapping[str, str]) -> dict[str, ColumnExpectation]:
    """What the rows of a `profile` keep to, with a margin; by the name that the log has of each feature, where `named` has one."""
    found = {column.name: _range(column) for column in profile.numerical} | {column.name: _values(column) for column in profile.categorical}
    return {named.get(name, name): one for name, one in found.items()}


def _range(column: NumericalProfile) -> ColumnExpectation:
    share = _most_missing(column.nulls - column.unreadable - column.infinite, column.nulls + column.count)
    if column.minimum is None or column.maximum is None:
        return ColumnExpectation(max_missing=share)
    margin = _MARGIN * (column.maximum - column.minimum) or abs(column.maximum) or 1.0
    step = 10.0 ** math.floor(math.log10(margin))
    low = math.floor((column.minimum - margin) / step) * step
    high = math.ceil((column.maximum + margin) / step) * step
    # Amounts and counts do not turn negative by a margin.
    low = 0.0 if column.minimum >= 0 > low else low
    high = 0.0 if column.maximum <= 0 < high else high
    return ColumnExpectation(min=float(f"{low:.6g}"), max=float(f"{high:.6g}"), max_missing=share)


def _values(column: CategoricalProfile) -> ColumnExpectation:
    share = _most_missing(column.nulls, column.nulls + column.count)
    if not 0 < len(column.known) <= _MOST_VALUES:
        return ColumnExpectation(max_missing=share)
    return ColumnExpectation(values=column.known, max_missing=share)


def _most_missing(missing: int, rows: int) -> float:
    """Half as many again as there are, in whole percent."""
    share = missing / rows if rows else 0.0
    return min(1.0, max(_LEAST_MISSING, math.ceil(150 * share) / 100))
