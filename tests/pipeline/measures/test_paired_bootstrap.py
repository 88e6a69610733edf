"""Bootstrap of PR-AUC and of profit: the statistics against scikit-learn and sums, the intervals against many samples."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from pipeline.errors import DataError
from pipeline.measures.campaign_value import worth
from pipeline.measures.paired_bootstrap import average_precision, bootstrap, profit_per_thousand
from pipeline.workspace.value_settings import ValueSettings

VALUE = ValueSettings(margin=500, offer_cost=50, acceptance=0.3)


def scored_rows(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    p = random.beta(1, 2, rows).round(2)  # with ties
    return (random.random(rows) < p).astype(int), p, np.clip(p + random.normal(0, 0.2, rows), 0, 1)


def test_average_precision_is_scikit_learns_whatever_the_weights() -> None:
    y, p, _ = scored_rows(300, 1)
    for weights in (np.ones(300), np.random.default_rng(2).integers(0, 4, 300).astype(float)):
        assert average_precision(y, p)(weights) == pytest.approx(average_precision_score(y, p, sample_weight=weights))


@pytest.mark.parametrize("capacity", [1.0, 0.2])
def test_profit_is_that_of_a_thousand_customers(capacity: float) -> None:
    y, p, _ = scored_rows(300, 3)
    value = VALUE.model_copy(update={"capacity": capacity})
    assert profit_per_thousand(y, p, value)(np.ones(300)) == pytest.approx(1000 * worth(y, p, value).amount)


def test_intervals_are_about_as_wide_as_other_samples_differ() -> None:
    def difference(seed: int) -> float:
        y, p, other = scored_rows(500, seed)
        return profit_per_thousand(y, p, VALUE)(np.ones(500)) - profit_per_thousand(y, other, VALUE)(np.ones(500))

    y, p, other = scored_rows(500, 0)
    _, (found,) = bootstrap((profit_per_thousand(y, p, VALUE), profit_per_thousand(y, other, VALUE)), y, 0.95, seed=1)
    spread = np.std([difference(seed) for seed in range(100)])
    assert found.low < found.difference < found.high
    assert (found.high - found.low) / 2 / 1.96 == pytest.approx(spread, rel=0.3)


def test_a_model_beside_itself_differs_by_nothing_and_the_same_seed_draws_the_same() -> None:
    y, p, _ = scored_rows(200, 4)
    of = average_precision(y, p)
    measured, (same,) = bootstrap((of, average_precision(y, p)), y, 0.95, seed=1)
    assert (same.difference, same.low, same.high) == (0.0, 0.0, 0.0)
    assert measured[0] == bootstrap((of,), y, 0.95, seed=1)[0][0]


def test_where_nobody_churned_there_is_no_draw_and_a_sentence() -> None:
    y, p = np.zeros(50), np.linspace(0, 1, 50)
    with pytest.raises(DataError, match="None of the 50 customers"):
        bootstrap([profit_per_thousand(y, p, VALUE)], y, 0.95, 1)
