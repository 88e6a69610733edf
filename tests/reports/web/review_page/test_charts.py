"""The charts say what the numbers say: thresholds in the middle, shares that sum to one, intervals in their place."""

import math
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.measures.measure import Comparison
from pipeline.measures.metrics import reliability
from pipeline.measures.risk_tiers import tier_flow
from pipeline.profiles.distribution import Distribution, distribution
from pipeline.tables.schema import Schema
from reports.model_comparison import verdict
from reports.web.review_page.drift_bars import drift_bars
from reports.web.review_page.heat_map import heat_map
from reports.web.review_page.line_chart import ChartMark, Reading, Series, line_chart
from reports.web.review_page.measure_rows import measure_rows
from reports.web.review_page.reliability_plot import HEIGHT, WIDTH, reliability_plot
from reports.web.review_page.tier_bars import tier_bars
from tests.conftest import NOON
from tests.pipeline.small_profiles import profile_of
from tests.tools.desk import drift_of, training_result

SCHEMA = Schema(target="churn", positive="1", numerical=("amount",), categorical=("plan",))


@given(st.floats(1e-6, 100), st.floats(1e-3, 1))
def test_a_bar_passes_the_middle_just_where_the_feature_drifted(score: float, threshold: float) -> None:
    feature = drift_of(0.4, 900, "evaluate").features[0]
    feature = feature.model_copy(update={"score": score, "threshold": threshold, "drifted": score >= threshold})
    (bar,) = drift_bars(drift_of(0.4, 900, "evaluate").model_copy(update={"features": (feature,)}))
    assert 0 <= bar.width <= 100
    assert (bar.width >= 50) == bar.drifted == feature.drifted


def seen(feature: str, before: dict[str, list[object]], after: dict[str, list[object]]) -> Distribution | None:
    frames = [
        pd.DataFrame({"amount": pd.Series(part["amount"], dtype="float64"), "plan": pd.Series(part["plan"], dtype=object)})
        for part in (before, after)
    ]
    reference = profile_of(frames[0], SCHEMA)
    return distribution(feature, reference, profile_of(frames[1], SCHEMA, reference))


@pytest.mark.slow
@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60), st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=60))
def test_shares_of_a_number_sum_to_one_whatever_it_holds(before: list[float], after: list[float]) -> None:
    found = seen("amount", {"amount": [*before], "plan": ["a"] * len(before)}, {"amount": [*after], "plan": ["a"] * len(after)})
    assert found is not None
    for shares in ([part.reference for part in found.parts], [part.window for part in found.parts]):
        assert math.fsum(shares) == pytest.approx(1)
        assert min(shares) >= 0


def test_a_number_that_moved_is_seen_to_have_moved_and_one_far_value_flattens_nothing() -> None:
    random = np.random.default_rng(1)
    before, after = random.normal(0, 1, 2_000), np.append(random.normal(2, 1, 2_000), 1e9)
    found = seen("amount", {"amount": before.tolist(), "plan": ["a"] * 2_000}, {"amount": after.tolist(), "plan": ["a"] * 2_001})
    assert found is not None
    assert len(found.parts) > 10
    assert found.parts[-1].label.endswith(" and more")
    assert sum(part.reference > 0.01 for part in found.parts) > 5
    middle = np.arange(len(found.parts))
    assert sum(part.window * place for part, place in zip(found.parts, middle, strict=True)) > 2 + sum(
        part.reference * place for part, place in zip(found.parts, middle, strict=True)
    )


def test_a_constant_that_another_took_the_place_of_is_told_apart() -> None:
    before, after = {"amount": [5.0] * 20, "plan": ["a"] * 20}, {"amount": [7.0] * 15 + [5.0] * 5, "plan": ["a"] * 20}
    found = seen("amount", before, after)
    assert found is not None
    assert [(part.reference, part.window) for part in found.parts] == [(1.0, 0.25), (0.0, 0.75)]


def test_categories_are_named_commonest_first_and_rare_ones_never() -> None:
    before = {"plan": ["a"] * 50 + ["b"] * 30 + ["rare"] * 3 + [None] * 17, "amount": [0.0] * 100}
    after = {"plan": ["new"] * 60 + ["a"] * 40, "amount": [0.0] * 100}
    found = seen("plan", before, after)
    assert found is not None
    assert [part.label for part in found.parts] == ["a", "new", "b", "(others)"]
    assert (found.parts[1].reference, found.parts[1].window) == (0.0, 0.6)
    assert (found.missing.reference, found.missing.window) == (0.17, 0.0)
    assert seen("plan", before, {"plan": [None] * 9, "amount": [0.0] * 9}) is None


def test_marks_lie_within_the_axis_in_the_order_of_their_values() -> None:
    rows = measure_rows(training_result(passed=True))
    auc = rows[0]
    assert auc.champion is not None and auc.challenger.low is not None and auc.challenger.high is not None
    assert 0 < auc.challenger.low < auc.challenger.at < auc.challenger.high < 100
    assert auc.champion.at < auc.challenger.at
    assert (auc.challenger.value, auc.challenger.interval) == ("0.712", "0.672–0.752")
    alone = measure_rows(training_result(passed=True).model_copy(update={"champion_metrics": None}))
    assert {row.champion for row in alone} == {None}


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=50))
def test_tiers_fill_their_bar(scores: list[tuple[float, float]]) -> None:
    bars = tier_bars(tier_flow([one for one, _ in scores], [other for _, other in scores]))
    assert list(bars) == ["champion", "challenger"]
    for segments in bars.values():
        assert sum(segment.customers for segment in segments) == len(scores)
        assert sum(segment.width for segment in segments) == pytest.approx(100, abs=0.1)


