"""A count is a quantity however few values it has, a code is a category however many."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest

from pipeline.roles.column import TableColumn, look_at
from pipeline.roles.kinds import read_kind
from pipeline.tables.reading import raw_of

ROWS = 240


def column(name: str, values: Sequence[object]) -> TableColumn:
    cells = [values[row % len(values)] for row in range(ROWS)]
    return look_at(raw_of(pd.DataFrame({name: cells}), "t.csv"), name)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("tenure_years", range(5, 11)),
        ("children", range(4)),
        ("Complain calls", [0, 1, 2, 5]),
        ("NumOfProducts", [1, 2, 3, 4]),
        ("number_of_plans", range(1, 6)),
        ("visits", [0, 3, 11]),
        ("level", [1, 2, 3]),
        ("steps", [12, 24, 36]),
        ("usage", range(11)),
        ("extra", ["0.0", "0.63", "2.05"]),
        ("Half stars", [1.0, 1.5, 2.0]),
        ("plan_price", [9.99, 19.99, 29.99]),
        ("income", ["$5,030.12", "€1.234,56", "-$3.00", "USD 12"]),
        ("discount", ["12%", "0%", "7.5 %"]),
        ("balance", ["1,200", "(300)", "15,000.50"]),
    ],
)
def test_quantities(name: str, values: Sequence[object]) -> None:
    assert read_kind(column(name, values)).kind == "numerical"


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("zip", range(10_115, 10_215)),
        ("postal code", range(100, 160)),
        ("branch", range(1, 30)),
        ("plan number", range(1, 40)),
        ("PlanNo", range(1, 40)),
        ("region_id", range(8)),
        ("payment_type", [1, 2, 3, 4]),
        ("area code", [408, 415, 510]),
        ("SeniorCitizen", [0, 1]),
        ("flag", ["0.0", "1.0"]),
        ("account_prefix", ["007", "012", "113"]),
        ("system", [101, 205, 990, 991]),
        ("city", ["Rom", "Bonn", "1st"]),
    ],
)
def test_categories(name: str, values: Sequence[object]) -> None:
    assert read_kind(column(name, values)).kind == "categorical"


@pytest.mark.parametrize("offset", [0, 1, 7, 40])
@pytest.mark.parametrize("most", range(3, 11))
def test_any_run_of_whole_numbers_is_a_count(offset: int, most: int) -> None:
    """By chance some values are missing between: rarely so many that the order is lost."""
    values = offset + np.random.default_rng(most).poisson(most / 3, ROWS)
    assert read_kind(column("things", [int(value) for value in values])).kind == "numerical"
