"""DeLong's covariance against its definition, against scikit-learn's AUC, and against a bootstrap."""

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from pipeline.measures.delong import delong

Outcome = NDArray[np.int8]
Scores = NDArray[np.float64]


def scored_rows(rows: int, seed: int) -> tuple[Outcome, Scores]:
    """Outcomes and two correlated score columns, rounded so that many scores tie."""
    random = np.random.default_rng(seed)
    y = (random.random(rows) < 0.3).astype(np.int8)
    shared = random.normal(size=rows)
    return y, np.stack([y + shared + random.normal(size=rows), 0.7 * y + shared + random.normal(size=rows)]).round(1)


def by_definition(y: Outcome, scores: Scores) -> tuple[Scores, Scores]:
    """DeLong, DeLong & Clarke-Pearson (1988): every churner against every stayer."""
    aucs, of_churners, of_stayers = [], [], []
    for column in scores:
        churners, stayers = column[y == 1][:, None], column[y == 0][None, :]
        wins = (churners > stayers) + 0.5 * (churners == stayers)
        aucs.append(wins.mean())
        of_churners.append(wins.mean(axis=1))
        of_stayers.append(wins.mean(axis=0))
    return np.array(aucs), np.cov(of_churners) / (y == 1).sum() + np.cov(of_stayers) / (y == 0).sum()


@pytest.mark.parametrize("seed", range(5))
def test_fast_version_is_the_definition_with_ties(seed: int) -> None:
    y, scores = scored_rows(150, seed)
    aucs, covariance = delong(y, scores)
    expected_aucs, expected_covariance = by_definition(y, scores)
    assert aucs == pytest.approx(expected_aucs, abs=1e-12)
    assert covariance == pytest.approx(expected_covariance, abs=1e-12)


def test_auc_is_that_of_scikit_learn() -> None:
    y, scores = scored_rows(400, 11)
    assert delong(y, scores)[0] == pytest.approx([roc_auc_score(y, column) for column in scores])


@pytest.mark.slow
def test_spread_of_auc_and_of_a_difference_is_that_of_a_bootstrap() -> None:
    y, scores = scored_rows(600, 3)
    random = np.random.default_rng(4)
    drawn = np.array([delong(y[rows], scores[:, rows])[0] for rows in random.integers(0, y.size, (1500, y.size))])
    _, covariance = delong(y, scores)
    assert np.sqrt(covariance[0, 0]) == pytest.approx(drawn[:, 0].std(), rel=0.08)
    difference = covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]
    assert np.sqrt(difference) == pytest.approx((drawn[:, 0] - drawn[:, 1]).std(), rel=0.08)


def test_perfect_separation_has_no_variance() -> None:
    aucs, covariance = delong(np.array([0, 0, 1, 1]), np.array([[0.1, 0.2, 0.8, 0.9]]))
    assert aucs[0] == 1.0
    assert covariance[0, 0] == 0.0


def test_a_row_of_weight_two_counts_like_two_rows_and_makes_the_area_less_sure() -> None:
    rng = np.random.default_rng(3)
    y, scores = rng.integers(0, 2, 200), rng.random((2, 200)).round(2)
    weights = rng.integers(1, 4, 200)
    areas, covariance = delong(y, scores, weights)
    twice, _ = delong(np.repeat(y, weights), np.repeat(scores, weights, axis=1))
    assert areas == pytest.approx(twice)
    alone, usual = delong(y, scores)
    assert covariance[0, 0] > usual[0, 0]
    assert delong(y, scores, np.full(200, 7.0))[0] == pytest.approx(alone)
    assert delong(y, scores, np.full(200, 7.0))[1] == pytest.approx(usual)
