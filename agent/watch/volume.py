"""Whether as many customers are scored as usual: the last whole day beside the same day of earlier weeks."""

from collections.abc import Sequence
from datetime import timedelta
from statistics import median

from pipeline.record.opened_workspace import Opened
from pipeline.state.check_figures import VolumeFigure
from pipeline.state.predictions import LoggedDay, logged_per_day

_WEEKS, _FEWEST = 8, 3  # weeks looked back, and days to compare with


def volume(opened: Opened) -> VolumeFigure | None:
    """Volume in churnops' own log; None where the team keeps its own, or it is too young."""
    settings, now = opened.settings.predictions, opened.clock()
    if settings.file or settings.table:
        return None
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return compared(logged_per_day(opened.state, today - timedelta(weeks=_WEEKS, days=1), today - timedelta(microseconds=1)))


def compared(days: Sequence[LoggedDay]) -> VolumeFigure | None:
    """The last of some whole days beside those of its weekday; None with fewer than three of them.

    Days without a row are no days: whoever scores once a week is silent on the others, and for a log that stopped there is `silence`.
    """
    if not days:
        return None
    last = days[-1]
    usual = [day.rows for day in days[:-1] if day.at.weekday() == last.at.weekday()]
    return VolumeFigure(day=f"{last.at:%Y-%m-%d}", rows=last.rows, usual=median(usual)) if len(usual) >= _FEWEST else None
