"""What the calendar moves is recognised by its name and its values together."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest

from pipeline.roles.calendar import read_calendar
from pipeline.roles.column import look_at
from pipeline.tables.reading import raw_of

ROWS = 400
DAYS = pd.Series(pd.date_range("2024-01-01", periods=ROWS, freq="D", tz="UTC"))


def told(name: str, values: Sequence[object], time: pd.Series | None = None) -> tuple[str, bool] | None:
    cells = [values[row % len(values)] for row in range(ROWS)]
    found = read_calendar(look_at(raw_of(pd.DataFrame({name: cells}), "t.csv"), name), time)
    return None if found is None else (found.said, found.comes_again)


@pytest.mark.parametrize(
    ("name", "values", "said", "comes_again"),
    [
        ("arrival_date_year", [2015, 2016, 2017], "a calendar year", False),
        ("Fiscal Year", [2024], "a calendar year", False),
        ("month", range(1, 13), "a month", True),
        ("month", range(1, 8), "a month", False),
        ("arrival_date_month", ["July", "August", "May"], "a month", False),
        ("arrival_date_week_number", range(1, 54), "a week", True),
        ("arrival_date_day_of_month", range(1, 32), "a day of the month", True),
        ("weekday", ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"], "a weekday", True),
        ("quarter", ["Q1", "Q2", "Q3", "Q4"], "a quarter", True),
        ("call_hour", range(24), "an hour", True),
        ("period", ["2024-01", "2024-02"], "a calendar period", False),
        ("billing period", ["202401", "202402"], "a calendar period", False),
        ("RowNumber", range(1, ROWS + 1), "a running number of the rows", False),
        ("seq", range(7_000 + ROWS, 7_000, -1), "a running number of the rows", False),
    ],
)
def test_what_tells_the_calendar(name: str, values: Sequence[object], said: str, comes_again: bool) -> None:
    assert told(name, values) == (said, comes_again)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("tenure_years", range(1, 10)),
        ("year_of_birth", range(1950, 2004)),
        ("months", range(1, 13)),
        ("day_calls", range(1, 29)),
        ("last month", [19.5, 44.0]),
        ("hours", range(24)),
        ("HourSpendOnApp", range(6)),
        ("DaySinceLastOrder", range(1, 31)),
        ("mode", ["mon", "other"]),
        ("year_end_balance", range(10, 30)),
    ],
)
def test_what_does_not(name: str, values: Sequence[object]) -> None:
    assert told(name, values) is None


def test_a_number_that_rises_with_time_itself() -> None:
    rising = np.arange(ROWS) // 3
    assert told("batch", rising.tolist(), DAYS) == ("a number that rises with time by itself", False)
    assert told("batch", rising.tolist()) is None
    assert told("batch", np.random.default_rng(1).permutation(rising).tolist(), DAYS) is None
