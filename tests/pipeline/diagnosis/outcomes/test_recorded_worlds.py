"""On made-up half years: feeds that stop and definitions that change are named with their day, and what is none of these is left alone."""

from collections.abc import Iterator
from itertools import product

import pandas as pd
import pytest

from pipeline.diagnosis.finding import Finding
from pipeline.diagnosis.observed import Observed
from pipeline.diagnosis.outcomes.redefined_outcomes import find_redefined
from pipeline.diagnosis.outcomes.stopped_outcomes import find_stopped
from tests.pipeline.diagnosis.outcomes.recorded_worlds import (
    DAY,
    START,
    Rhythm,
    all_in_one_go,
    also_leaving,
    at_once,
    at_the_end_of_the_month,
    lived,
    on_working_days,
    redefined,
    seen,
    staying,
    stopped,
    weekly,
    without,
)
from tests.pipeline.known_windows import POLICY

RHYTHMS: tuple[Rhythm, ...] = ("monthly", "weekly", "daily")
CHANGE = 100


def told(window: Observed) -> list[Finding]:
    record, times = window.record, window.labelled.times
    assert record is not None and times is not None
    usual = POLICY.evidence.data.stopped_times
    found = (find_stopped(record, times.min().to_pydatetime(), usual), find_redefined(window, record))
    return [one for one in found if one is not None]


def quiet(seed: int) -> Iterator[tuple[str, Observed]]:
    """Feeds in every rhythm; and customers who change from a day of scoring on, or all alike from one day on."""
    lives = {rhythm: lived(seed, rhythm) for rhythm in RHYTHMS}
    for (rhythm, life), recorded in product(lives.items(), (at_once, on_working_days, weekly, at_the_end_of_the_month, all_in_one_go)):
        yield f"{rhythm}, recorded {recorded.__name__}", seen(life, recorded)
    yield "few outcomes", seen(lived(seed, customers=150))
    for rhythm, life in lives.items():
        later = life.rows["scored"] >= START + CHANGE * DAY
        yield f"{rhythm}, a competitor", seen(also_leaving(life, later & (life.rows["contract"] == "monthly"), 0.3, seed))
        yield f"{rhythm}, half of them stay", seen(staying(life, later, 0.5, seed))
        yield f"{rhythm}, half of them stay from a day on", seen(staying(life, life.rows["left"] >= START + CHANGE * DAY, 0.5, seed))


def stops(seed: int) -> Iterator[tuple[str, float, Observed]]:
    for rhythm, day in product(RHYTHMS, (110.2, 135.7)):
        yield f"{rhythm} stop on day {day}", day, seen(stopped(lived(seed, rhythm), day), on_working_days if day > 120 else at_once)
    daily = lived(seed, "daily")
    yield "a stop that is over", 130.5, seen(stopped(daily, 130.5, 150.0))
    left = daily.rows["left"]
    partly = (daily.rows["payment"] == "card") & (left >= START + 120 * DAY)
    yield "a stop for one kind", 120.0, seen(without(daily, partly))


def definitions(seed: int) -> Iterator[tuple[str, float, Observed]]:
    for rhythm, day in product(RHYTHMS, (105.0, 135.0)):
        life = lived(seed, rhythm)
        yield f"{rhythm} definition on day {day}", day, seen(redefined(life, life.rows["payment"] == "cheque", 0.6, day, seed))


def days_off(found: Finding, day: float) -> float:
    assert found.days is not None
    return abs((pd.Timestamp(found.days[0], tz="UTC") - START) / DAY - day)


@pytest.mark.slow
def test_no_feed_is_called_faulty_that_is_none() -> None:
    called = [(seed, name, one.said) for seed in range(2) for name, window in quiet(seed) for one in told(window)]
    assert called == []


@pytest.mark.slow
def test_stops_and_definitions_are_named_with_their_day() -> None:
    missed = []
    asked = 0
    for seed in range(3):
        for what, faults in (("labels_stopped", stops(seed)), ("labels_redefined", definitions(seed))):
            for name, day, window in faults:
                found = told(window)
                asked += 1
                if not any(one.name == what and days_off(one, day) <= 3 for one in found):
                    missed.append((seed, name, [(one.name, one.days, one.segment) for one in found]))
    assert asked >= 40 and len(missed) <= asked // 10, missed