@given(st.floats(0.001, 1), st.integers(0, 1_000))
def test_points_of_the_calibration_plot_lie_within_it_and_on_the_diagonal_where_they_came_true(most: float, seed: int) -> None:
    random = np.random.default_rng(seed)
    p = random.uniform(0, most, 300)
    y = random.random(300) < p
    y[:2], y[2:4] = True, False
    update = {"reliability": reliability(y, p), "champion_reliability": reliability(y, np.full(300, y.mean()))}
    plot = reliability_plot(training_result(passed=True).model_copy(update=update))
    assert plot is not None
    champion, challenger = plot.curves
    assert plot.end in range(10, 101, 10)
    assert [curve.model for curve in plot.curves] == ["champion", "challenger"]
    for point in (*champion.points, *challenger.points):
        assert 0 <= point.x <= WIDTH
        assert 0 <= point.high <= point.y <= point.low <= HEIGHT
    (mean,) = champion.points
    assert mean.y == pytest.approx(HEIGHT * (1 - mean.x / WIDTH), abs=0.1)
    assert champion.hits == 1


def test_the_calibration_plot_needs_a_record_but_no_champion() -> None:
    result = training_result(passed=True)
    assert reliability_plot(result) is None
    alone = reliability_plot(result.model_copy(update={"reliability": reliability([0, 1] * 20, np.full(40, 0.9))}))
    assert alone is not None
    assert [(curve.model, curve.hits) for curve in alone.curves] == [("challenger", 0)]


def test_a_line_goes_up_with_its_figures_and_its_interval_lies_around_it() -> None:
    readings = tuple(
        Reading(NOON + timedelta(days=day), value, value - 0.01, value + 0.02) for day, value in ((0, 0.80), (1, 0.78), (4, 0.70))
    )
    marks = (ChartMark(NOON + timedelta(days=2), "version 2"), ChartMark(NOON - timedelta(days=9), "version 1"))
    chart = line_chart("ROC-AUC", (Series("measured", "measured", readings), Series("expected", "expected", ())), ".2f", marks)
    assert chart is not None
    (line,) = chart.lines
    assert [point.x for point in line.points] == [0, 160, 640]
    assert [point.y for point in line.points] == sorted(point.y for point in line.points)
    assert (chart.top, chart.bottom, line.newest) == ("0.82", "0.69", "0.70")
    assert line.points[2].said == "2026-11-25 12:00: 0.70 (0.69 to 0.72)"
    assert [(mark.x, mark.said) for mark in chart.marks] == [(320, "2026-11-23: version 2")]
    assert line.band.startswith("M0.0 0.0L") and line.band.endswith("Z")
    assert chart.said == "ROC-AUC, 2026-11-21 to 2026-11-25, from 0.69 to 0.82. Newest: measured 0.70."


@given(st.lists(st.tuples(st.integers(0, 400), st.floats(-1e6, 1e6)), min_size=1, max_size=9))
def test_every_point_lies_on_the_chart(told: list[tuple[int, float]]) -> None:
    readings = tuple(Reading(NOON + timedelta(days=day), value) for day, value in sorted(told))
    chart = line_chart("x", (Series("x", "measured", readings),), ".1f")
    assert chart is not None
    assert all(0 <= point.x <= 640 and 0 <= point.y <= 150 for point in chart.lines[0].points)


def test_nothing_measured_is_no_chart() -> None:
    assert line_chart("x", (Series("x", "measured", ()),), ".1f") is None
    assert heat_map([(NOON, {})]) is None


def test_what_drifted_most_stands_first_on_the_map_and_a_feature_that_came_later_has_its_place() -> None:
    map_ = heat_map([(NOON, {"plan": 0.2, "amount": 1.2}), (NOON + timedelta(days=1), {"plan": 0.4, "amount": 6.0, "late": 0.9})])
    assert map_ is not None
    assert [row.name for row in map_.rows] == ["amount", "late", "plan"]
    assert [[cell.level for cell in row.cells] for row in map_.rows] == [[2, 4], [1], [0, 0]]
    assert map_.rows[1].cells[0].x == 50
    assert map_.rows[0].said == "amount: newest 6 times the threshold, drifted in 2 of 2 looks"
    many = heat_map([(NOON, {f"f{place}": float(place) for place in range(20)})])
    assert many is not None and (len(many.rows), many.left_out) == (15, 5)


@pytest.mark.parametrize(
    ("low", "high", "better_above", "said"),
    [
        (0.1, 0.2, True, "better"),
        (-0.2, -0.1, True, "worse"),
        (-0.1, 0.1, True, "no clear difference"),
        (-0.2, -0.1, False, "better"),
        (0.1, 0.2, False, "worse"),
    ],
)
def test_a_difference_is_called_by_its_whole_interval(low: float, high: float, better_above: bool, said: str) -> None:
    assert verdict(Comparison(difference=(low + high) / 2, low=low, high=high, n=9), better_above=better_above) == said
