"""Whether a list of customers may go out: not while its scores rest on broken columns, nor while a person holds lists back.

A broken column makes a list wrong from top to bottom, and nobody sees it in the list. One answer to one person at a counter still goes out.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from pipeline.errors import ListHeld
from pipeline.record.cases import Case, concluded
from pipeline.record.opened_workspace import Opened
from pipeline.rulings.acknowledgements import recorded_acknowledgements
from pipeline.rulings.holds import standing_holds
from pipeline.shown_text import plain

_NEWEST = 50  # cases that are looked at: a later verdict on the same rows replaces an earlier one long before
_NAMED = 5  # columns in a sentence


@dataclass(frozen=True)
class Stop:
    """Why no list goes out. `columns`: the broken ones that the champion uses, none where a person holds lists back or whole rows are broken;
    `owners`: whom to ask."""

    case_id: str
    held_by: str | None
    columns: tuple[str, ...]
    owners: tuple[str, ...] = ()

    @property
    def said(self) -> str:
        """For people, as a part of a sentence."""
        if self.held_by is not None:
            return f"{plain(self.held_by) or 'a person'} holds lists back for case {self.case_id}"
        more = f" and {len(self.columns) - _NAMED} more" if len(self.columns) > _NAMED else ""
        what = ", ".join(f"`{plain(column)}`" for column in self.columns[:_NAMED]) + more if self.columns else "rows"
        asked = f" (ask {', '.join(plain(owner, 200) for owner in self.owners)})" if self.owners else ""
        return f"case {self.case_id} found {what} broken{asked}"


def stops(opened: Opened, features: Collection[str]) -> tuple[Stop, ...]:
    """What keeps lists of a champion with these `features` back now, once a case; a person's hold goes before what the case found."""
    holds = (Stop(hold.case_id, hold.by, ()) for hold in standing_holds(opened.state))
    return tuple({stop.case_id: stop for stop in chain(_faults(opened, features), holds)}.values())


def check_list(opened: Opened, features: Collection[str], despite: Collection[str], rows: int) -> None:
    """May a list of so many `rows` go out? Where it does `despite` what cases say, that goes into the ledger.

    Raises:
        ListHeld: a case that `despite` does not name keeps it back.
    """
    found = stops(opened, features)
    left = [stop for stop in found if stop.case_id not in despite]
    if left:
        on = " ".join(f"--despite {stop.case_id}" for stop in left)
        raise ListHeld(
            f"No list is sent: {'; '.join(stop.said for stop in left)}.",
            f"{_next_step(left)}, or go on with `{on}`.",
            tuple(stop.case_id for stop in left),
        )
    for stop in found:
        body = {"rows": rows, "columns": list(stop.columns), "by": opened.person}
        opened.ledger.append(opened.clock(), "went_on", stop.case_id, body)


def _next_step(left: Sequence[Stop]) -> str:
    ends = [f"end the hold with `churnops hold {stop.case_id} --end`" for stop in left if stop.held_by is not None]
    mends = ["run `churnops triage` once the data are fixed"] if len(ends) < len(left) else []
    said = " and ".join((*mends, *ends))
    return said[0].upper() + said[1:]


def _faults(opened: Opened, features: Collection[str]) -> Iterator[Stop]:
    noted = {known.case_id for known in recorded_acknowledgements(opened.state)}
    later: list[Case] = []
    for case in opened.cases.newest(_NEWEST):
        found = concluded(case)
        if case.kind != "triage" or found is None or case.window is None:
            continue
        if not any(_replaces(one, case) for one in later) and case.case_id not in noted and "data_fault" in (found.cause, found.also):
            told = [finding.column for finding in found.findings if finding.notable and "data_fault" in finding.argues_for]
            columns = dict.fromkeys(column for column in (found.column, *told) if column is not None)
            used = tuple(column for column in columns if column in features)
            if used or not columns:
                yield Stop(case.case_id, None, used, found.owners)
        later.append(case)


def _replaces(later: Case, earlier: Case) -> bool:
    """Whether a later case speaks of the rows of an earlier one, or of newer ones."""
    assert later.window is not None and earlier.window is not None  # asked before
    if later.window.source == earlier.window.source:
        return True
    return later.window.until is not None and earlier.window.until is not None and later.window.until >= earlier.window.until
