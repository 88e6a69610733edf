"""No model is judged on its training data: no customer, and no later row, is on the side that trains."""

import numpy as np
import pandas as pd
import pytest

from pipeline.errors import DataError
from pipeline.tables.schema import Schema
from pipeline.tables.splits import can_split_by_time, never_trained_on, split_recent, split_reference

PLAIN = Schema(target="churned", positive="yes", id="who", numerical=("row",))
TIMED = PLAIN.model_copy(update={"time": "at"})


def table(rows: int, customers: int | None = None, churn_share: float = 0.25) -> pd.DataFrame:
    """One row a day for ever; every fourth row churned; `customers` fewer than `rows` come back in turn."""
    number = np.arange(rows)
    return pd.DataFrame(
        {
            "who": [f"C{value}" for value in number % (customers or rows)],
            "at": pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta(number, unit="D"),
            "row": number.astype(float),
            "churned": (number % round(1 / churn_share) == 0).astype("int8"),
        }
    )


def days(*rows_of_each_day: int) -> pd.Series:
    """A time every minute from noon on each day."""
    noon = pd.Timestamp("2024-01-01T12:00Z")
    return pd.Series([noon + pd.Timedelta(days=day, minutes=row) for day, rows in enumerate(rows_of_each_day) for row in range(rows)])


def test_sixty_twenty_twenty_with_equal_churn() -> None:
    frame = table(1000)
    split = split_reference(frame, TIMED, seed=7)
    assert [len(part) for part in (split.train, split.test, split.held_back)] == [600, 200, 200]
    assert [part["churned"].mean() for part in (split.train, split.test, split.held_back)] == [0.25, 0.25, 0.25]
    assert sorted(pd.concat([split.train, split.test, split.held_back])["row"]) == sorted(frame["row"])
    assert split.train["row"].is_monotonic_increasing
    assert "at random" in split.how


def test_the_seed_decides() -> None:
    first, again, other = (split_reference(table(1000), PLAIN, seed).test["row"].to_list() for seed in (7, 7, 8))
    assert first == again != other


def test_repeated_customers_stay_on_one_side() -> None:
    frame = table(1000, customers=301)
    split = split_reference(frame, PLAIN, seed=7)
    train, test, held_back = ({*part["who"]} for part in (split.train, split.test, split.held_back))
    assert not (train & test or train & held_back or test & held_back)
    assert len(split.train) + len(split.test) + len(split.held_back) == 1000
    assert split.how == "at random by customer"


def test_customers_without_an_id_are_customers_of_their_own() -> None:
    frame = table(1000, customers=301)
    frame.loc[frame.index % 2 == 0, "who"] = np.nan
    split = split_reference(frame, PLAIN, seed=7)
    assert split.test["who"].isna().sum() > 50


def test_repeated_customers_with_a_time_are_split_by_time() -> None:
    frame = pd.concat([table(1000), table(1000).head(300)], ignore_index=True).sample(frac=1, random_state=1)
    frame["at"] = frame["at"].to_numpy()
    split = split_reference(frame, TIMED, seed=7)
    assert split.train["at"].max() < split.test["at"].min() <= split.test["at"].max() < split.held_back["at"].min()
    assert not {*split.train["who"]} & ({*split.test["who"]} | {*split.held_back["who"]})
    assert "`at`" in split.how


def test_a_customer_who_comes_back_later_trains_only() -> None:
    frame = table(1000)
    frame.loc[900, "who"] = "C0"
    split = split_reference(frame, TIMED, seed=7)
    assert (len(split.train), len(split.test), len(split.held_back)) == (600, 200, 199)


def test_the_same_customers_every_day_are_split_by_customer() -> None:
    split = split_reference(table(1000, customers=301), TIMED, seed=7)
    assert split.how == "at random by customer"
    assert len(split.test) > 100


def test_the_newest_rows_test_where_that_is_asked() -> None:
    frame = table(1000).sample(frac=1, random_state=1).reset_index(drop=True)
    split = split_reference(frame, TIMED, seed=7, newest_to_test=True)
    assert [len(part) for part in (split.train, split.test, split.held_back)] == [600, 200, 200]
    assert split.train["at"].max() < split.held_back["at"].min() <= split.held_back["at"].max() < split.test["at"].min()
    assert "the newest rows to test on" in split.how


def test_no_customer_who_trains_tests() -> None:
    frame = table(1000)
    frame.loc[990:, "who"] = "C0"
    split = split_reference(frame, TIMED, seed=7, newest_to_test=True)
    assert (len(split.test), {*split.train["who"]} & {*split.test["who"]}) == (190, set())


@pytest.mark.parametrize(
    ("frame", "can"),
    [
        (table(1000), True),
        (table(1000).assign(at=pd.Timestamp("2024-01-01", tz="UTC")), False),
        (table(1000).assign(churned=(np.arange(1000) < 500).astype("int8")), False),  # nobody churned of late
        (table(60), False),
    ],
)
def test_whether_a_table_can_be_split_by_time(frame: pd.DataFrame, can: bool) -> None:
    assert can_split_by_time(frame, TIMED) is can
    assert can_split_by_time(frame, PLAIN) is False


@pytest.mark.parametrize(("frame", "said"), [(table(60), "12 rows"), (table(200, churn_share=0.01), "part would have no churners")])
def test_a_part_that_cannot_judge_is_refused(frame: pd.DataFrame, said: str) -> None:
    with pytest.raises(DataError, match=said):
        split_reference(frame, PLAIN, seed=7)


