"""Recent and matured: the two stretches of time that a verdict speaks of, as figures and as sentences with their dates."""

from datetime import datetime, timedelta

from pydantic import Field

from pipeline.shown_text import plain
from pipeline.stored_record import StoredRecord
from pipeline.windows.offers_made import OffersMade
from pipeline.words import counted, rows_of_customers

_DAY = timedelta(days=1)


class Stretch(StoredRecord):
    """Some rows of one stretch. `since`, `until`: scoring times (UTC) of the first and the last, None where they have none, or there are no
    rows; `customers` is None where they have no ids; `labelled`: rows whose outcome is known."""

    since: datetime | None = None
    until: datetime | None = None
    rows: int = 0
    customers: int | None = None
    labelled: int = 0


class BrokenDays(StoredRecord):
    """Days, the first and the last, whose rows a data check found broken in `column`, with what the check `said`. They are left out of the
    matured window, `labelled` rows of it. Where they lie in the recent window too, `rows` of it are left out, because the fault is `repaired`:
    the newest rows are sound again. `kept`: they are too many to be left out, and only told."""

    since: datetime
    until: datetime
    labelled: int
    column: str | None
    said: str
    rows: int = Field(0, exclude_if=lambda rows: not rows)
    repaired: bool = Field(False, exclude_if=lambda repaired: not repaired)
    kept: bool = Field(False, exclude_if=lambda kept: not kept)

    @property
    def left_out(self) -> str:
        """For people."""
        what = "the data were" if self.column is None else f"`{plain(self.column)}` was"
        days = dates(self.since, self.until)
        if self.kept:
            return f"{days}: {what} broken and is repaired, but its {counted(self.rows, 'row')} are too many to set aside."
        if self.repaired:
            return f"{days}: {counted(self.rows, 'row')} set aside, {what} broken then and is repaired; they count again once they are loaded anew."
        return f"{days}: {counted(self.labelled, 'row')} left out, {what} broken then."


class TwoWindows(StoredRecord):
    """`recent`: the newest rows, asked for drift, data faults and who the customers are. `matured`: the newest rows with a known outcome,
    asked for performance, behaviour and labels, and taught in a training. `left_out` of both are broken; `offers` says whom of the matured
    ones the team had contacted, None where it told of no offer."""

    recent: Stretch
    matured: Stretch
    left_out: tuple[BrokenDays, ...] = Field((), exclude_if=lambda days: not days)
    offers: OffersMade | None = Field(None, exclude_if=lambda made: made is None)

    @property
    def reach_back(self) -> bool:
        """Whether outcomes are of rows from before the recent ones, too."""
        first, known = self.recent.since, self.matured.since
        return first is not None and known is not None and known < first

    @property
    def lag(self) -> timedelta | None:
        """From the newest known outcome's prediction to the newest prediction; None where either has no time."""
        newest, known = self.recent.until, self.matured.until
        return None if newest is None or known is None else newest - known

    @property
    def left_out_share(self) -> float:
        """Share of the matured rows, 0-1, that are left out."""
        gone = sum(days.labelled for days in self.left_out if not days.kept)
        return gone / (gone + self.matured.labelled) if gone else 0.0

    @property
    def said(self) -> tuple[str, ...]:
        """Which window answers what, a sentence each."""
        recent, matured = self.recent, self.matured
        told = [f"Drift and data: {_of(recent)}{rows_of_customers(recent.rows, recent.customers)}."]
        if matured.labelled:
            told.append(f"Performance: {_of(matured)}{rows_of_customers(matured.labelled, matured.customers)} with a known outcome.")
        return (*told, *(days.left_out for days in self.left_out), *(self.offers.said if self.offers else ()))

    @property
    def unseen(self) -> str | None:
        """What lies between the two and is not visible yet; None where nothing does, or nobody can tell."""
        if not self.matured.labelled:
            return "No outcome is known yet, so a change of behaviour is not visible."
        if self.lag is None or self.matured.until is None or self.lag < _DAY:
            return None
        return f"Outcomes lag {counted(self.lag.days, 'day')}; what changed since {date_words(self.matured.until)} is not visible yet."


def dates(since: datetime, until: datetime) -> str:
    """A stretch of days for people.

    >>> dates(datetime(2026, 10, 2), datetime(2026, 11, 1)), dates(datetime(2026, 10, 2), datetime(2026, 10, 2, 9))
    ('2 Oct 2026 to 1 Nov 2026', '2 Oct 2026')
    """
    first, last = date_words(since), date_words(until)
    return first if first == last else f"{first} to {last}"


def _of(stretch: Stretch) -> str:
    return "" if stretch.since is None or stretch.until is None else f"{dates(stretch.since, stretch.until)}, "


def date_words(moment: datetime) -> str:
    """A day for people: 21 Oct 2026."""
    return f"{moment.day} {moment:%b %Y}"
