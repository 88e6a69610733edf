"""That data are too few is said when it begins and after each reminder, and not in between."""

from datetime import datetime, timedelta

import pytest

from pipeline.record.cases import Case, Status
from pipeline.record.reminders import said_lately
from tests.pipeline.record.test_case_store import AT, draft

REMIND = timedelta(days=30)


def case(day: float, status: Status = "not_enough_data") -> Case:
    at: datetime = AT + timedelta(days=day)
    return draft(f"case-{day}", at=at).model_copy(update={"status": status, "closed_at": at})


def silent_days(*days: float) -> list[float]:
    """On which of these days nobody is told again, each with a case."""
    cases = [case(day) for day in days]
    return [day for day, one in zip(days, cases, strict=True) if said_lately(cases, one, REMIND)]


def test_it_is_said_when_it_begins_and_again_after_a_month_although_it_was_found_every_week() -> None:
    assert silent_days(0, 7, 14, 21, 28, 35, 42, 63, 70) == [7, 14, 21, 28, 42, 63]


def test_a_look_every_other_month_says_it_each_time() -> None:
    assert silent_days(0, 60, 120) == []


@pytest.mark.parametrize("between", ["no_deploy_needed", "needs_people", "partial"])
def test_another_ending_in_between_begins_anew(between: Status) -> None:
    cases = [case(0), case(1, between), case(2)]
    assert not said_lately(cases, cases[-1], REMIND)


def test_cases_that_are_open_or_made_by_hand_say_nothing() -> None:
    by_hand = case(1, "no_deploy_needed").model_copy(update={"kind": "manual"})
    unfinished = draft("open", at=AT + timedelta(days=1))
    cases = [case(0), by_hand, unfinished, case(2)]
    assert said_lately(cases, cases[-1], REMIND)
    assert not said_lately(cases, unfinished, REMIND)
