"""Metrics and comparison: values a reader can work out by hand, intervals that mean what they say."""

import numpy as np
import pytest

from pipeline.errors import DataError
from pipeline.measures.metrics import calibration_error, compare, measure

Y = np.array([1, 1, 1, 0, 0, 0, 0, 0], dtype=np.int8)
P = np.array([0.9, 0.6, 0.2, 0.7, 0.4, 0.3, 0.1, 0.1])


def test_label_metrics_use_the_threshold_and_say_their_rows() -> None:
    found = measure(Y, P, threshold=0.5, confidence=0.95)
    assert (found.n, found.churners, found.threshold) == (8, 3, 0.5)
    assert (found.accuracy.value, found.accuracy.n) == (6 / 8, 8)
    assert (found.precision.value, found.precision.n) == (pytest.approx(2 / 3), 3)
    assert (found.recall.value, found.recall.n) == (pytest.approx(2 / 3), 3)
    assert found.f1.value == pytest.approx(2 / 3)
    assert measure(Y, P, threshold=0.2, confidence=0.95).recall.value == 1.0


def test_a_score_equal_to_the_threshold_is_churn() -> None:
    assert measure(Y, P, threshold=0.6, confidence=0.95).recall.value == pytest.approx(2 / 3)


def test_probability_metrics() -> None:
    found = measure(Y, P, threshold=0.5, confidence=0.95)
    assert found.roc_auc.value == pytest.approx(11 / 15)
    assert found.brier.value == pytest.approx(np.mean((P - Y) ** 2))
    assert found.log_loss.value == pytest.approx(-np.mean(np.log(np.where(Y == 1, P, 1 - P))))
    assert found.pr_auc.value == pytest.approx((1 + 2 / 3 + 3 / 6) / 3)


def test_proportions_carry_wilsons_interval() -> None:
    # 8 of 10 at 95%: Wilson (1927) gives 0.490 to 0.943.
    y = np.array([1] * 5 + [0] * 5, dtype=np.int8)
    p = np.array([0.9] * 4 + [0.1] + [0.1] * 4 + [0.9])
    accuracy = measure(y, p, threshold=0.5, confidence=0.95).accuracy
    assert (accuracy.low, accuracy.high) == (pytest.approx(0.4902, abs=1e-4), pytest.approx(0.9433, abs=1e-4))


def test_precision_without_a_predicted_churner_is_zero_of_none() -> None:
    precision = measure(Y, P, threshold=0.95, confidence=0.95).precision
    assert (precision.value, precision.n, precision.low, precision.high) == (0.0, 0, 0.0, 1.0)


@pytest.mark.slow
def test_auc_interval_covers_the_truth_as_often_as_it_says() -> None:
    random = np.random.default_rng(1)
    truth = 0.7602  # P(N(1, 1) > N(0, 1))
    hits = 0
    for _ in range(300):
        y = (np.arange(200) < 60).astype(np.int8)
        auc = measure(y, 1 / (1 + np.exp(-(y + random.normal(size=200)))), 0.5, 0.9).roc_auc
        assert auc.low is not None
        assert auc.high is not None
        hits += auc.low <= truth <= auc.high
    assert 0.86 <= hits / 300 <= 0.94


def test_calibration_error_is_the_mean_gap_over_ten_equal_bins() -> None:
    p = np.repeat(np.linspace(0.05, 0.95, 10), 20)
    calibrated = np.concatenate([np.arange(20) < round(20 * share) for share in np.linspace(0.05, 0.95, 10)]).astype(np.int8)
    assert calibration_error(calibrated, p) == pytest.approx(0, abs=1e-12)
    assert calibration_error(calibrated, np.clip(p + 0.04, 0, 1)) == pytest.approx(0.04, abs=1e-12)


def test_calibration_error_does_not_depend_on_the_order_of_rows() -> None:
    random = np.random.default_rng(2)
    p = random.choice([0.2, 0.4, 0.6], 100)
    y = (random.random(100) < p).astype(np.int8)
    order = random.permutation(100)
    assert calibration_error(y[order], p[order]) == pytest.approx(calibration_error(y, p))


