"""A check is due when the schedule says so; whoever was late catches up once, and a check that failed is tried again, later and later."""

from datetime import UTC, datetime, timedelta

import pytest

from agent.watch.schedule import following, is_quiet, next_check
from pipeline.errors import SettingsError
from pipeline.state.checks import Check, CheckHistory
from pipeline.workspace.watch_settings import WatchSettings

MONDAY = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
NEVER = CheckHistory(None, None, ())


def made(at: datetime, status: str = "no_deploy_needed") -> Check:
    return Check(at, at + timedelta(minutes=1), status, None, None, "", "host:1")


def history(done: datetime | None, *undone: Check) -> CheckHistory:
    return CheckHistory(done, made(done) if done else None, undone)


def test_a_workspace_that_was_never_checked_is_due_at_once() -> None:
    assert next_check(WatchSettings(), NEVER, MONDAY) == MONDAY


@pytest.mark.parametrize(("every", "span"), [("15min", 15), ("6h", 360), ("1d", 1440)])
def test_an_interval_counts_from_the_check_before(every: str, span: int) -> None:
    assert next_check(WatchSettings(every=every), history(MONDAY), MONDAY) == MONDAY + timedelta(minutes=span)


def test_however_many_were_missed_they_are_caught_up_once() -> None:
    settings, woken = WatchSettings(cron="30 6 * * *"), MONDAY + timedelta(days=9, hours=3)
    assert next_check(settings, history(MONDAY), woken) < woken
    assert next_check(settings, history(woken), woken) == MONDAY + timedelta(days=10)


@pytest.mark.parametrize(
    ("cron", "expected"),
    [
        ("30 6 * * *", datetime(2026, 11, 24, 6, 30, tzinfo=UTC)),
        ("*/20 * * * *", datetime(2026, 11, 23, 6, 40, tzinfo=UTC)),
        ("0 7 * * 0", datetime(2026, 11, 29, 7, tzinfo=UTC)),  # 0 and 7 are Sunday, as cron counts
        ("0 7 * * 7", datetime(2026, 11, 29, 7, tzinfo=UTC)),
        ("0 7 * * 1-5", datetime(2026, 11, 23, 7, tzinfo=UTC)),
        ("0 6 * * 1-5", datetime(2026, 11, 24, 6, tzinfo=UTC)),
        ("0 6 * * fri-mon", datetime(2026, 11, 27, 6, tzinfo=UTC)),
        ("0 6 * * 5-7", datetime(2026, 11, 27, 6, tzinfo=UTC)),
        ("0 6 * * tue,THU", datetime(2026, 11, 24, 6, tzinfo=UTC)),
        ("0 6 * * */3", datetime(2026, 11, 25, 6, tzinfo=UTC)),
        ("0 6 1 * *", datetime(2026, 12, 1, 6, tzinfo=UTC)),
    ],
)
def test_cron_means_what_cron_means(cron: str, expected: datetime) -> None:
    assert following(WatchSettings(cron=cron), MONDAY) == expected


@pytest.mark.parametrize(
    ("day", "utc_hours"),
    [(datetime(2026, 3, 27, tzinfo=UTC), (5, 5, 4, 4)), (datetime(2026, 10, 23, tzinfo=UTC), (4, 4, 5, 5))],
    ids=["spring", "autumn"],
)
def test_the_hour_is_that_of_the_time_zone_whatever_the_clocks_do(day: datetime, utc_hours: tuple[int, ...]) -> None:
    settings, at, found = WatchSettings(cron="0 6 * * *", time_zone="Europe/Berlin"), day, []
    for _ in utc_hours:
        at = following(settings, at)
        found.append((at - day).days * 24 + at.hour)
    assert found == [24 * number + hour for number, hour in enumerate(utc_hours)]


@pytest.mark.parametrize("cron", ["61 6 * * *", "0 6 * * someday", "0 6 * * 9", "x 6 * * *", "0 6 * * 1/0"])
def test_no_cron_expression_is_said_so(cron: str) -> None:
    with pytest.raises(SettingsError, match=r"is no cron expression.*Write it like 30 6 \* \* mon-fri"):
        following(WatchSettings(cron=cron), MONDAY)


def test_a_day_of_the_month_and_a_weekday_are_two_meanings() -> None:
    with pytest.raises(SettingsError, match=r"names a day of the month and a weekday. Leave one"):
        following(WatchSettings(cron="0 6 1 * 1"), MONDAY)


def test_a_check_that_failed_is_tried_again_later_and_later_but_never_later_than_the_next() -> None:
    settings, waits = WatchSettings(every="4h"), []
    undone: tuple[Check, ...] = ()
    for number in range(8):
        undone = (made(MONDAY + timedelta(hours=4 * number), "failed"), *undone)
        waits.append(next_check(settings, CheckHistory(MONDAY, None, undone), MONDAY) - undone[0].ended_at)
    assert waits[:4] == [timedelta(minutes=5), timedelta(minutes=10), timedelta(minutes=20), timedelta(minutes=40)]
    assert waits[-1] == timedelta(hours=4) - timedelta(minutes=1)


def test_a_check_that_was_stopped_goes_on_at_once() -> None:
    stopped = made(MONDAY + timedelta(hours=1), "parked")
    assert next_check(WatchSettings(), history(MONDAY, stopped), MONDAY) == stopped.ended_at


@pytest.mark.parametrize(
    ("quiet", "zone", "hour", "silent"),
    [
        ("22:00-06:30", "UTC", 23, True),
        ("22:00-06:30", "UTC", 6, True),
        ("22:00-06:30", "UTC", 7, False),
        ("22:00-06:30", "America/New_York", 7, True),
        ("12:00-13:00", "UTC", 12, True),
        ("12:00-13:00", "UTC", 13, False),
        ("", "UTC", 3, False),
    ],
)
def test_quiet_hours(quiet: str, zone: str, hour: int, silent: bool) -> None:
    assert is_quiet(WatchSettings(quiet=quiet, time_zone=zone), MONDAY.replace(hour=hour, minute=0)) is silent


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"cron": "6:30"}, "it has five fields"),
        ({"every": "soon"}, "it is a length of time"),
        ({"silence": "soon"}, "it is a length of time"),
        ({"quiet": "22-6"}, "`quiet` is written like"),
        ({"quiet": "25:00-06:00"}, "`quiet` is written like"),
        ({"time_zone": "Mars/Olympus"}, "is no time zone"),
        ({"heartbeat": "ftp://here"}, "it is a URL that begins with https://"),
    ],
)
def test_what_cannot_be_is_refused(values: dict[str, str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        WatchSettings(**values)
