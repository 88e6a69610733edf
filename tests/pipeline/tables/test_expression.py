"""Arithmetic over columns: what it computes is what Python would, and nothing but arithmetic gets in."""

import math

import numpy as np
import pandas as pd
import pytest

from pipeline.tables.expression import parse_expression

ROWS = pd.DataFrame({"fee": [10.0, np.nan, 4.0], "my rate": [0.5, 0.5, 0.0], "été": [1.0, 2.0, 3.0]})


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("fee * 12 * 0.3", [36.0, math.nan, 14.4]),
        ("-(fee + 2) / `my rate` - 1e1", [-34.0, math.nan, -math.inf]),
        ("fee/été", [10.0, math.nan, 4 / 3]),
        ("7", [7.0, 7.0, 7.0]),
    ],
)
def test_rows_and_single_customers_have_the_same_values(text: str, values: list[float]) -> None:
    found = parse_expression(text)
    assert found.over(ROWS) == pytest.approx(values, nan_ok=True)
    assert [found.of(row) for row in ROWS.to_dict("records")] == pytest.approx(values, nan_ok=True)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "fee ** 9",
        "fee if fee else 1",
        "print(fee)",
        "fee.real",
        "fee[0]",
        "fee < 1",
        "lambda: 1",
        "__import__('os').system('true')",
        "[fee for fee in fee]",
        "fee; fee",
        "'text' * 9",
        "`fee`1 + age",
        "`monthly fee`12",
        "`fee`age",
        "0x`fee`",
        "fee # * 12",
        "1e999",
        "9j",
        "9" * 400,
        "(" * 150 + "1",
        None,
        ["fee"],
    ],
)
def test_what_is_no_arithmetic_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match=r"expression|arithmetic"):
        parse_expression(text)
