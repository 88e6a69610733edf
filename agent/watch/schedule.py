"""When a check is due: from the settings, the checks so far, and the time. Asked often; whoever was late, asleep or dead catches up once."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from pipeline.clock import stamp
from pipeline.errors import SettingsError
from pipeline.state.checks import CheckHistory
from pipeline.workspace.watch_settings import WatchSettings

if TYPE_CHECKING:
    from apscheduler.triggers.cron import CronTrigger

_RETRY, _LONGEST_RETRY = timedelta(minutes=5), timedelta(hours=6)  # after a check that failed
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat", "sun")  # as cron counts them


def next_check(settings: WatchSettings, history: CheckHistory, now: datetime) -> datetime:
    """When the next check is due, in UTC; a time that is over means at once. However many were missed, it is one.

    Raises:
        SettingsError: see `following`.
    """
    if not history.undone:
        return now if history.done is None else following(settings, history.done.started_at)
    last = history.undone[0]
    if last.status == "parked":
        return last.ended_at
    wait: timedelta = min(_RETRY * 2 ** min(_failures(history) - 1, 10), _LONGEST_RETRY)
    again = last.ended_at + wait
    after = following(settings, last.started_at)
    return min(after, again)


def _failures(history: CheckHistory) -> int:
    return sum(check.status == "failed" for check in history.undone)


def following(settings: WatchSettings, after: datetime) -> datetime:
    """The first time after `after` that the schedule names, in UTC.

    Raises:
        SettingsError: `cron` is no cron expression, or names no time; or APScheduler is not installed.
    """
    if not settings.cron:
        return after + settings.interval
    found: datetime | None = _trigger(settings.cron, settings.time_zone).get_next_fire_time(after, after)
    if found is None:
        raise SettingsError(f"`cron` under [watch] names no time: {settings.cron}.", "Correct it; docs/watch.md has examples.")
    return datetime.fromisoformat(stamp(found))


def is_quiet(settings: WatchSettings, now: datetime) -> bool:
    """Whether `now` lies in the quiet hours."""
    if settings.quiet_hours is None:
        return False
    begin, end = settings.quiet_hours
    local = now.astimezone(ZoneInfo(settings.time_zone))
    minute = 60 * local.hour + local.minute
    return begin <= minute < end if begin < end else minute >= begin or minute < end


def _trigger(expression: str, zone: str) -> "CronTrigger":
    try:
        from apscheduler.triggers.cron import CronTrigger
    except ModuleNotFoundError as error:
        raise SettingsError("`cron` under [watch] needs the package APScheduler.", "Install churnops with the extra `watch`.") from error
    minute, hour, day, month, weekday = expression.split()
    if day != "*" and weekday != "*":  # cron means either of them, APScheduler both
        raise SettingsError("`cron` under [watch] names a day of the month and a weekday.", "Leave one of them *.")
    try:
        return CronTrigger(minute=minute, hour=hour, day=day, month=month, day_of_week=_weekdays(weekday), timezone=ZoneInfo(zone))
    except (ValueError, IndexError) as error:
        raise SettingsError(f"`cron` under [watch] is no cron expression: {expression}.", "Write it like 30 6 * * mon-fri.") from error


def _weekdays(field: str) -> str:
    """Weekdays as names: cron counts from Sunday, APScheduler from Monday."""
    if field == "*":
        return field
    return ",".join(name for part in field.lower().split(",") for name in _expanded(part))


def _expanded(part: str) -> Sequence[str]:
    span, _, step = part.partition("/")
    first, dash, last = ("0", "-", "6") if span == "*" else span.partition("-")
    begin = _day(first)
    end = _day(last) if dash else begin
    if dash and end < begin:
        end += 7
    return [_DAYS[day % 7] for day in range(begin, end + 1, int(step or 1))]


def _day(text: str) -> int:
    return int(text) if text.isdecimal() and int(text) <= 7 else _DAYS.index(text)
