"""Which predictions an outcome speaks of: by id and scoring time however it is cut, and by a horizon, judged by worlds whose churn is known."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.state.outcome_labels import LabelRule, churn_recorded, horizon_labels, labels_of

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
SCORED_DAYS, WATCHED_DAYS = 40, 70


def words(*told: tuple[str, datetime | None, datetime | None, int]) -> pd.DataFrame:
    """Outcomes by id, scoring time, observation time and word."""
    frame = pd.DataFrame(told, columns=["_id", "_time", "_observed", "_churned"])
    return frame.assign(**{name: pd.to_datetime(frame[name], utc=True).astype("datetime64[us, UTC]") for name in ("_time", "_observed")})


def predictions(*scored: tuple[str, datetime]) -> tuple[pd.Series, pd.Series]:
    ids, times = zip(*scored, strict=True)
    return pd.Series(ids, dtype=object), pd.Series(pd.to_datetime(times, utc=True)).astype("datetime64[us, UTC]")


def listed(labels: pd.Series) -> list[int | None]:
    return [None if pd.isna(label) else int(label) for label in labels]


def labels(scored: list[tuple[str, datetime]], told: pd.DataFrame, **rule: object) -> list[int | None]:
    return listed(labels_of(*predictions(*scored), told, LabelRule(**rule)))  # type: ignore[arg-type]


@pytest.mark.parametrize("cut", [{"microsecond": 123_000}, {"microsecond": 0}, {"second": 0, "microsecond": 0}])
@pytest.mark.parametrize("coarse", ["outcome", "prediction"])
def test_a_scoring_time_cut_on_either_side_is_the_same_time(cut: dict[str, int], coarse: str) -> None:
    at = datetime(2026, 1, 5, 9, 30, 12, 123_456, tzinfo=UTC)
    of_prediction, of_outcome = (at, at.replace(**cut)) if coarse == "outcome" else (at.replace(**cut), at)
    told = words(("a", of_outcome, None, 1), ("b", of_outcome + timedelta(minutes=1), None, 1))
    assert labels([("a", of_prediction), ("b", of_prediction)], told) == [1, None]


def test_a_scoring_day_is_that_of_the_workspace_s_time_zone() -> None:
    midnight_in_berlin = datetime(2026, 1, 4, 23, tzinfo=UTC)
    scored = [("a", midnight_in_berlin + timedelta(hours=hour)) for hour in (-1, 0, 20, 24)]
    told = words(("a", midnight_in_berlin, None, 1))
    # The one at midnight is the very time that is named, so that the day's others have no outcome.
    assert labels(scored, told, timezone="Europe/Berlin") == [None, 1, None, None]
    assert labels([scored[0], *scored[2:]], told, timezone="Europe/Berlin") == [None, 1, None]
    assert labels([scored[0], *scored[2:]], told, timezone="UTC") == [None, None, None]


def test_other_scoring_times_are_other_predictions() -> None:
    noon = START + DAY / 2
    assert labels([("a", noon), ("a", noon + DAY)], words(("a", noon - DAY, None, 1), ("a", noon + DAY, None, 0))) == [None, 0]


def test_without_scoring_times_on_either_side_the_id_alone_decides_by_the_latest_word() -> None:
    ids, times = predictions(("a", START), ("b", START))
    dated = words(("a", START - DAY, START, 0), ("a", START - 2 * DAY, START + DAY, 1))
    assert listed(labels_of(ids, None, dated, LabelRule())) == [1, None]
    assert listed(labels_of(ids, times, words(("a", None, START, 0), ("a", None, START + DAY, 1)), LabelRule())) == [1, None]


def test_a_churn_is_the_churner_of_a_horizon_of_daily_predictions_and_of_no_earlier_one() -> None:
    scored = [("a", START + day * DAY) for day in range(12)]
    told = words(("a", None, START + 10 * DAY, 1), ("z", None, START + 60 * DAY, 0))
    assert labels(scored, told, horizon=3 * DAY) == [0] * 7 + [1] * 4 + [None]
    alone = told.iloc[:1]
    found = horizon_labels(*predictions(*scored), alone, 3 * DAY, absence_is_stayed=False)
    assert listed(found) == [None] * 7 + [1] * 4 + [None], "where churners alone are told, nobody is known to have stayed"


def test_an_outcome_that_names_its_prediction_needs_no_horizon() -> None:
    scored = [("a", START), ("a", START + DAY)]
    told = words(("a", START + DAY, START + DAY, 0), ("a", None, START + 2 * DAY, 1))
    assert labels(scored, told, horizon=2 * DAY) == [1, 0]


def test_young_churners_wait_for_those_who_may_still_stay() -> None:
    told = words(("a", None, START + 10 * DAY, 1), ("b", None, START + 10 * DAY, 0))
    scored = [(id_, START + day * DAY) for id_ in "ab" for day in (6, 7, 8)]
    assert labels(scored, told, horizon=3 * DAY) == [0, 1, None, 0, 0, None]


def test_ids_spelt_otherwise_are_no_customers_who_stayed() -> None:
    scored = [(f"{number:03}", START + day * DAY) for number in range(5) for day in range(5)]
    feed = words(*((str(number), None, START + (number + 1) * DAY, 1) for number in range(5)), ("9", None, START + 90 * DAY, 1))
    assert set(labels(scored, feed, horizon=3 * DAY, absence_is_stayed=True)) == {None}


# A world: for each customer the days on which it churns (it is back before the next), and the day on which the feed of churns stops.
churn_days = st.lists(st.lists(st.integers(0, WATCHED_DAYS - 1), max_size=3, unique=True), min_size=2, max_size=8)
horizons = st.integers(1, 30)


def world(churns: list[list[int]]) -> tuple[pd.Series, pd.Series, list[tuple[int, int]]]:
    """Every customer scored at the start of each day, whatever became of it; and who and on which day."""
    places = [(number, day) for number in range(len(churns)) for day in range(SCORED_DAYS)]
    return (*predictions(*((f"C{number}", START + day * DAY) for number, day in places)), places)


def feed_of(churns: list[list[int]], stops: int) -> pd.DataFrame:
    """The churns until the feed stops, at noon of their days."""
    noon = START + DAY / 2
    told = sorted((day, number) for number, days in enumerate(churns) for day in days if day <= stops)
    return words(*((f"C{number}", None, noon + day * DAY, 1) for day, number in told))


@settings(max_examples=25, deadline=None)
@given(churn_days, horizons, st.integers(0, WATCHED_DAYS))
def test_labels_are_the_truth_of_the_world_or_unknown(churns: list[list[int]], horizon: int, stops: int) -> None:
    ids, times, places = world(churns)
    feed = feed_of(churns, stops)
    found = listed(horizon_labels(ids, times, feed, horizon * DAY, absence_is_stayed=True))
    newest = max((day for days in churns for day in days if day <= stops), default=-1)
    for (number, day), label in zip(places, found, strict=True):
        ahead = [later for later in churns[number] if day <= later < day + horizon]
        told = [later for later in ahead if later <= stops]
        if told:
            assert label == 1, "a churn that was told is the churner of each prediction at most a horizon before"
        else:
            assert label != 1
        if label == 0:
            assert not ahead, "who churned later than the feed tells is not known to have stayed"
            assert newest >= day + horizon, "the feed went on until the horizon was over"


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(churn_days, horizons, st.integers(0, WATCHED_DAYS), st.integers(1, 300))
def test_a_feed_that_stopped_tells_of_nobody_who_stays_however_late_one_looks(
    churns: list[list[int]], horizon: int, stops: int, later: int
) -> None:
    ids, times, _ = world(churns)
    feed = feed_of(churns, stops)
    rule = LabelRule(horizon * DAY, absence_is_stayed=True)
    before = labels_of(ids, times, feed, rule)
    # The same customers are scored on, and nothing more is told.
    more_ids, more_times = (
        pd.concat([ids, ids], ignore_index=True),
        pd.concat([times, times + (WATCHED_DAYS + later) * DAY], ignore_index=True),
    )
    after = labels_of(more_ids, more_times, feed, rule)
    assert after[len(ids) :].isna().all()
    np.testing.assert_array_equal(after[: len(ids)], before)


@settings(max_examples=25, deadline=None)
@given(churn_days, horizons)
def test_a_feed_that_goes_on_tells_of_everybody_still_there(churns: list[list[int]], horizon: int) -> None:
    ids, times, places = world([*churns, [SCORED_DAYS - 1]])
    feed = pd.concat([feed_of([*churns, [SCORED_DAYS - 1]], WATCHED_DAYS), words(("Z", None, START + 2 * WATCHED_DAYS * DAY, 1))])
    found = listed(labels_of(ids, times, feed, LabelRule(horizon * DAY, absence_is_stayed=True)))
    for (number, day), label in zip(places, found, strict=True):
        days = [*churns, [SCORED_DAYS - 1]][number]
        if any(day <= churn < day + horizon for churn in days):
            assert label == 1
        else:
            gone = any(churn < day for churn in days)
            assert label == (None if gone else 0)


@settings(max_examples=25, deadline=None)
@given(churn_days, horizons)
def test_where_staying_is_told_no_absence_need_be_read(churns: list[list[int]], horizon: int) -> None:
    """A feed that says of each customer on each day whether it churned then knows as much as one looks for."""
    ids, times, places = world(churns)
    daily = [
        (f"C{number}", None, START + DAY / 2 + day * DAY, int(day in days))
        for day in range(WATCHED_DAYS)
        for number, days in enumerate(churns)
    ]
    found = listed(horizon_labels(ids, times, words(*daily), horizon * DAY, absence_is_stayed=False))
    for (number, day), label in zip(places, found, strict=True):
        if day + horizon < WATCHED_DAYS:
            churned = any(day <= churn < day + horizon for churn in churns[number])
            assert label == (1 if churned else None if day - 1 in churns[number] else 0)


def when(scored: list[tuple[str, datetime]], told: pd.DataFrame, **rule: object) -> list[datetime | None]:
    """Days on which the churn of each prediction was written down, a day after it happened."""
    told = told.assign(_recorded=told["_observed"] + DAY)
    found = churn_recorded(*predictions(*scored), told, LabelRule(**rule))  # type: ignore[arg-type]
    return [None if pd.isna(at) else at.to_pydatetime() for at in found]


def test_churn_was_written_down_for_the_prediction_it_belongs_to() -> None:
    told = words(("a", START, START + 4 * DAY, 1), ("b", START, START + 4 * DAY, 0), ("c", None, START + 6 * DAY, 1))
    scored = [("a", START), ("a", START + DAY), ("b", START), ("c", START)]
    assert when(scored, told) == [START + 5 * DAY, None, None, START + 7 * DAY]


def test_churn_was_written_down_for_predictions_within_a_horizon_even_before_it_is_over() -> None:
    told = words(("a", None, START + 9 * DAY, 1), ("a", None, START + 20 * DAY, 1))
    scored = [("a", START), ("a", START + 5 * DAY), ("a", START + 12 * DAY), ("b", START)]
    assert when(scored, told, horizon=5 * DAY) == [None, START + 10 * DAY, None, None]
    assert when(scored, told, horizon=30 * DAY, absence_is_stayed=True) == [START + 10 * DAY, START + 10 * DAY, START + 21 * DAY, None]
