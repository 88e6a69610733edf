"""How many customers a window's rows are worth."""

import numpy as np
import pandas as pd
import pytest

from pipeline.diagnosis.repeated_customers import customers_of, effective_rows

DIFFERENT = pd.DataFrame({"amount": np.arange(100.0)})
ALIKE = pd.DataFrame({"amount": np.arange(100.0) % 3})


def test_rows_of_different_customers_are_worth_themselves() -> None:
    assert effective_rows(customers_of(DIFFERENT, DIFFERENT, None)) == 100


def test_a_customer_scored_every_day_counts_once() -> None:
    week = pd.concat([DIFFERENT] * 7, ignore_index=True)
    assert effective_rows(customers_of(week, DIFFERENT, pd.Series([f"c{n}" for n in range(100)] * 7))) == pytest.approx(100)
    assert effective_rows(customers_of(week, DIFFERENT, None)) == pytest.approx(100)


def test_a_row_without_an_id_is_a_customer_of_its_own() -> None:
    ids = pd.Series(["a", "a", *[np.nan] * 98], dtype=object)
    assert len(np.unique(customers_of(DIFFERENT, DIFFERENT, ids))) == 99


def test_customers_who_look_alike_in_the_reference_may_look_alike_in_the_window() -> None:
    assert effective_rows(customers_of(ALIKE, ALIKE, None)) == 100


def test_nobody_is_worth_nothing() -> None:
    assert effective_rows(customers_of(DIFFERENT.iloc[:0], DIFFERENT, None)) == 0
