"""Columns that tell the calendar: they move by themselves, so that a later window must differ from the reference."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipeline.roles.column import TableColumn

_YEARS = frozenset({"year", "yr", "jahr", "annee", "ano", "año", "anno"})
_LIVES = frozenset({"birth", "born", "built", "founded", "dob"})  # years of these stay with the customer
_AFTER = frozenset({"name", "no", "nr", "num", "number", "of"})  # what may stand behind or between the words of a name
_PERIOD = r"\d{4}[-/ ]?(?:\d{2}|Q[1-4]|W\d{2})"
_RISING = 0.98  # rank correlation with time from which a number counts it: one step a quarter for two years has 0.984
_FEWEST_ROWS = 20  # fewer may rise by luck


@dataclass(frozen=True)
class _Cycle:
    """A part of the calendar that comes again: by which words it goes, and all its numbers."""

    called: str
    words: frozenset[str]
    numbers: range
    fewest: int  # different ones that show that a whole cycle was seen
    names: tuple[str, ...] = ()


_CYCLES = (
    _Cycle("day of the month", frozenset({"date", "day", "dayofmonth", "dom"}), range(1, 32), 28),
    _Cycle("weekday", frozenset({"weekday", "dow", "dayofweek"}), range(8), 5, ("mon", "tue", "wed", "thu", "fri", "sat", "sun")),
    _Cycle("week", frozenset({"week", "kw", "weekno"}), range(1, 54), 52),
    _Cycle(
        "month",
        frozenset({"month", "monat", "mois", "mes"}),
        range(13),
        12,
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"),
    ),
    _Cycle("quarter", frozenset({"quarter", "qtr"}), range(1, 5), 4, ("q1", "q2", "q3", "q4")),
    _Cycle("hour", frozenset({"hour"}), range(25), 24),
)


@dataclass(frozen=True)
class CalendarColumn:
    """`said`: what part of the calendar it is. `comes_again`: the reference has a whole cycle of it, so that a model may use it."""

    said: str
    comes_again: bool


def read_calendar(column: TableColumn, time: pd.Series | None) -> CalendarColumn | None:
    """Whether a column tells the calendar: a year, a month, a week, a weekday, a quarter, a day, an hour, a period like 2024-03, or a
    number that runs with the rows or with `time` (datetime64, NaT where missing). None where it does not."""
    if column.is_whole and column.says(_YEARS) and not column.says(_LIVES) and _within(column, 1900, 2100):
        return CalendarColumn("a calendar year", False)
    for cycle in _CYCLES:
        if _is(column, cycle):
            return CalendarColumn(f"{'an' if cycle.called == 'hour' else 'a'} {cycle.called}", len(column.distinct) >= cycle.fewest)
    if column.distinct.str.fullmatch(_PERIOD).all() and (not column.is_whole or column.says(frozenset({"period", "month", "week"}))):
        return CalendarColumn("a calendar period", False)
    if column.is_whole and _counts_rows(column):
        return CalendarColumn("a running number of the rows", False)
    if time is not None and column.is_numeric and _rises(column, time):
        return CalendarColumn("a number that rises with time by itself", False)
    return None


def _is(column: TableColumn, cycle: _Cycle) -> bool:
    # "call_hour" and "week_number", but not "HourSpendOnApp".
    said = [word for word in column.words if word not in _AFTER]
    named = bool(said) and said[-1] in cycle.words and not (cycle.called == "month" and {"day"} & {*said})
    named = named or (cycle.called == "day of the month" and said[-2:] == ["day", "month"])
    if column.is_whole:
        return named and _within(column, cycle.numbers.start, cycle.numbers.stop - 1) and len(column.distinct) > 1
    shortened = {text.strip().lower()[: len(cycle.names[0])] for text in column.distinct} if cycle.names else set()
    return bool(shortened) and shortened <= {*cycle.names} and (named or len(shortened) == len(cycle.names))


def _within(column: TableColumn, least: int, most: int) -> bool:
    return bool(least <= column.whole_numbers[0] and column.whole_numbers[-1] <= most)


def _counts_rows(column: TableColumn) -> bool:
    """Every row has the next number, in any order."""
    numbers = column.whole_numbers
    return column.missing_share == 0 and len(numbers) == len(column.text) and numbers[-1] - numbers[0] == len(numbers) - 1


def _rises(column: TableColumn, time: pd.Series) -> bool:
    both = column.values.notna() & time.notna()
    if both.sum() < _FEWEST_ROWS or time[both].nunique() < 3 or column.values[both].nunique() < 2:
        return False
    return float(np.corrcoef(column.values[both].rank(), time[both].rank())[0, 1]) > _RISING


def known_calendar(columns: Mapping[str, CalendarColumn]) -> tuple[str, ...]:
    """Those that a model may use."""
    return tuple(name for name, column in columns.items() if column.comes_again)
