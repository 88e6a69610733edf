"""What a campaign is worth, against sums done by hand and against the bootstrap."""

import numpy as np
import pytest

from pipeline.errors import DataError
from pipeline.measures.campaign_value import break_even, expected_value, gain, offered, worth
from pipeline.measures.contact_list import reached
from pipeline.workspace.value_settings import ValueSettings

VALUE = ValueSettings(margin=500, offer_cost=50, acceptance=0.3)  # an offer to a churner brings 100, to a stayer -50


def scored_rows(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    p = random.beta(1, 2, rows)
    return (random.random(rows) < p).astype(int), p, np.clip(p + random.normal(0, 0.2, rows), 0, 1)


def test_an_offer_pays_from_the_break_even_on() -> None:
    assert break_even(VALUE) == pytest.approx(1 / 3)
    assert expected_value([1.0, 1 / 3, 0.0], VALUE) == pytest.approx([100.0, 0.0, -50.0])


def test_profit_is_a_percentage_of_the_maximum() -> None:
    y = [1, 1, 0, 0]
    assert worth(y, y, VALUE).percent == pytest.approx(100.0)
    assert worth(y, [0.9, 0.1, 0.8, 0.2], VALUE).percent == pytest.approx(25.0)  # one churner won, one stayer paid for: 50 of 200
    assert worth(y, [0.0, 0.0, 0.0, 0.0], VALUE).percent == 0.0


def test_a_gain_is_the_difference_of_two_worths() -> None:
    y, p, other = scored_rows(500, 1)
    assert gain(y, p, other, VALUE).percent == pytest.approx(worth(y, p, VALUE).percent - worth(y, other, VALUE).percent)
    assert gain(y, other, p, VALUE).percent == pytest.approx(-gain(y, p, other, VALUE).percent)


def test_scorings_with_the_same_offers_gain_nothing_for_certain() -> None:
    y, p, _ = scored_rows(500, 2)
    same = gain(y, np.where(p > 1 / 3, 1.0, 0.0), p, VALUE)
    assert (same.percent, same.error, same.z) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize("paired", [False, True])
def test_standard_errors_are_those_of_the_bootstrap(paired: bool) -> None:
    y, p, other = scored_rows(400, 3)
    random = np.random.default_rng(0)
    drawn = [random.integers(0, 400, 400) for _ in range(2000)]

    def measured(rows: np.ndarray) -> float:
        return (gain(y[rows], p[rows], other[rows], VALUE) if paired else worth(y[rows], p[rows], VALUE)).percent

    found = gain(y, p, other, VALUE) if paired else worth(y, p, VALUE)
    assert found.error == pytest.approx(np.std([measured(rows) for rows in drawn]), rel=0.1)


def test_offers_that_never_pay_earn_nothing() -> None:
    dear = ValueSettings(margin=100, offer_cost=50, acceptance=0.3)
    assert break_even(dear) > 1
    assert worth([1, 0], [1.0, 0.0], dear).percent == 0.0


def test_nobody_churned_is_said() -> None:
    with pytest.raises(DataError, match="None of the 2 customers churned"):
        worth([0, 0], [0.5, 0.5], VALUE)


def test_a_campaign_reaches_the_riskiest_its_capacity_allows() -> None:
    few = VALUE.model_copy(update={"capacity": 0.5})
    y = [1, 1, 1, 0]
    assert offered([0.9, 0.8, 0.7, 0.1], few).tolist() == [1.0, 1.0, 0.0, 0.0]
    assert worth(y, [0.9, 0.8, 0.7, 0.1], few).percent == pytest.approx(100.0)  # both whom it can reach would leave
    assert worth(y, [0.1, 0.8, 0.7, 0.9], few).percent == pytest.approx(25.0)  # one of them, and one offer for nothing: 50 of 200
    # Customers who stand for several take their part of the capacity.
    assert offered([0.9, 0.8, 0.7], few, [2.0, 1.0, 1.0]).tolist() == [1.0, 0.0, 0.0]


def test_another_level_gains_nothing_where_capacity_decides_who_is_reached() -> None:
    y, p, _ = scored_rows(500, 4)
    level = 0.5 + p / 2
    assert gain(y, level, p, VALUE).percent != 0.0
    assert gain(y, level, p, VALUE.model_copy(update={"capacity": 0.1})).percent == pytest.approx(0.0)


def test_the_error_under_a_capacity_is_that_of_the_bootstrap() -> None:
    y, p, other = scored_rows(400, 5)
    few, random = VALUE.model_copy(update={"capacity": 0.2}), np.random.default_rng(0)
    drawn = [random.integers(0, 400, 400) for _ in range(2000)]
    found = gain(y, p, other, few)
    assert found.error == pytest.approx(np.std([gain(y[rows], p[rows], other[rows], few).percent for rows in drawn]), rel=0.2)


def test_a_campaign_of_a_fixed_size_makes_no_offer_that_loses() -> None:
    few = VALUE.model_copy(update={"capacity": 0.8})
    p = np.array([0.9, 0.5, 0.3, 0.2, 0.1])
    assert offered(p, few).tolist() == [1, 1, 0, 0, 0]
    assert offered(p, few).tolist() == [float(one) for one in reached(expected_value(p, few).tolist(), 0.8)]
    assert worth([1, 0, 0, 0, 0], p, few).amount == pytest.approx((100 - 50) / 5)
