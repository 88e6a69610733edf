"""A day of few predictions is told beside what is usual on its weekday; a young log and one that is written weekly raise nothing."""

from datetime import timedelta

import pytest

from agent.watch.conditions import standing
from agent.watch.volume import compared, volume
from pipeline.record.opened_workspace import Opened
from pipeline.state.check_figures import CheckFigures, VolumeFigure
from pipeline.state.checks import check_history
from pipeline.state.predictions import LoggedDay
from tests.agent.watch.standing_cases import put_check
from tests.conftest import NOON


def days(*rows: int, apart: int = 1) -> list[LoggedDay]:
    return [LoggedDay(NOON - timedelta(days=apart * (len(rows) - place)), count, 0.3) for place, count in enumerate(rows)]


@pytest.mark.parametrize(
    ("log", "found"),
    [
        ([], None),
        (days(*[100] * 21), None),
        (days(*[100] * 21, 40), (40, 100)),
        (days(100, 120, 90, 30, apart=7), (30, 100)),
        (days(*([10] * 5 + [1, 1]) * 4), (1, 1)),
    ],
)
def test_the_same_day_of_earlier_weeks_is_what_is_usual(log: list[LoggedDay], found: tuple[int, float] | None) -> None:
    told = compared(log)
    assert (None if told is None else (told.rows, told.usual)) == found


def test_people_hear_of_a_drop_and_no_more_once_it_is_over(fresh: Opened) -> None:
    def heard(rows: int) -> list[str]:
        put_check(fresh, "no_deploy_needed", figures=CheckFigures(rows=9, volume=VolumeFigure(day="2026-11-20", rows=rows, usual=1000)))
        return [one.title for one in standing(fresh, check_history(fresh.state)).conditions if one.key == "volume:"]

    assert heard(499) == ["499 predictions on 2026-11-20, 1,000 are usual on that weekday"]
    assert heard(500) == []
    assert volume(fresh) is None
