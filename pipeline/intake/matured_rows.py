"""The matured window of a log: back from its newest row until enough customers have a known outcome, whatever the age of their rows."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pipeline.clock import moment
from pipeline.errors import DataError
from pipeline.intake.feature_start import with_all_features
from pipeline.profiles.counting import last_time
from pipeline.record.champion import Champion
from pipeline.record.ledger import MOVES
from pipeline.record.opened_workspace import Opened
from pipeline.sources.source import Exclusion, Files, Restriction
from pipeline.tables.schema import Schema
from pipeline.windows.window import Labelled, Window

_SAME_CUSTOMERS = 1.1  # at most so many times the customers where twice the time was read: a base scored again and again has no more


@dataclass(frozen=True)
class OlderRows:
    """How a log is read further back: its labelled rows among those that are meant, and when its first row was scored (None where nobody
    knows). `tick`: the shortest time between two rows that the log resolves."""

    labelled: Callable[[Restriction], Labelled]
    oldest: Callable[[], datetime | None]
    tick: timedelta


def with_matured(opened: Opened, champion: Champion, window: Window, older: OlderRows) -> Window:
    """The window with known outcomes of older rows too, where its own are of fewer customers than `[window] minimum`.

    It goes back to the newest row that the champion's case trained and tested it on, for these would flatter it; to its deployment where no case
    says which rows these were, and never to rows from before a deploy that brought the champion's features. The first champion replaced none; it goes back to the end of its reference, where that has times, else to the
    first row of the log.
    """

    def without(gone: tuple[Exclusion, ...]) -> Window:
        meant = replace(window.restriction, left_out=(*window.restriction.left_out, *gone))
        return with_matured(opened, champion, replace(window, restriction=meant, known=older.labelled(meant)), older)

    return replace(_matured(opened, champion, window, older), read_back=without)


def _matured(opened: Opened, champion: Champion, window: Window, older: OlderRows) -> Window:
    since, until, least = window.restriction.since, window.restriction.until, opened.settings.window.minimum
    found = window.labelled
    if since is None or until is None or _customers(found) >= least:
        return window
    floor = _floor(opened, champion, window.columns, older)
    length = until - since
    while floor is not None and floor < since and _customers(found) < least:
        before = found
        length *= 2
        since = max(floor, until - length)
        found = older.labelled(replace(window.restriction, since=since))
        if len(found.churned) > len(before.churned) > 0 and _customers(found) < _SAME_CUSTOMERS * _customers(before):
            break
    if found.times is None or len(found.churned) == window.labelled_rows:
        return window
    found, first = _newest(found, least)
    assert found.times is not None  # rows of the log, which has times
    meant = replace(
        window.restriction, since=max(since, first - older.tick), until=min(until, found.times.max().to_pydatetime() + older.tick)
    )
    return replace(window, known=found, wider=meant)


def _floor(opened: Opened, champion: Champion, columns: Schema, older: OlderRows) -> datetime | None:
    """The moment after which rows may count."""
    if opened.ledger.last(MOVES, before=champion.ledger_seq) is not None:
        deployed = opened.ledger.entry(champion.ledger_seq)
        taught_until = _taught_until(opened, champion, deployed.case_id) or moment(deployed.at)
        return with_all_features(opened, champion, columns, taught_until)
    end = _reference_end(opened)
    oldest = older.oldest()
    first = None if oldest is None else oldest - older.tick
    return first if end is None or first is None else max(end, first)


def _taught_until(opened: Opened, champion: Champion, case_id: str | None) -> datetime | None:
    """When the newest row was scored that the champion was trained or tested on, by the case it was deployed from."""
    case = None if case_id is None else opened.cases.get(case_id)
    if case is None or case.challenger is None or case.challenger.digest != champion.digest:
        return None
    windows = case.window.windows if case.window else None
    return windows.matured.until if windows else None


def _reference_end(opened: Opened) -> datetime | None:
    columns, file = opened.settings.data.columns, opened.reference_file
    if columns.time is None or not file.is_file():
        return None
    try:
        return last_time(Files(str(file), opened.settings.data.format), columns)
    except DataError:
        return None  # a reference that cannot be read any more is missed elsewhere


def _customers(known: Labelled) -> int:
    return len(known.churned) if known.ids is None else known.ids.nunique()


def _newest(known: Labelled, least: int) -> tuple[Labelled, datetime]:
    """The newest rows of at least so many customers, whole days (UTC) of them, and when the first of these days began."""
    assert known.times is not None  # rows of the log, which has times
    newest = known.times.sort_values(ascending=False, kind="stable")
    customers = newest if known.ids is None else known.ids[newest.index]
    reached = newest[(~customers.duplicated()).cumsum().to_numpy() >= least] if known.ids is not None else newest.iloc[least - 1 :]
    day = (newest.iloc[-1] if reached.empty else reached.iloc[0]).floor("D")
    return known.at((known.times >= day).to_numpy()), day.to_pydatetime()
