"""The charts say what the numbers say: thresholds in the middle, shares that sum to one, intervals in their place."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.measures.measure import Comparison
from pipeline.measures.metrics import reliability
from pipeline.measures.risk_tiers import tier_flow
from pipeline.tables.schema import Schema
from pipeline.workspace.policy import Bands
from reports.model_comparison import verdict
from reports.web.review_page.distribution import Distribution, distribution
from reports.web.review_page.drift_bars import drift_bars
from reports.web.review_page.history import drift_over_time
from reports.web.review_page.measure_rows import measure_rows
from reports.web.review_page.reliability_plot import HEIGHT, WIDTH, reliability_plot
from reports.web.review_page.tier_bars import tier_bars
from tests.pipeline.small_profiles import profile_of
from tests.reports.record import a_case
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


def test_drift_over_time_is_oldest_first_and_higher_where_there_is_more() -> None:
    bands = Bands(monitor_below=0.2, retrain_above=0.4)
    cases = [a_case(share, drift=drift_of(share, 900, "monitor")) for share in (0.5, None, 0.3, 0.1)]
    chart = drift_over_time(cases, bands)
    assert chart is not None
    heights = [point.y for point in chart.points]
    assert heights == sorted(heights, reverse=True)
    assert heights[0] > chart.evaluate_height > heights[1] > chart.retrain_height > heights[2]
    assert chart.newest == 0.5
    assert drift_over_time([a_case(None, drift=None)], bands) is None


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
