"""What a cell's text writes as a number, amounts included."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.tables.cell_numbers import Decimal, number_in


@pytest.mark.parametrize(
    ("text", "decimal", "number"),
    [
        ("$5,030.12", ".", 5030.12),
        ("€1.234,56", ".", 1234.56),
        ("€ 1.234,56", ",", 1234.56),
        ("1.234.567,8", ".", 1234567.8),
        ("5,030.12", ",", 5030.12),
        ("12%", ".", 12),
        ("12,5 %", ",", 12.5),
        ("(1,234.50)", ".", -1234.5),
        ("-$5", ".", -5),
        ("$-5", ".", -5),
        ("USD 12.50", ".", 12.5),
        ("12.50 €", ".", 12.5),
        ("1'234.50 CHF", ".", 1234.5),
        ("₹1,00,000", ".", 100_000),
        ("12 kr", ".", 12),
        ("1.234", ".", 1.234),
        ("1,234", ".", 1234),
    ],
)
def test_numbers_and_amounts(text: str, decimal: Decimal, number: float) -> None:
    assert number_in(text, decimal) == number


@pytest.mark.parametrize(
    "text", ["$", "%", "ABC 12", "12 apples", "$ twelve", "1,23", "((1))", "(", "()", "1.234,56,7", "5+", "Q1", "1_0", "$1.2.3"]
)
def test_what_is_no_number(text: str) -> None:
    assert math.isnan(number_in(text, "."))


@given(cents=st.integers(0, 10**12), sign=st.sampled_from(["", "-"]), around=st.sampled_from(["${}", "{} €", "{}%", "CHF {}", "{}"]))
def test_any_amount_is_read_as_it_was_meant(cents: int, sign: str, around: str) -> None:
    number = cents / 100
    assert number_in(sign + around.format(f"{number:,.2f}"), ".") == (-number if sign else number)
    if cents >= 100_000:  # below a thousand nothing tells a decimal comma
        swapped = f"{number:,.2f}".translate(str.maketrans(".,", ",."))
        assert number_in(sign + around.format(swapped), ".") == (-number if sign else number)