@pytest.mark.parametrize(
    ("rows_of_each_day", "share", "held_out_rows"),
    [
        pytest.param((10, 10, 10, 10, 10, 10, 10), 0.3, 20, id="whole days, the nearest"),
        pytest.param((10, 10, 80), 0.3, 80, id="the last day, however large"),
    ],
)
def test_the_latest_rows_are_held_out(rows_of_each_day: tuple[int, ...], share: float, held_out_rows: int) -> None:
    time = days(*rows_of_each_day)
    split = split_recent(time.to_frame(), time, None, share)
    assert split.held_out.sum() == held_out_rows
    assert (split.train ^ split.held_out).all()
    assert time[split.train].max() < time[split.held_out].min()


def test_the_order_of_the_rows_does_not_matter() -> None:
    time = days(5, 5, 5, 5).sample(frac=1, random_state=1)
    split = split_recent(time.to_frame(), time, None, 0.25)
    assert {*time[split.held_out].dt.day} == {4}


def test_rows_without_a_time_train() -> None:
    time = days(5, 5, 5, 5)
    time[[3, 19]] = pd.NaT
    split = split_recent(time.to_frame(), time, None, 0.25)
    assert split.train[[3, 19]].all()
    assert split.held_out.sum() == 4


@pytest.mark.parametrize(
    "time",
    [
        pytest.param(pd.Series([pd.Timestamp("2024-01-01", tz="UTC")] * 100), id="one moment"),
        pytest.param(days(100), id="one day"),
        pytest.param(days(60, 40), id="over midnight"),
    ],
)
def test_a_batch_has_no_order_so_every_so_manieth_is_held_out(time: pd.Series) -> None:
    split = split_recent(time.to_frame(), time, None, 0.3)
    assert split.held_out.sum() == 30
    assert (split.train ^ split.held_out).all()
    assert 10 < split.held_out[:50].sum() < 20


def test_a_batch_in_the_order_of_its_ids_is_not_divided_into_old_customers_and_new_ones() -> None:
    time, ids = days(400), pd.Series([f"C{number:04d}" for number in range(400)])
    split = split_recent(time.to_frame(), time, ids, 0.3)
    place = np.arange(400)
    assert abs(place[split.train].mean() - place[split.held_out].mean()) < 10


def test_a_customer_of_two_batches_is_on_one_side() -> None:
    time, ids = days(50, 50), pd.Series([f"C{number}" for number in range(50)] * 2)
    split = split_recent(time.to_frame(), time, ids, 0.3)
    assert split.held_out.sum() == 30
    assert {*ids[split.train]}.isdisjoint(ids[split.held_out])


def test_a_base_that_comes_again_and_again_is_judged_by_the_latest_rows_of_customers_who_do_not_train() -> None:
    """Else newcomers alone would judge: everybody else was there before."""
    time = days(40, 40, 40, 44)
    ids = pd.Series([f"C{number}" for number in range(40)] * 4 + [f"N{number}" for number in range(4)])
    split = split_recent(time.to_frame(), time, ids, 0.25)
    assert {*ids[split.train]}.isdisjoint(ids[split.held_out])
    assert split.held_out.sum() == 11
    assert {*time[split.held_out].dt.day} == {4} and 4 in {*time[split.train].dt.day}


def test_a_customer_who_trains_never_judges() -> None:
    time = days(5, 5, 5, 5)
    ids = pd.Series([f"C{number}" for number in range(20)])
    ids[[17, 18]] = ["C2", np.nan]
    split = split_recent(time.to_frame(), time, ids, 0.25)
    assert np.flatnonzero(split.held_out).tolist() == [15, 16, 18, 19]
    assert not split.train[17]


@pytest.mark.parametrize(("rows", "seed"), [(1000, 7), (1100, 7), (1000, 8)], ids=["as before", "rows came", "another seed"])
def test_of_a_table_that_is_divided_otherwise_nobody_judges_a_model_that_was_trained_on_them(rows: int, seed: int) -> None:
    trained = split_reference(table(1000), PLAIN, 7).train
    split = split_reference(table(rows), PLAIN, seed)
    left = never_trained_on(split, trained, PLAIN)
    assert not set(left.test["row"]) & set(trained["row"])
    assert len(left.test) == len(set(split.test["row"]) - set(trained["row"]))
    assert (len(left.test) == len(split.test)) == ((rows, seed) == (1000, 7))
    pd.testing.assert_frame_equal(left.train, split.train)


def test_rows_that_are_alike_are_counted_not_all_left_out() -> None:
    frame = table(1000).assign(row=1.0)  # of each outcome all alike
    split = split_reference(frame, PLAIN, 7)
    assert len(never_trained_on(split, split.train, PLAIN).test) == len(split.test)
    more = pd.concat([split.train, split.test.head(50)])
    assert len(never_trained_on(split, more, PLAIN).test) == len(split.test) - 50


def test_where_hardly_any_row_is_left_to_judge_it_says_so() -> None:
    split = split_reference(table(1000), PLAIN, 7)
    with pytest.raises(DataError, match="trained on all but 0 rows of the test set"):
        never_trained_on(split, pd.concat([split.train, split.test]), PLAIN)
