"""What happened shortly before a fault began: two times beside each other, which is an association and no cause."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pipeline.diagnosis.finding import Finding, Preceding
from pipeline.shown_text import quoted
from pipeline.words import counted

_NEAR = timedelta(days=1)  # of an event longer ago, the nearness says nothing
_NAMED = 2  # a deploy is often a run of several
_MINUTE, _HOUR = timedelta(minutes=1), timedelta(hours=1)


@dataclass(frozen=True)
class Happening:
    """Something that happened in `since` <= time < `until` (UTC). `name` is untrusted text."""

    name: str
    since: datetime
    until: datetime

    @property
    def last(self) -> datetime:
        """Its last moment: what happens at a moment is over at once."""
        return self.until - timedelta(microseconds=1)


def with_preceding(finding: Finding, happened: Sequence[Happening]) -> Finding:
    """The finding with the nearest events of the day before the fault began, where it has such a beginning."""
    began = finding.began
    if began is None or not finding.notable:
        return finding
    # What was over by then counts from its end: a run breaks what comes after it, or what it is about to write.
    ago = [(began - (one.last if one.last <= began else one.since), one) for one in happened if one.since <= began]
    near = sorted(((time, one) for time, one in ago if time <= _NEAR), key=lambda pair: pair[0])[:_NAMED]
    if not near:
        return finding
    follows = tuple(Preceding(name=one.name, minutes=round(time / _MINUTE, 1)) for time, one in near)
    named = " and ".join(f"{_length(time)} {'after' if one.last <= began else 'into'} {quoted(one.name)}" for time, one in near)
    said = f"{finding.said} It began {named}, which may have nothing to do with it."
    return finding.model_copy(update={"follows": follows, "said": said})


def _length(time: timedelta) -> str:
    if time < _MINUTE:
        return "less than a minute"
    return counted(time // _MINUTE, "minute") if time < 2 * _HOUR else counted(time // _HOUR, "hour")
