"""Broken days are told from sound ones by their values, each for itself and none by a row or two."""

import numpy as np
import pandas as pd

from pipeline.diagnosis.faulty_stretches import faulty_stretches

DAYS = pd.date_range("2026-10-01", periods=20, tz="UTC")


def told(values: "pd.Series", days: "pd.Series", first: int, end: int) -> list[tuple[int, int]]:
    found = faulty_stretches(values, days, list(DAYS[first:end]))
    return [(DAYS.get_loc(stretch[0]), DAYS.get_loc(stretch[-1])) for stretch in found]


def a_table(rows: int = 40) -> tuple["pd.Series", "pd.Series"]:
    days = pd.Series(np.repeat(DAYS, rows))
    return pd.Series(np.random.default_rng(3).normal(60, 20, len(days))), days


def test_a_period_told_is_cut_down_to_its_broken_days_and_grown_by_those_beside_it() -> None:
    values, days = a_table()
    values[days.isin(DAYS[8:13])] = 0.0
    assert told(values, days, 6, 12) == [(8, 12)]


def test_a_day_that_was_broken_until_noon_is_broken() -> None:
    values, days = a_table()
    values[days.isin(DAYS[8:12])] *= 100
    values[(days == DAYS[12]) & (np.arange(len(days)) % 4 == 0)] *= 100
    assert told(values, days, 8, 12) == [(8, 12)]


def test_missing_values_and_words_tell_as_well() -> None:
    values, days = a_table()
    values[days.isin(DAYS[8:12]) & (np.arange(len(days)) % 3 == 0)] = np.nan
    assert told(values, days, 7, 12) == [(8, 11)]
    words = pd.Series(np.where(np.arange(len(days)) % 2, "a", "b"), dtype=object)
    words[days.isin(DAYS[8:12]) & (words == "a")] = "A_1"
    assert told(words, days, 7, 12) == [(8, 11)]


def test_one_odd_row_makes_no_day() -> None:
    values, days = a_table()
    values[days.isin(DAYS[8:12])] *= 100
    values[days[days == DAYS[16]].index[:1]] *= 100
    assert told(values, days, 8, 12) == [(8, 11)]


def test_where_no_day_is_sound_nothing_is_told_apart() -> None:
    values, days = a_table()
    assert told(values, days, 0, 20) == [(0, 19)]
