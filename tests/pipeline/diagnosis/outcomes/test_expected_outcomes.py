"""What outcomes to expect: against definitions, against scikit-learn, and against many draws of a world that did not change."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from pipeline.diagnosis.outcomes.calibration_line import at_level, fit_line, log_odds
from pipeline.diagnosis.outcomes.expected_outcomes import auc_expected_by, expected_outcomes, one_row_each
from pipeline.errors import DataError
from tests.pipeline.known_windows import known_window
from tests.pipeline.small_tables import small_table


def test_the_expected_auc_is_that_of_outcomes_drawn_from_the_scores() -> None:
    random = np.random.default_rng(1)
    p = random.beta(1, 2, 40).round(1)  # with ties
    n = p.size
    pairs = [(p[i] * (1 - p[j]), 1.0 if p[i] > p[j] else 0.5 if p[i] == p[j] else 0.0) for i in range(n) for j in range(n) if i != j]
    weights, wins = np.array(pairs).T
    assert auc_expected_by(p) == pytest.approx(float(weights @ wins / weights.sum()))


def test_a_line_is_the_logistic_regression_of_scikit_learn() -> None:
    random = np.random.default_rng(2)
    x = random.normal(size=400)
    y = (random.random(400) < 1 / (1 + np.exp(-(0.5 - 1.2 * x)))).astype(float)
    line, theirs = fit_line(x, y), LogisticRegression(C=np.inf).fit(x[:, None], y)
    assert (line.intercept, line.slope) == pytest.approx((theirs.intercept_[0], theirs.coef_[0, 0]), abs=1e-3)


def test_outcomes_that_a_line_separates_keep_it_finite() -> None:
    assert np.isfinite(fit_line(np.array([-2.0, -1.0, 1.0, 2.0]), np.array([0.0, 0.0, 1.0, 1.0])).slope)


def test_one_outcome_alone_makes_no_line() -> None:
    with pytest.raises(DataError, match="All known outcomes are the same"):
        fit_line(np.array([1.0, 2.0]), np.zeros(2))


def test_at_level_expects_as_many_churners_as_there_are() -> None:
    p, y = np.array([0.1, 0.2, 0.6, 0.9]), np.array([1.0, 1.0, 1.0, 0.0])
    moved = at_level(p, y)
    assert moved.sum() == pytest.approx(3.0)
    assert np.ptp(log_odds(moved) - log_odds(p)) == pytest.approx(0.0, abs=1e-9)


def test_the_level_of_an_unchanged_world_lies_as_far_off_as_its_standard_error_says() -> None:
    window = known_window(small_table(1500, 50))
    random = np.random.default_rng(3)
    # The champion is exactly right and both tables are drawn anew: so both sampling errors show.
    found = []
    for _ in range(100):
        before = random.random(len(window.reference)) < window.reference_scores
        now = pd.Series((random.random(1500) < window.labelled_scores).astype(int))
        drawn = replace(window, reference=window.reference.assign(churned=before), labelled=replace(window.labelled, churned=now))
        missed, error = expected_outcomes(drawn).level()
        found.append(missed / error)
    assert np.mean(found) == pytest.approx(0.0, abs=0.3)
    assert np.std(found) == pytest.approx(1.0, abs=0.2)


def test_a_customer_scored_on_many_days_counts_once() -> None:
    window = known_window(small_table(700, 5, customers=100))
    drawn = one_row_each(window)
    assert len(drawn.labelled.churned) == 100 and drawn.labelled.ids is not None and drawn.labelled.ids.is_unique
    assert drawn.labelled_scores == pytest.approx(window.labelled_scores[drawn.labelled.churned.index])
    assert drawn.labelled.times is not None and drawn.labelled.times.is_monotonic_increasing


def test_rows_without_an_id_are_customers_of_their_own() -> None:
    nameless = small_table(80, 6).assign(customer=np.nan)
    assert len(one_row_each(known_window(nameless)).labelled.churned) == 80


def test_no_more_rows_are_drawn_than_asked_for() -> None:
    assert len(one_row_each(known_window(small_table(80, 6)), 30).labelled.churned) == 30
