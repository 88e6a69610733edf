"""One column as the rules look at it: its cells, its numbers, and the words of its name."""

import re
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.tables.cell_numbers import Decimal
from pipeline.tables.cell_values import parse_numbers, parse_times
from pipeline.tables.reading import RawTable

NEARLY_ALL = 0.95
_TIME_WORDS = frozenset({"time", "date", "datetime", "timestamp", "ts", "day", "at", "period", "month", "week"})
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_WHOLE = r"[+-]?\d+(?:[.,]0+)?"


@dataclass(frozen=True)
class TableColumn:
    """`text`: all cells, None where missing. `distinct`: each different text once, `numbers` what they write (NaN for none), index-aligned.
    `is_time`: every text is a date or time. Shares are of the non-missing cells, in 0-1."""

    name: str
    text: pd.Series
    distinct: pd.Series
    numbers: pd.Series
    is_time: bool
    timezone: str
    decimal: Decimal

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The words of the name in lower case: `customerID` is customer, id."""
        return tuple(word.lower() for word in _WORDS.findall(self.name))

    @cached_property
    def present(self) -> pd.Series:
        """The non-missing cells."""
        return self.text.dropna()

    @cached_property
    def missing_share(self) -> float:
        return float(self.text.isna().mean())

    @property
    def distinct_share(self) -> float:
        return len(self.distinct) / len(self.present)

    @cached_property
    def number_share(self) -> float:
        return float(self.present.isin(self.distinct[self.numbers.notna()]).mean())

    @property
    def is_numeric(self) -> bool:
        """Every text is a number."""
        return self.number_share == 1

    @cached_property
    def is_whole(self) -> bool:
        """Every text is a plain whole number, perhaps with zeros behind its decimal mark."""
        return self.is_numeric and bool(self.distinct.str.fullmatch(_WHOLE).all())

    @cached_property
    def whole_numbers(self) -> NDArray[np.float64]:
        """The different numbers of a column of whole numbers, ascending."""
        return np.unique(self.numbers.to_numpy(dtype="float64"))

    @cached_property
    def values(self) -> pd.Series:
        """All cells: numbers (float64) where the column is one of numbers, else texts; missing is NaN or None."""
        if not self.is_numeric:
            return self.text
        return self.text.map(dict(zip(self.distinct, self.numbers, strict=True))).astype("float64")

    @cached_property
    def times(self) -> pd.Series:
        """All cells as points in time, of a column that holds times."""
        return parse_times(self.text, self.timezone, self.decimal)

    def says(self, words: frozenset[str]) -> bool:
        """Whether its name has one of these words."""
        return not words.isdisjoint(self.words)


def look_at(raw: RawTable, name: str) -> TableColumn:
    """A column of a table that has at least one cell."""
    text = raw.frame[name]
    distinct = pd.Series(text.dropna().unique(), dtype=object)
    numbers = parse_numbers(distinct, raw.decimal)
    column = TableColumn(name, text, distinct, numbers, False, raw.format.timezone, raw.decimal)
    # A plain number is a time only if the name says so: amounts in the hundred millions look like seconds since 1970.
    if numbers.notna().all() and not column.says(_TIME_WORDS):
        return column
    return replace(column, is_time=bool(parse_times(distinct, column.timezone, column.decimal).notna().all()))
