"""Measures by sums over sorted scores are what they are row by row."""

import numpy as np
import pytest
from sklearn.metrics import log_loss, roc_auc_score

from pipeline.diagnosis.attribution.scored_rows import PER, ScoredRows
from pipeline.measures.campaign_value import expected_value, offered
from pipeline.workspace.value_settings import ValueSettings

RNG = np.random.default_rng(3)
SCORES = np.round(RNG.random(400), 2)  # ties among them
Y = (RNG.random(400) < SCORES).astype(np.float64)
WEIGHTS = RNG.poisson(1.0, 400) + 0.5


@pytest.mark.parametrize("capacity", [1.0, 0.13])
def test_profit_is_that_of_the_campaign_on_the_rows_as_often_as_they_count(capacity: float) -> None:
    value = ValueSettings(margin=400, offer_cost=40, acceptance=0.3, capacity=capacity)
    earned = offered(SCORES, value, WEIGHTS) * expected_value(Y, value) * WEIGHTS
    assert ScoredRows(SCORES, value).measured("profit", WEIGHTS, Y) == pytest.approx(PER * earned.sum() / WEIGHTS.sum())


def test_ranking_and_log_loss_are_those_of_scikit_learn_with_both_outcomes_weighted() -> None:
    rows, p = ScoredRows(SCORES, ValueSettings()), RNG.random(400)
    both, twice = np.repeat([1, 0], 400), np.tile(SCORES, 2)
    weights = np.concatenate([WEIGHTS * p, WEIGHTS * (1 - p)])
    assert rows.measured("roc_auc", WEIGHTS, p) == pytest.approx(roc_auc_score(both, twice, sample_weight=weights))
    assert rows.measured("log_loss", WEIGHTS, p) == pytest.approx(
        log_loss(both, np.clip(twice, 1e-6, 1 - 1e-6), sample_weight=weights), rel=1e-3
    )


def test_the_error_of_a_profit_is_how_far_samples_of_the_rows_lie_apart() -> None:
    value = ValueSettings(margin=400, offer_cost=40, acceptance=0.3)
    rows, once = ScoredRows(SCORES, value), np.ones(400)
    drawn = [rows.measured("profit", RNG.poisson(1.0, 400).astype(np.float64), Y) for _ in range(300)]
    assert rows.profit_error(once, Y) == pytest.approx(np.std(drawn), rel=0.2)
