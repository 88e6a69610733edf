"""Values written differently are matched where they can mean one thing only; what is in doubt is left open."""

import pytest

from pipeline.tables.value_matching import matched_values

CONTRACT = {"Month-to-month": 0.55, "One year": 0.21, "Two year": 0.24}
YES_NO = {"Yes": 0.6, "No": 0.4}
THREE = {"Yes": 0.4, "No": 0.4, "No internet service": 0.2}


@pytest.mark.parametrize(
    ("found", "reference", "meant"),
    [
        ({"Yes": 0.6, "No": 0.4}, YES_NO, {}),
        ({"YES": 0.3, "yes": 0.3, "no": 0.4}, YES_NO, {"YES": "Yes", "yes": "Yes", "no": "No"}),
        ({"Y": 0.6, "N": 0.4}, YES_NO, {"Y": "Yes", "N": "No"}),
        ({"True": 0.6, "False": 0.4}, YES_NO, {"True": "Yes", "False": "No"}),
        ({"1": 0.6, "0": 0.4}, YES_NO, {"1": "Yes", "0": "No"}),
        ({"Yes": 0.2, "No": 0.8}, {"1": 0.2, "0": 0.8}, {"Yes": "1", "No": "0"}),
        ({"1.0": 0.2, "0.0": 0.8}, {"1": 0.2, "0": 0.8}, {}),
        ({"M": 0.5, "F": 0.5}, {"Male": 0.5, "Female": 0.5}, {"M": "Male", "F": "Female"}),
        ({"month_to_month": 0.6, "one_year": 0.4}, CONTRACT, {"month_to_month": "Month-to-month", "one_year": "One year"}),
        ({"M2M": 0.55, "1 yr": 0.21, "2 yr": 0.24}, CONTRACT, {"1 yr": "One year", "2 yr": "Two year", "M2M": "Month-to-month"}),
        ({"fiber": 0.4, "dsl": 0.6}, {"Fiber optic": 0.4, "DSL": 0.6}, {"fiber": "Fiber optic", "dsl": "DSL"}),
        ({"Y": 0.4, "N": 0.4, "no_internet": 0.2}, THREE, {"Y": "Yes", "N": "No", "no_internet": "No internet service"}),
    ],
)
def test_a_value_is_matched_with_the_one_it_means(found: dict[str, float], reference: dict[str, float], meant: dict[str, str]) -> None:
    matched = matched_values(found, reference)
    assert matched.meant == meant
    assert matched.left_open == ()
    assert matched.overlap > 0.5


def test_codes_are_matched_by_frequency_where_that_can_be_in_one_way_and_it_is_said() -> None:
    apart = matched_values({"10": 0.7, "20": 0.2, "30": 0.1}, {"a": 0.71, "b": 0.17, "c": 0.12})
    assert (apart.meant, apart.evidence) == ({}, "alike"), "0.2 and 0.1 may be either"
    clear = matched_values({"10": 0.7, "20": 0.25, "30": 0.05}, {"a": 0.71, "b": 0.24, "c": 0.05})
    assert (clear.meant, clear.evidence) == ({"10": "a", "20": "b", "30": "c"}, "frequency")


@pytest.mark.parametrize(
    ("found", "reference"),
    [
        ({"1": 0.34, "2": 0.33, "3": 0.33}, CONTRACT),  # codes about as frequent as each other
        ({"T": 0.5, "C": 0.5}, {"Transfer": 0.3, "Transit": 0.3, "Cash": 0.2, "Card": 0.2}),  # each may be two
        ({"<1 year": 0.5, "30": 0.5}, {">1 year": 0.5, "<30": 0.5}),
        ({"x1": 0.5, "x2": 0.5}, {"north": 0.5, "south": 0.5}),
    ],
)
def test_what_may_mean_several_values_is_left_open(found: dict[str, float], reference: dict[str, float]) -> None:
    matched = matched_values(found, reference)
    assert matched.meant == {}
    assert set(matched.left_open) == set(found)


def test_a_new_value_beside_known_ones_is_left_open() -> None:
    assert matched_values({"Y": 0.5, "N": 0.3, "unknown": 0.2}, YES_NO).left_open == ("unknown",)
