"""A fault begins where its rows become many, whatever stray row came before; rows that are broken all along begin nowhere."""

import numpy as np
import pytest

from pipeline.expectations.beginning import Hour, beginning


def hours(*shares: float, rows: int = 40) -> list[Hour]:
    counts = [round(share * rows) for share in shares]
    return [Hour(rows, broken, place * 3600.0 + 7 if broken else None) for place, broken in enumerate(counts)]


@pytest.mark.parametrize("share", [0.2, 0.5, 1.0])
def test_it_begins_with_the_first_broken_row_of_the_stretch_that_has_many(share: float) -> None:
    assert beginning(hours(*[0.0] * 30, *[share] * 10)) == 30 * 3600 + 7


def test_a_stray_row_before_is_not_where_it_began() -> None:
    assert beginning(hours(0, 0, 0.025, *[0] * 27, *[1.0] * 10)) == 30 * 3600 + 7


def test_what_was_repaired_began_all_the_same() -> None:
    assert beginning(hours(*[0.0] * 20, *[1.0] * 5, *[0.0] * 30)) == 20 * 3600 + 7


@pytest.mark.parametrize("shares", [[1.0] * 40, [0.1] * 40, [*[1.0] * 10, *[0.0] * 30], [0.0] * 39 + [0.05], [], [1.0]])
def test_rows_that_are_broken_from_the_start_or_are_too_few_begin_nowhere(shares: list[float]) -> None:
    assert beginning(hours(*shares)) is None


def test_chance_begins_nothing() -> None:
    random = np.random.default_rng(3)
    for share in (0.01, 0.1, 0.5):
        for _ in range(200):
            counts = random.binomial(40, share, 168)
            assert beginning([Hour(40, int(broken), place * 3600.0) for place, broken in enumerate(counts)]) is None
