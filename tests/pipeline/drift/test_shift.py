import numpy as np
import pandas as pd
import pytest
from scipy.stats import ks_2samp

from pipeline.drift.shift import CategoricalShift, NumericalShift, categorical_shift, numerical_shift
from tests.pipeline.small_profiles import categorical, numerical


def numbers(before: np.ndarray, after: np.ndarray) -> NumericalShift:
    reference = numerical("charges", pd.Series(before))
    return numerical_shift(reference, numerical("charges", pd.Series(after), reference.grid))


def categories(before: dict[str, int], after: dict[str, int]) -> CategoricalShift:
    reference = categorical("plan", pd.Series([name for name, count in before.items() for _ in range(count)]))
    return categorical_shift(
        reference, categorical("plan", pd.Series([name for name, count in after.items() for _ in range(count)]), reference.known)
    )


@pytest.mark.parametrize("rows", [800, 6000])  # told value by value, and in cells
def test_a_numerical_shift_is_told_in_the_columns_own_unit(rows: int) -> None:
    rng = np.random.default_rng(rows)
    before, after = rng.gamma(2, 30, rows), rng.gamma(2, 36, 500)
    shift = numbers(before, after)
    assert (shift.mean_before, shift.mean_after) == pytest.approx((before.mean(), after.mean()))
    cell = np.ptp(before) / 512
    assert (shift.median_before, shift.median_after) == pytest.approx((np.median(before), np.median(after)), abs=2 * cell)
    assert shift.share == pytest.approx(ks_2samp(before, after).statistic, abs=0.01)
    assert shift.direction == "up"
    assert shift.said.startswith(f"mean {before.mean():.4g} → {after.mean():.4g}, median ")


def test_direction_is_mixed_where_values_spread_without_moving() -> None:
    rng = np.random.default_rng(1)
    assert numbers(rng.normal(50, 5, 5000), rng.normal(50, 15, 1000)).direction == "mixed"
    assert numbers(rng.normal(50, 5, 5000), rng.normal(40, 5, 1000)).direction == "down"
    # The mean's move is 86% of the distance between these two.
    assert numbers(rng.normal(50, 5, 5000), rng.normal(54, 9, 5000)).direction == "up"
    assert numbers(np.array([0.0, 0, 1, 1]), np.array([0.0, 1, 1, 1])).direction == "up"
    assert numbers(np.arange(100.0), np.arange(100.0)).direction is None


def test_values_beyond_the_reference_count_with_what_they_are() -> None:
    before = np.random.default_rng(2).normal(50, 5, 5000)
    shift = numbers(before, before[:500] * 100)
    assert shift.mean_after == pytest.approx(before[:500].mean() * 100)
    assert shift.share == pytest.approx(1)


def test_the_category_that_moved_most_and_the_share_of_the_window_that_moved() -> None:
    shift = categories({"a": 500, "b": 300, "c": 200}, {"a": 100, "b": 80, "c": 20})
    assert shift.moved is not None
    assert (shift.moved.name, shift.moved.before, shift.moved.after) == ("b", 0.3, 0.4)
    assert shift.share == pytest.approx(0.1)
    assert shift.said == "“b” 30.0% → 40.0%"


def test_new_and_vanished_categories_are_named_with_their_shares() -> None:
    shift = categories({"a": 600, "gone": 400}, {"a": 150, "new": 50})
    assert [(move.name, move.before, move.after) for move in shift.new] == [("new", 0.0, 0.25)]
    assert [(move.name, move.before, move.after) for move in shift.vanished] == [("gone", 0.4, 0.0)]
    assert (shift.new_share, shift.vanished_share) == (0.25, 0.4)
    assert "new “new”: 25.0% of the window, vanished “gone”: 40.0% of the reference" in shift.said


def test_categories_of_fewer_than_ten_customers_are_counted_but_not_named() -> None:
    shift = categories({"a": 991, "Ms Doe": 9}, {"a": 190, "Mr Roe": 9, "x": 1})
    assert shift.new == () and shift.new_share == pytest.approx(0.05)
    assert "Roe" not in shift.model_dump_json() and "Doe" not in shift.model_dump_json()
    assert "new rare categories: 5.0% of the window" in shift.said


def test_a_rare_category_that_a_small_window_lacks_has_not_vanished() -> None:
    shift = categories({"a": 990, "rare": 10}, {"a": 200})
    assert (shift.vanished, shift.vanished_share) == ((), 0)


def test_a_vanished_category_of_few_customers_is_not_named_either() -> None:
    shift = categories({"a": 91, "Ms Doe": 9}, {"a": 1000})
    assert shift.vanished == () and shift.vanished_share == pytest.approx(0.09)
    assert "vanished rare categories: 9.0% of the reference" in shift.said


def test_where_all_are_rare_none_is_named() -> None:
    shift = categories({str(number): 1 for number in range(100)}, {str(number + 50): 1 for number in range(100)})
    assert shift.moved is None
    assert shift.said.startswith("only rare categories")


def test_at_most_five_new_categories_are_named_and_more_than_a_thousand_still_count() -> None:
    shift = categories({"a": 1000}, {"a": 100, **{f"n{number}": 20 - number for number in range(8)}})
    assert [move.name for move in shift.new] == ["n0", "n1", "n2", "n3", "n4"]
    many = categories({"a": 1000}, {"a": 1500, **{f"n{number}": 1 for number in range(1500)}})
    assert many.new_share == pytest.approx(0.5)
    assert many.share == pytest.approx(0.5)
