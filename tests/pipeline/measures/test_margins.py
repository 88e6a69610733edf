"""Margins between two scorings of the same rows: losses and profit, paired, with intervals that hold."""

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss, log_loss

from pipeline.measures.margins import measure_margins
from pipeline.workspace.value_settings import ValueSettings

VALUE = ValueSettings()


def world(rows: int, seed: int, shift: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Outcomes, the true probabilities, and the same off by `shift` in log-odds."""
    random = np.random.default_rng(seed)
    odds = random.normal(-1, 1.2, rows)
    p, off = (1 / (1 + np.exp(-odds - by)) for by in (0.0, shift))
    return (random.random(rows) < p).astype(np.int8), p, off


def test_the_differences_are_those_of_the_losses() -> None:
    y, p, off = world(500, 1, 0.8)
    found = measure_margins(y, p, off, VALUE, 0.95)
    assert found.log_loss.difference == pytest.approx(log_loss(y, p) - log_loss(y, off))
    assert found.brier.difference == pytest.approx(brier_score_loss(y, p) - brier_score_loss(y, off))
    assert found.log_loss.n == found.profit.n == 500


def test_better_is_below_zero_for_losses_and_above_it_for_profit() -> None:
    y, p, off = world(20_000, 2, 1.5)
    found, turned = measure_margins(y, p, off, VALUE, 0.95), measure_margins(y, off, p, VALUE, 0.95)
    assert found.log_loss.high < 0
    assert found.brier.high < 0
    assert found.profit.low > 0
    assert turned.log_loss.difference == pytest.approx(-found.log_loss.difference)


def test_of_equal_scores_nothing_differs() -> None:
    y, p, _ = world(200, 3, 0.0)
    found = measure_margins(y, p, p, VALUE, 0.95)
    assert all((margin.difference, margin.low, margin.high) == (0, 0, 0) for _, margin in found)


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    y, p, off = world(400_000, 4, 0.5)
    truth = measure_margins(y, p, off, VALUE, 0.9).log_loss.difference
    found = [measure_margins(*world(300, seed, 0.5), VALUE, 0.9).log_loss for seed in range(300)]
    covered = np.mean([margin.low <= truth <= margin.high for margin in found])
    assert 0.85 < covered < 0.95


def test_weights_count_rows_as_often_as_they_say() -> None:
    y, p, off = world(500, 5, 0.5)
    weights = np.random.default_rng(5).integers(1, 5, 500)
    found, repeated = (
        measure_margins(y, p, off, VALUE, 0.95, weights),
        measure_margins(*(np.repeat(one, weights) for one in (y, p, off)), VALUE, 0.95),
    )
    for name in ("log_loss", "brier", "profit"):
        one, other = getattr(found, name), getattr(repeated, name)
        assert one.difference == pytest.approx(other.difference)
        assert one.high - one.low > other.high - other.low
