"""When a feed of outcomes is called stopped, by its own rhythm and by the customers who were watched."""

from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from pipeline.diagnosis.finding import Finding
from pipeline.diagnosis.outcomes.stopped_outcomes import find_stopped
from pipeline.windows.window import OutcomeRecord

START = pd.Timestamp("2026-06-01", tz="UTC")
DAY = pd.Timedelta(days=1)


def days(first: float, last: float, a_day: float = 20.0, every: int = 1, seed: int = 1) -> pd.Series:
    """Moments between two days, so many a day, each recorded with those of its `every` days."""
    rng = np.random.default_rng(seed)
    at = np.sort(rng.uniform(first, last, round((last - first) * a_day)))
    at = at if every == 1 else (at // every + 1) * every
    return pd.Series(START + pd.to_timedelta(at, unit="D"))


def words(churns: pd.Series, stays: pd.Series | None = None, scored: pd.Series | None = None) -> pd.DataFrame:
    """Churns and stays by when they were recorded, churns first; `scored`, in the same order."""
    recorded = churns if stays is None else pd.concat([churns, stays], ignore_index=True)
    times = pd.Series(pd.NaT, index=recorded.index, dtype="datetime64[us, UTC]") if scored is None else scored
    return pd.DataFrame({"_time": times, "_recorded": recorded, "_churned": [1] * len(churns) + [0] * (len(recorded) - len(churns))})


def found(
    told: pd.DataFrame, judged: datetime | None = None, taken_in: tuple[datetime, ...] = (), until: datetime | None = None
) -> Finding | None:
    return find_stopped(OutcomeRecord(told, taken_in, until, None), judged, 2.0)


def test_churn_that_is_recorded_no_more_is_told_with_its_last_hour_and_its_rate() -> None:
    one = found(words(days(0, 100.25), days(0, 120)))
    assert one is not None and one.name == "labels_stopped" and one.argues_for == ("label_fault",)
    assert one.days is not None and one.days[0] == "2026-09-09"
    assert "No churn has been recorded since 9 Sep 2026, 0" in one.said and "about 20 a day" in one.said


def test_a_few_stragglers_do_not_hide_a_stop() -> None:
    late = days(100, 120, 0.5, seed=3)
    one = found(words(pd.concat([days(0, 100), late], ignore_index=True), days(0, 120)))
    assert one is not None and "Hardly any churn" in one.said


@pytest.mark.parametrize("every", [7, 30])
def test_a_feed_may_be_silent_for_as_long_as_it_always_is(every: int) -> None:
    told = days(0, 240, every=every)
    assert found(words(told, days(0, 240 + 1.9 * every))) is None
    assert found(words(told, days(0, 240 + 3.2 * every))) is not None


def test_half_as_much_churn_is_no_stop() -> None:
    assert found(words(pd.concat([days(0, 100), days(100, 140, 10)], ignore_index=True), days(0, 140))) is None


def test_few_churners_have_no_rhythm() -> None:
    assert found(words(days(0, 100, 0.4), days(0, 160))) is None


def test_a_year_that_was_taken_in_at_once_says_nothing() -> None:
    at_once = pd.Series([START] * 3000)
    assert found(words(at_once, days(0, 60))) is None


def test_a_silence_that_is_over_counts_while_rows_are_judged_by_it() -> None:
    told = words(pd.concat([days(0, 60), days(75, 160)], ignore_index=True), days(0, 160))
    one = found(told, (START + 70 * DAY).to_pydatetime())
    assert one is not None and "from 30 Jul 2026" in one.said and "to 14 Aug 2026" in one.said and "missing ones" in one.said
    assert found(told, (START + 90 * DAY).to_pydatetime()) is None


def test_where_nobody_was_scored_nobodys_churn_is_missed() -> None:
    """Customers scored for sixty days and watched for twenty; who stayed is told forty days later."""
    scored = days(0, 60)
    wait = np.random.default_rng(5).uniform(0, 20, len(scored))
    churns, stays = scored + pd.to_timedelta(wait, unit="D"), days(0, 60, 60, seed=2)
    times = pd.concat([scored, stays], ignore_index=True)
    assert found(words(churns, stays + 60 * DAY, times)) is None


def daily(first: int, last: int) -> tuple[datetime, ...]:
    return tuple((START + day * DAY).to_pydatetime() for day in range(first, last))


def test_intakes_that_come_no_more_are_told_where_churners_alone_are_written_down() -> None:
    one = found(words(days(0, 100)), taken_in=daily(40, 101), until=(START + 112 * DAY).to_pydatetime())
    assert one is not None and "No outcomes have been taken in since 9 Sep 2026" in one.said


@pytest.mark.parametrize(
    ("taken_in", "until"),
    [
        (daily(40, 101), 102),  # not late
        (daily(100, 101), 140),  # no rhythm
        (daily(0, 101)[::30], 115),  # monthly
        (daily(40, 101), None),  # nobody knows until when customers were scored
    ],
)
def test_intakes_in_their_rhythm_are_no_stop(taken_in: tuple[datetime, ...], until: int | None) -> None:
    end = None if until is None else (START + until * DAY).to_pydatetime()
    assert found(words(days(0, 100)), taken_in=taken_in, until=end) is None


def test_outcomes_that_always_lag_are_no_stop() -> None:
    assert found(words(days(0, 55)), taken_in=daily(40, 101), until=(START + 101 * DAY).to_pydatetime()) is None
