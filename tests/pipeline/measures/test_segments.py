"""Kinds of customers that a new model ranks worse: a collapse is found, chance is not taken for one."""

from statistics import NormalDist

import numpy as np
import pytest

from pipeline.measures.measure import Comparison
from pipeline.measures.power import smallest_visible
from pipeline.measures.segments import SegmentLoss, Segments, compare_segments

ROWS = 2_000


def a_world(worse_in: str, share: float = 1.0) -> Segments:
    """Scores that are noise for this share of the customers with one plan; another column has twenty values that mean nothing."""
    draw = np.random.default_rng(3)
    plans, other = draw.choice(["A", "B", "C"], ROWS), draw.choice(list("abcdefghijklmnopqrst"), ROWS)
    good = draw.uniform(size=ROWS)
    churned = (draw.uniform(size=ROWS) < good).astype(int)
    scores = np.where((plans == worse_in) & (draw.uniform(size=ROWS) < share), draw.uniform(size=ROWS), good)
    return compare_segments(churned, scores, good, {"plan": plans.tolist(), "other": other.tolist()}, 0.95)


def test_a_segment_that_collapses_loses_more_than_any_threshold_allows() -> None:
    found = a_world("B")
    assert found.looked == 23
    assert next((one.column, one.value) for one in found.losing(0.05, 0.95)) == ("plan", "B")


def test_a_small_loss_is_a_loss_and_no_collapse() -> None:
    found = a_world("B", share=0.25)
    assert [one.value for one in found.losing(0.0, 0.95)] == ["B"]
    assert found.losing(0.2, 0.95) == ()


def test_of_many_segments_none_is_blamed_for_chance() -> None:
    """A hundred kinds that differ by chance alone: without a correction some would seem to lose."""
    draw = np.random.default_rng(5)
    errors = 0.02
    losses = [
        SegmentLoss(column="c", value=str(n), roc_auc=Comparison(difference=d, low=d - 0.04, high=d + 0.04, n=500), error=errors)
        for n, d in enumerate(sorted(draw.normal(0, errors, 100))[:20])
    ]
    alone = [one for one in losses if NormalDist().cdf(one.roc_auc.difference / errors) < 0.05]
    assert len(alone) >= 2
    assert Segments(looked=100, worse=tuple(losses)).losing(0.0, 0.95) == ()


def test_what_could_be_seen_is_seen_four_times_of_five() -> None:
    draws = np.random.default_rng(6).normal(0, 0.01, 4000)
    visible = smallest_visible(Comparison(difference=0.0, low=-0.0196, high=0.0196, n=900), 0.95)
    assert np.mean(draws + visible > 0.0196) == pytest.approx(0.8, abs=0.02)
