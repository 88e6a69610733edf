import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import DataError
from pipeline.profiles.grid import CELLS, EvenGrid, Grid, PointGrid, even_grid
from pipeline.profiles.profile import Cells, NumericalProfile, Profile, Values, categorical_profile, cells_of, content_of, merge

POINTS = PointGrid(points=(-2.0, 0.0, 0.5, 7.0))
LINEAR = even_grid(-10.0, 30.0, 5.0, (1.0, 2.0, 8.0))
HEAVY = even_grid(-10.0, 1e6, 300.0, (1.0, 2.0, 8.0))
GRIDS = pytest.mark.parametrize("grid", [POINTS, LINEAR, HEAVY, PointGrid(points=()), PointGrid(points=(3.0,))], ids=str)

numbers = st.lists(st.one_of(st.sampled_from([-2.0, 0.0, 0.5, 7.0, 30.0]), st.floats(-1e9, 1e9)), max_size=30)
names = st.lists(st.sampled_from(["a", "b", "new", "newer", "newest; drop --", "größe"]), max_size=20)


def numerical(grid: Grid, values: list[float], nulls: int = 0) -> NumericalProfile:
    different, counts = np.unique(np.array(values, dtype=np.float64), return_counts=True)
    return NumericalProfile(
        name="x",
        nulls=nulls,
        grid=grid,
        content=content_of(grid, different, counts),
        minimum=min(values, default=None),
        maximum=max(values, default=None),
    )


def profile(grid: Grid, values: list[float], texts: list[str]) -> Profile:
    found = {text: texts.count(text) for text in texts}
    return Profile(
        rows=len(values),
        numerical=(numerical(grid, values),),
        categorical=(categorical_profile("c", ("a", "b"), found, nulls=0),),
        repeats=0,
    )


def assert_same(first: Profile, second: Profile) -> None:
    """Everything equal, but sums only as far as floats add up the same in another order."""
    assert first.categorical == second.categorical
    assert first.rows == second.rows
    for one, other in zip(first.numerical, second.numerical, strict=True):
        assert one.content.counts == other.content.counts
        assert (one.nulls, one.minimum, one.maximum) == (other.nulls, other.minimum, other.maximum)
        (_, sums), (_, other_sums) = cells_of(one), cells_of(other)
        assert sums == pytest.approx(other_sums, rel=1e-12, abs=1e-3)


@GRIDS
@settings(max_examples=20, deadline=None)
@given(first=numbers, second=numbers, texts=names, more_texts=names)
def test_the_profile_of_both_sets_of_rows_is_the_merge_of_their_profiles(
    grid: Grid, first: list[float], second: list[float], texts: list[str], more_texts: list[str]
) -> None:
    merged = merge(profile(grid, first, texts), profile(grid, second, more_texts))
    assert_same(merged, profile(grid, [*first, *second], [*texts, *more_texts]))


@GRIDS
@settings(max_examples=20, deadline=None)
@given(parts=st.tuples(numbers, numbers, numbers), texts=st.tuples(names, names, names))
def test_merging_does_not_care_for_order_or_brackets(grid: Grid, parts: tuple[list[float], ...], texts: tuple[list[str], ...]) -> None:
    a, b, c = (profile(grid, values, words) for values, words in zip(parts, texts, strict=True))
    assert merge(a, b) == merge(b, a)
    assert_same(merge(merge(a, b), c), merge(a, merge(b, c)))


def test_more_different_values_than_are_kept_fold_into_cells_whichever_way_they_arrive() -> None:
    first, second = [float(value) for value in range(800)], [float(value) + 0.5 for value in range(800)]
    a, b = profile(POINTS, first, []), profile(POINTS, second, [])
    assert isinstance(a.numerical[0].content, Values)
    merged, whole = merge(a, b), profile(POINTS, [*first, *second], [])
    assert isinstance(merged.numerical[0].content, Cells)
    assert_same(merged, whole)
    assert_same(merge(merged, a), profile(POINTS, [*first, *second, *first], []))


def test_too_many_new_categories_are_counted_together_whichever_way_they_arrive() -> None:
    first, second = [f"new {number}" for number in range(600)], [f"new {number}" for number in range(500, 1200)]
    a, b = (categorical_profile("c", ("a",), {"a": 2, **dict.fromkeys(words, 1)}, nulls=1) for words in (first, second))
    merged = merge(Profile(rows=603, numerical=(), categorical=(a,)), Profile(rows=703, numerical=(), categorical=(b,))).categorical[0]
    assert len(a.new) == 600
    assert merged.new == ()
    assert (merged.unnamed, merged.counts, merged.nulls) == (1300, (4,), 2)
    again = merge(Profile(rows=0, numerical=(), categorical=(merged,)), Profile(rows=0, numerical=(), categorical=(a,))).categorical[0]
    assert (again.new, again.unnamed) == ((), 1900)


@GRIDS
@settings(max_examples=50, deadline=None)
@given(values=st.lists(st.floats(-1e12, 1e12), min_size=1, max_size=50))
def test_every_value_lies_between_the_bounds_of_its_cell(grid: Grid, values: list[float]) -> None:
    x = np.array(values)
    places = grid.locate(x)
    low, high = grid.bounds(x.min(), x.max())
    assert len(low) == len(high) == grid.size
    assert (low[1:] == high[:-1]).all()
    slack = 1e-12 * np.abs(x).max()
    assert (low[places] - slack <= x).all()
    assert (x <= high[places] + slack).all()


def test_the_extremes_of_the_reference_lie_inside_the_range() -> None:
    for grid in (LINEAR, HEAVY):
        assert list(grid.locate(np.array([grid.minimum, grid.maximum]))) == [1, CELLS]
        assert list(grid.locate(np.array([grid.minimum - 1, grid.maximum * 1.1]))) == [0, CELLS + 1]


def test_a_range_of_many_quartile_distances_gets_a_logarithmic_scale_that_still_tells_the_middle_apart() -> None:
    assert isinstance(HEAVY, EvenGrid)
    assert HEAVY.unit == 7.0
    assert LINEAR.unit is None
    assert len(set(HEAVY.locate(np.array([0.0, 1.0, 2.0, 4.0, 8.0, 100.0, 1e5])))) == 7


def test_a_constant_middle_still_gets_a_scale() -> None:
    grid = even_grid(0.0, 1e6, 100.0, (0.0, 0.0, 0.0))
    assert grid.unit == 1.0
    assert len(set(grid.locate(np.array([0.0, 10.0, 1000.0, 1e6])))) == 4


def test_a_profile_survives_its_own_json() -> None:
    whole = profile(LINEAR, [0.1, 0.2, 1e9], ["a", "größe"])
    assert Profile.model_validate_json(whole.model_dump_json()) == whole


def test_profiles_of_different_references_do_not_merge() -> None:
    with pytest.raises(DataError, match="different references cannot be merged: x"):
        merge(profile(LINEAR, [1.0], []), profile(HEAVY, [1.0], []))
    with pytest.raises(DataError, match="different references"):
        merge(profile(LINEAR, [1.0], []), Profile(rows=0, numerical=(), categorical=()))


def test_an_empty_profile_is_neutral() -> None:
    some, none = profile(POINTS, [1.0, 2.0], ["a"]), profile(POINTS, [], [])
    assert merge(some, none) == some
