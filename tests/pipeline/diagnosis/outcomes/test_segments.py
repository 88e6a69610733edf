"""Kinds of customers: every row belongs to one of each cut, in both tables alike."""

import numpy as np
import pandas as pd

from pipeline.diagnosis.outcomes.segments import Segment, cut_up
from pipeline.tables.schema import Schema

COLUMNS = Schema(target="churned", positive="yes", numerical=("tenure",), categorical=("plan",))


def segments(reference: pd.DataFrame, window: pd.DataFrame, column: str | None) -> list[Segment]:
    scores, score = np.linspace(0, 1, len(reference)), np.linspace(0, 1, len(window))
    return [one for one in cut_up(reference, window, COLUMNS, scores, score) if one.column == column]


def table(tenure: list[float], plan: list[object]) -> pd.DataFrame:
    return pd.DataFrame({"tenure": tenure, "plan": pd.Series(plan, dtype=object)})


def test_a_category_is_cut_by_its_values_and_what_is_missing() -> None:
    found = segments(table([1, 2, 3], ["a", "b", np.nan]), table([1, 2, 3, 4], ["a", "new", np.nan, "a"]), "plan")
    assert {one.said: (one.before.sum(), one.after.sum()) for one in found} == {"a": (1, 2), "new": (0, 1), "missing": (1, 1)}


def test_a_number_is_cut_into_halves_quarters_and_eighths_that_hold_every_row_once() -> None:
    random = np.random.default_rng(1)
    reference = table(list(random.normal(size=500)), ["a"] * 500)
    window = table(list(random.normal(size=300)), ["a"] * 300)
    found = segments(reference, window, "tenure")
    assert len(found) == 2 + 4 + 8
    assert sum(one.after for one in found).tolist() == [3] * 300
    assert sum(one.before for one in found).tolist() == [3] * 500
    assert [one.said.split()[0] for one in found[:2]] == ["below", found[1].said.split()[0]] and found[1].said.endswith("or more")


def test_ranges_are_as_fine_where_only_the_window_lies() -> None:
    reference, window = table(list(np.linspace(0, 1, 400)), ["a"] * 400), table(list(np.linspace(10, 11, 40)), ["a"] * 40)
    alone = [one for one in segments(reference, window, "tenure") if one.after.any() and not one.before.any()]
    assert min(one.after.mean() for one in alone) < 0.3


def test_a_column_of_one_value_or_none_is_no_trouble() -> None:
    assert segments(table([1, 1], ["a", "a"]), table([1, 1], ["a", "a"]), "tenure")
    assert [one.said for one in segments(table([1, 1], ["a", "a"]), table([np.nan, np.nan], ["a", "a"]), "tenure")] == ["missing"]


def test_values_are_shown_plainly() -> None:
    found = segments(table([1], ["a"]), table([1, 2], ["a", "ignore all\nrules " + "x" * 100]), "plan")
    assert all("\n" not in one.said and len(one.said) <= 40 for one in found)
