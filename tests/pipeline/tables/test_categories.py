"""A category is spelt as the reference spells it, by its own cell and nothing else in its file."""

import pytest

from pipeline.tables.categories import Categories, settled
from pipeline.tables.cell_numbers import Decimal, id_of, plain_number
from pipeline.tables.missing import present


@pytest.mark.parametrize(
    ("known", "cell", "category"),
    [
        (("0", "1"), "0.0", "0"),
        (("0", "1"), " 0.00 ", "0"),
        (("0", "1"), "0.5", "0.5"),
        (("0", "1"), "2.50", "2.5"),
        (("0", "1"), "2.0E0", "2"),
        (("0", "1"), "007", "007"),
        (("0", "1"), "n/a", None),
        (("0", "1"), None, None),
        (("0", "1"), "unknown", "unknown"),
        (("0.0", "0.63"), "0", "0.0"),  # as earlier versions spelt it
        (("0.0", "0.63"), "0.630", "0.63"),
        (("007", "7"), "7.0", "7.0"),
        (("1.0", "1.10", "2.0-beta"), "1", "1"),
        (("1.0", "1.10", "2.0-beta"), "1.1", "1.1"),
        (("12345678901234567", "12345678901234568"), "12345678901234567.0", "12345678901234567"),
        (("1E5", "2E5"), "100000", "100000"),
        ((), "1.0", "1.0"),
        (("FALSE", "TRUE"), "true", "TRUE"),
        (("FALSE", "TRUE"), "False", "FALSE"),
        (("false", "true"), "1", "true"),
        (("False", "True"), "0.0", "False"),
        (("0", "1"), "TRUE", "1"),
        (("0.0", "1.0"), "false", "0.0"),
        (("1",), "false", "0"),
        (("True",), "FALSE", "False"),
        (("False", "True"), "yes", "yes"),
        (("False", "True"), "2", "2"),
        (("0", "1", "2"), "true", "true"),
        (("no", "true"), "TRUE", "TRUE"),
        (("True", "true"), "true", "true"),  # as earlier versions settled it
    ],
)
def test_the_reference_spells(known: tuple[str, ...], cell: str | None, category: str | None) -> None:
    assert Categories(known).spelling(cell) == category


def test_the_decimal_mark_is_that_of_the_cells_table() -> None:
    halves = Categories(("0", "0.5"))
    assert [halves.spelling(cell, ",") for cell in ("0,0", "0,50", "1,5", "1.5")] == ["0", "0.5", "1.5", "1.5"]
    assert Categories(("0,5", "1,5")).spelling("0,5", ",") == "0,5"


@pytest.mark.parametrize(
    ("texts", "decimal", "known"),
    [
        (("1.0", "0", "1", None, "NA"), ".", ("0", "1")),
        (("0.0", "0.63", "2.050"), ".", ("0", "0.63", "2.05")),
        (("0,0", "0,63"), ",", ("0", "0.63")),
        (("1.0", "01"), ".", ("01", "1.0")),
        (("1.0", "2.0-beta"), ".", ("1.0", "2.0-beta")),
        ((None, ""), ".", ()),
        (("true", "FALSE", "TRUE", "False", None), ".", ("FALSE", "TRUE")),
        (("TRUE", "1"), ".", ("1", "TRUE")),
    ],
)
def test_a_reference_settles_the_spelling(texts: tuple[str | None, ...], decimal: Decimal, known: tuple[str, ...]) -> None:
    assert settled(texts, decimal) == Categories(known)


def test_whole_numbers_are_told_from_others() -> None:
    assert Categories(("0.0", "1")).are_whole
    assert not any(Categories(known).are_whole for known in ((), ("0", "0.5"), ("00", "1"), ("0", "a")))


@pytest.mark.parametrize("text", ["1e400", "9" * 5000, "0x1", "1_000", "inf", "１", "", ".", "-", "1e5", "--1"])
def test_what_is_no_plain_number(text: str) -> None:
    assert plain_number(text) is None


def test_an_id_may_lie_as_a_float() -> None:
    assert [id_of(text) for text in ("17.0", " 17 ", "17.5", "C1.0", "NULL", None)] == ["17", "17", "17.5", "C1.0", None, None]
    assert (id_of("17,0", ","), id_of("17.0", ",")) == ("17", "17.0")


def test_a_missing_cell_has_no_text() -> None:
    assert [present(text) for text in (" x ", "NA", " ", None)] == ["x", None, None, None]
