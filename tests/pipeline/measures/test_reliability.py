"""Reliability: every row is in one bin, bins are full and in order, and the probabilities of a calibrated model lie in the intervals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.errors import DataError
from pipeline.measures.measure import Reliability
from pipeline.measures.metrics import reliability


def outcomes(rows: int) -> NDArray[np.int8]:
    return (np.arange(rows) % 2).astype(np.int8)


def rows_of(found: Reliability) -> list[int]:
    return [one.rows for one in found.bins]


@given(st.integers(4, 400), st.integers(0, 2**32 - 1), st.sampled_from([0, 1, 2, 16]))
def test_bins_hold_every_row_once_and_rise_whatever_the_scores(rows: int, seed: int, digits: int) -> None:
    found = reliability(outcomes(rows), np.random.default_rng(seed).random(rows).round(digits))  # few digits make ties
    assert sum(rows_of(found)) == rows
    assert 1 <= len(found.bins) <= 10
    assert rows < 20 or min(rows_of(found)) >= 20
    means = [one.predicted for one in found.bins]
    assert means == sorted(set(means))
    assert all(0 <= one.low <= one.observed <= one.high <= 1 for one in found.bins)
    assert sum(round(one.observed * one.rows) for one in found.bins) == outcomes(rows).sum()


@pytest.mark.parametrize("rows", range(40, 400, 9))
def test_rounding_carries_no_mean_past_the_next_score(rows: int) -> None:
    next_score = float(np.nextafter(0.1, 1))
    found = reliability(outcomes(rows), np.where(outcomes(rows) == 1, next_score, 0.1))
    assert [one.predicted for one in found.bins] == [0.1, next_score]


@pytest.mark.parametrize("rows", range(20, 200, 9))
def test_a_bin_without_churners_or_of_churners_alone_holds_what_was_certain(rows: int) -> None:
    y = np.repeat([0, 1], rows)
    none, all_of_them = reliability(y, y).bins
    assert (none.low, none.observed, none.predicted) == (0, 0, 0)
    assert (all_of_them.high, all_of_them.observed, all_of_them.predicted) == (1, 1, 1)


def test_bins_are_equally_full_where_no_score_is_tied() -> None:
    p = np.random.default_rng(1).random(1_005)
    assert sorted(set(rows_of(reliability(outcomes(1_005), p)))) == [100, 101]


def test_few_rows_make_fewer_bins_and_equal_scores_one() -> None:
    p = np.linspace(0, 1, 65)
    assert rows_of(reliability(outcomes(65), p)) == [22, 22, 21]
    assert rows_of(reliability(outcomes(12), p[:12])) == [12]
    (one,) = reliability(outcomes(300), np.full(300, 0.1)).bins
    assert (one.rows, one.predicted, one.observed) == (300, 0.1, 0.5)


def test_a_tie_is_never_torn_apart_and_leaves_no_bin_of_its_leftovers() -> None:
    p = np.concatenate([np.linspace(0, 0.2, 30), np.full(155, 0.3), np.linspace(0.4, 0.9, 15)])
    found = reliability(outcomes(200), p)
    assert rows_of(found) == [20, 180]
    order = np.random.default_rng(2).permutation(200)
    assert reliability(outcomes(200)[order], p[order]) == found


def test_intervals_are_wilsons_and_hold_what_a_calibrated_model_predicts() -> None:
    random = np.random.default_rng(3)
    held = 0
    for _ in range(60):
        p = random.beta(1, 3, 1_000)
        found = reliability(random.random(1_000) < p, p)
        held += sum(one.low <= one.predicted <= one.high for one in found.bins)
    assert held / 600 >= 0.93
    # 8 of 20 at 95%: Wilson (1927) gives 0.219 to 0.613.
    first = reliability(np.repeat([1, 0, 1], [8, 12, 20]), np.repeat([0.2, 0.9], 20)).bins[0]
    assert (first.observed, first.low, first.high) == (0.4, pytest.approx(0.2188, abs=1e-4), pytest.approx(0.6134, abs=1e-4))


def test_a_model_that_is_too_sure_is_caught() -> None:
    random = np.random.default_rng(4)
    truth = random.uniform(0.3, 0.7, 2_000)
    found = reliability(random.random(2_000) < truth, np.where(truth > 0.5, 0.95, 0.05) + (truth - 0.5) / 10)
    assert not [one for one in found.bins if one.low <= one.predicted <= one.high]


@pytest.mark.parametrize("score", [np.nan, 1.5, -0.1])
def test_what_is_no_probability_is_refused(score: float) -> None:
    with pytest.raises(DataError, match="not a probability"):
        reliability(outcomes(40), np.full(40, score))
