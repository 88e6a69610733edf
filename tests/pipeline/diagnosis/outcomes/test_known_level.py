"""The reference of a recalibrated champion is brought to its level, and keeps what customers of one kind do beside another."""

import numpy as np
import pytest

from pipeline.diagnosis.outcomes.calibration_line import fit_line, from_log_odds, log_odds
from pipeline.diagnosis.outcomes.known_level import outcomes_at_level_of

RNG = np.random.default_rng(3)
X = RNG.normal(-1.0, 1.5, 40_000)
Y = (RNG.random(X.size) < from_log_odds(X)).astype(np.int8)


@pytest.mark.parametrize(("intercept", "slope"), [(1.0, 1.0), (-1.0, 1.0), (0.5, 0.6)])
def test_the_probabilities_are_right_about_them(intercept: float, slope: float) -> None:
    p = from_log_odds(intercept + slope * X)
    line = fit_line(log_odds(p), outcomes_at_level_of(p, Y, 0).astype(float))
    assert (line.intercept, line.slope) == (pytest.approx(0, abs=0.06), pytest.approx(1, abs=0.06))


def test_probabilities_that_are_right_turn_hardly_any_round() -> None:
    assert (outcomes_at_level_of(from_log_odds(X), Y, 0) != Y).mean() < 0.01


def test_a_kind_of_customers_that_the_scores_do_not_know_stays_apart() -> None:
    kind = RNG.random(X.size) < 0.5
    y = (RNG.random(X.size) < from_log_odds(X + np.where(kind, 0.8, -0.8))).astype(np.int8)
    moved = outcomes_at_level_of(from_log_odds(X + 1.0), y, 0)
    assert moved[kind].mean() > moved[~kind].mean() + 0.1


def test_one_outcome_stays_one() -> None:
    assert outcomes_at_level_of(np.full(5, 0.3), np.zeros(5, dtype=np.int8), 0).tolist() == [0] * 5