def test_a_paired_comparison_sees_what_unpaired_intervals_hide() -> None:
    random = np.random.default_rng(5)
    y = (random.random(1000) < 0.3).astype(np.int8)
    shared = y + random.normal(size=1000)
    champion = 1 / (1 + np.exp(-(shared + random.normal(scale=0.6, size=1000))))
    candidate = 1 / (1 + np.exp(-shared))
    found = compare(y, candidate, champion, 0.95)
    a, b = measure(y, candidate, 0.5, 0.95).roc_auc, measure(y, champion, 0.5, 0.95).roc_auc
    assert found.difference == pytest.approx(a.value - b.value)
    assert found.n == 1000
    assert found.low > 0
    assert a.low is not None
    assert b.high is not None
    assert a.low < b.high


def test_comparison_has_the_sign_of_candidate_minus_champion() -> None:
    one_way, other_way = compare(Y, P, 1 - P, 0.95), compare(Y, 1 - P, P, 0.95)
    assert one_way.difference == pytest.approx(-other_way.difference)
    assert one_way.difference > 0
    assert one_way.low == pytest.approx(-other_way.high)


def test_a_model_is_no_better_than_itself() -> None:
    found = compare(Y, P, P, 0.95)
    assert (found.difference, found.low, found.high) == (0, 0, 0)


@pytest.mark.parametrize("churners", [0, 1, 7, 8])
def test_rows_of_one_outcome_cannot_judge(churners: int) -> None:
    y = (np.arange(8) < churners).astype(np.int8)
    with pytest.raises(DataError, match=f"Of the 8 rows that judge the model {churners} churned"):
        measure(y, P, 0.5, 0.95)
    with pytest.raises(DataError, match="at least two of each outcome"):
        compare(y, P, P, 0.95)


@pytest.mark.parametrize("broken", [np.nan, np.inf, -0.1, 1.5])
def test_a_score_that_is_no_probability_is_refused(broken: float) -> None:
    p = P.copy()
    p[0] = broken
    with pytest.raises(DataError, match="not a probability"):
        measure(Y, p, 0.5, 0.95)
    with pytest.raises(DataError, match="not a probability"):
        compare(Y, P, p, 0.95)


def test_a_row_that_stands_for_more_counts_like_as_many_rows_but_is_no_surer() -> None:
    rng = np.random.default_rng(8)
    y, weights = (rng.random(400) < 0.3).astype(int), rng.integers(1, 6, 400)
    p, other = (np.clip(0.2 + 0.3 * y + rng.normal(0, 0.2, 400), 0, 1).round(2) for _ in range(2))
    found, alone = measure(y, p, 0.4, 0.95, weights), measure(y, p, 0.4, 0.95)
    repeated = measure(np.repeat(y, weights), np.repeat(p, weights), 0.4, 0.95)
    for name in ("roc_auc", "pr_auc", "accuracy", "f1", "precision", "recall", "log_loss", "brier"):
        assert getattr(found, name).value == pytest.approx(getattr(repeated, name).value), name
    for name in ("roc_auc", "accuracy", "recall"):
        one, usual = getattr(found, name), getattr(alone, name)
        assert one.n == usual.n and one.high - one.low > usual.high - usual.low, name
    assert compare(y, p, other, 0.95, weights).difference == pytest.approx(
        compare(np.repeat(y, weights), np.repeat(p, weights), np.repeat(other, weights), 0.95).difference
    )


def test_hold_outs_that_stand_for_the_contacted_bring_back_the_auc_of_everybody() -> None:
    inside = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        p = rng.beta(0.8, 2.2, 4_000)
        y = (rng.random(4_000) < p).astype(int)
        kept = (p < 0.4) | (rng.random(4_000) < 0.1)
        found = measure(y[kept], p[kept], 0.5, 0.95, np.where(p[kept] < 0.4, 1.0, 10.0)).roc_auc
        inside.append(found.low <= measure(y, p, 0.5, 0.95).roc_auc.value <= found.high)
    assert np.mean(inside) > 0.9
