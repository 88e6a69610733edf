"""Who comes in a week: as often as the change asks, rounded down or up, and on one day."""

import numpy as np
import pandas as pd
import pytest

from pipeline.errors import DataError
from pipeline.tables.schema import Schema
from pipeline.worlds.change import Change, Numbers, labelled
from pipeline.worlds.drawn_week import DAYS, DrawnWeek, draw_week, most_at_once
from pipeline.worlds.scenarios import DAY

COLUMNS = Schema(target="churned", positive="1", numerical=("number",))
CROWD = labelled(pd.DataFrame({"number": np.arange(100.0), "churned": (np.arange(100) % 3 == 0).astype("int8")}), COLUMNS)


def week(rows: int, change: Change | None = None, seed: int = 3) -> DrawnWeek:
    return draw_week(change or Change(), CROWD, rows, np.random.default_rng(seed))


def times_each_came(drawn: DrawnWeek) -> np.ndarray:
    return np.bincount(drawn.customers, minlength=len(CROWD.frame))


@pytest.mark.parametrize(("rows", "least", "most"), [(1, 0, 1), (60, 0, 1), (100, 1, 1), (130, 1, 2), (950, 9, 10)])
@pytest.mark.parametrize("seed", range(5))
def test_nobody_comes_twice_before_everybody_came(rows: int, least: int, most: int, seed: int) -> None:
    drawn = week(rows, seed=seed)
    came = times_each_came(drawn)
    assert (came.sum(), came.min(), came.max()) == (rows, least, most)
    assert drawn.drawn_again == max(0, rows - 100)


def threefold(frame: pd.DataFrame, _: Numbers) -> Numbers:
    return np.where(frame["number"] < 20, 3.0, 1.0)


@pytest.mark.parametrize("rows", [20, 40, 400])
def test_a_change_gets_the_shares_it_asks_for_in_rows_and_in_customers(rows: int) -> None:
    # 60 of 140 parts of the weight lie on the first twenty.
    drawn = week(rows, Change(weigh=threefold))
    assert abs((drawn.customers < 20).mean() - 60 / 140) < 0.06
    assert abs((np.unique(drawn.customers) < 20).mean() - 60 / 140) < 0.06
    assert drawn.drawn_again == max(0, rows - most_at_once(CHOSEN))


CHOSEN = threefold(CROWD.frame, CROWD.expected)


def test_as_many_different_customers_fit_as_leave_a_change_its_shares() -> None:
    assert most_at_once(np.ones(100)) == 100
    # All of the twenty come with certainty from 47 on; 20 + 80 * 49 / 140 of 49 are 98%.
    assert 47 <= most_at_once(CHOSEN) < 60
    assert most_at_once(np.array([1.0, *[1e-9] * 99])) == 1


def test_who_is_drawn_depends_on_the_seed() -> None:
    first, again, other = (set(week(50, seed=seed).customers) for seed in (3, 3, 4))
    assert first == again != other


def test_a_customer_has_one_day_and_one_outcome() -> None:
    drawn = week(700, Change(behave=lambda frame, expected: np.full(len(frame), 0.5)))
    frame = drawn.frame.assign(customer=drawn.customers)
    assert (frame.groupby("customer")[[DAY, "churned"]].nunique() == 1).all(axis=None)
    assert 0.35 < frame["churned"].mean() < 0.65
    assert frame[DAY].value_counts().between(93, 107).all()
    assert frame[DAY].nunique() == DAYS


def test_fewer_customers_than_days_are_refused() -> None:
    few = labelled(CROWD.frame.head(6), COLUMNS)
    with pytest.raises(DataError, match="6 customers cannot be spread over 7 days"):
        draw_week(Change(), few, 10, np.random.default_rng(1))
