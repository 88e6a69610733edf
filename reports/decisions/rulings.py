"""What people rule about cases and data, written down with who and when. The only writers of it: import contracts keep tools and operators out."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Insert, select

from pipeline.clock import stamp
from pipeline.drift.summary import DriftSummary
from pipeline.errors import ChurnopsError, DataError
from pipeline.record.cases import Case, Override, RuledCause
from pipeline.record.ledger import Kind
from pipeline.record.opened_workspace import Opened
from pipeline.rulings.acknowledgements import Acknowledgement, Shift, recorded_acknowledgements
from pipeline.rulings.exclusions import RecordedExclusion, recorded_exclusions
from pipeline.rulings.holds import Hold, recorded_holds, standing_holds
from pipeline.rulings.imported_events import ImportedEvent
from pipeline.rulings.noted_events import LONGEST_NAME, Event, recorded_events
from pipeline.state.holds_table import holds
from pipeline.state.ruling_tables import acknowledgements, events, exclusions
from pipeline.words import STATUSES

LONGEST_REASON = 500


def overrule(opened: Opened, case_id: str, cause: RuledCause, reason: str) -> Case:
    """Put a person's word over the diagnosis of one case; a case that had ended without a challenger goes on.

    Raises:
        ChurnopsError: the case has a challenger or was decided on, or no reason is given.
    """
    said, at = stated(reason, "reason", LONGEST_REASON), opened.clock()
    override = Override(cause=cause, reason=said, by=opened.person, at=at)
    with opened.state.write() as connection:
        before = opened.cases.get(case_id)
        if before.kind != "triage" or before.challenger is not None:
            raise ChurnopsError(
                f"Case {case_id} has no open question of what happened.",
                "Only a triage without a challenger can be overruled; approve or reject a challenger with `churnops reports`.",
            )
        case = opened.cases.move_in(
            connection,
            case_id,
            ("open", "partial", "needs_people", "no_deploy_needed", "not_enough_data"),
            status="open",
            override=override,
        )
        overruled = before.diagnosis.cause if before.diagnosis else None
        body = {**override.model_dump(mode="json", exclude={"at"}), "overruled": overruled}
        opened.ledger.append_in(connection, at, "overruled", case_id, body)
    opened.ledger.catch_up()
    return case


def require_ended(case: Case) -> DriftSummary:
    """The drift of a case that may be acknowledged.

    Raises:
        ChurnopsError: it has no report or no verdict on drift, or a challenger of it waits or was deployed.
    """
    if case.report is None or case.drift is None or case.drift.share is None or case.status not in _ENDED:
        raise ChurnopsError(
            f"Case {case.case_id} has no finding to acknowledge (status: {STATUSES[case.status]}).",
            "Let `churnops triage` end with a verdict on drift, and decide on a challenger first.",
        )
    return case.drift


def acknowledge(opened: Opened, case: Case, shift: Shift, until: datetime | None, reason: str) -> Acknowledgement:
    """Take note of the shift that a case was about: the same shift opens no further one.

    Raises:
        ChurnopsError: as `require_ended`; `until` has passed, or no reason is given.
    """
    require_ended(case)
    said = stated(reason, "reason", LONGEST_REASON)
    if until is not None and until <= opened.clock():
        raise DataError(f"{until:%Y-%m-%d %H:%M} UTC has passed.", "Give a later --until, or leave it out.")
    values = {
        "case_id": case.case_id,
        "champion": case.champion.digest,
        "until": None if until is None else stamp(until),
        "reason": said,
        "shift": shift.model_dump(mode="json"),
    }
    _write(opened, acknowledgements.insert(), values, "acknowledged", case.case_id)
    return recorded_acknowledgements(opened.state)[0]


def note_event(opened: Opened, name: str, since: datetime, until: datetime) -> Event:
    """Write down that something happened.

    Raises:
        ChurnopsError: it ends before it begins, or the name is empty or too long.
    """
    _check_span(since, until)
    number = _write(
        opened, events.insert(), {"name": stated(name, "name", LONGEST_NAME), "since": stamp(since), "until": stamp(until)}, "noted"
    )
    return next(event for event in recorded_events(opened.state) if event.number == number)


def import_events(opened: Opened, found: Sequence[ImportedEvent], origin: str) -> int:
    """Write down events that other tools told, all or none; those that are there already are not written again. Returns how many are new."""
    at = opened.clock()
    with opened.state.write() as connection:
        rows = connection.execute(select(events.c.kind, events.c.name, events.c.since)).all()
        known = {(kind, name, since) for kind, name, since in rows}
        new = {key: event for event in found if (key := (event.kind, event.name, stamp(event.since))) not in known}
        if not new:
            return 0
        values = [
            {
                "kind": kind,
                "name": name,
                "since": since,
                "until": stamp(event.until),
                "origin": origin,
                "at": stamp(at),
                "by": opened.person,
            }
            for (kind, name, since), event in new.items()
        ]
        connection.execute(events.insert(), values)
        opened.ledger.append_in(connection, at, "noted", None, {"imported": len(new), "origin": origin, "by": opened.person})
    opened.ledger.catch_up()
    return len(new)


def exclude(opened: Opened, since: datetime, until: datetime, where: tuple[str, str] | None, reason: str) -> RecordedExclusion:
    """Keep rows of `since` <= scoring time < `until`, and of those the ones with a feature's value, out of everything from now on.

    Raises:
        ChurnopsError: the span ends before it begins, `where` names no feature, or no reason is given.
    """
    _check_span(since, until)
    features = opened.settings.data.columns.features
    if where is not None and where[0] not in features:
        raise DataError(f"`{where[0]}` is no feature.", f"Features are {', '.join(features)}.")
    column, value = where or (None, None)
    values = {"since": stamp(since), "until": stamp(until), "column": column, "value": value}
    number = _write(opened, exclusions.insert(), {**values, "reason": stated(reason, "reason", LONGEST_REASON)}, "excluded")
    return recorded_exclusions(opened.state)[number - 1]


def include(opened: Opened, number: int) -> RecordedExclusion:
    """Take rows back in that an exclusion left out.

    Raises:
        ChurnopsError: there is no such exclusion, or it ended already.
    """
    at = opened.clock()
    with opened.state.write() as connection:
        ended = connection.execute(
            exclusions.update()
            .where(exclusions.c.number == number, exclusions.c.ended_at.is_(None))
            .values(ended_at=stamp(at), ended_by=opened.person)
        )
        if ended.rowcount == 0:
            raise ChurnopsError(f"No exclusion {number} is in force.", "`churnops window list` shows them.")
        opened.ledger.append_in(connection, at, "included", None, {"number": number, "by": opened.person})
    opened.ledger.catch_up()
    return recorded_exclusions(opened.state)[number - 1]


def hold(opened: Opened, case_id: str) -> Hold:
    """Send no list while this case is open, whatever it is about. One that is held already stays so."""
    standing = next((one for one in standing_holds(opened.state) if one.case_id == case_id), None)
    if standing is not None:
        return standing
    number = _write(opened, holds.insert(), {"case_id": case_id}, "held", case_id)
    return next(one for one in recorded_holds(opened.state) if one.number == number)


def release(opened: Opened, case_id: str) -> Hold:
    """End the hold of a case.

    Raises:
        ChurnopsError: nothing is held for it.
    """
    at = opened.clock()
    with opened.state.write() as connection:
        ended = connection.execute(
            holds.update().where(holds.c.case_id == case_id, holds.c.ended_at.is_(None)).values(ended_at=stamp(at), ended_by=opened.person)
        )
        if ended.rowcount == 0:
            raise ChurnopsError(f"No list is held for case {case_id}.", "`churnops hold CASE` holds lists back.")
        opened.ledger.append_in(connection, at, "released", case_id, {"by": opened.person})
    opened.ledger.catch_up()
    return next(one for one in reversed(recorded_holds(opened.state)) if one.case_id == case_id)


_ENDED = ("needs_people", "no_deploy_needed", "rejected")


def _write(opened: Opened, insert: Insert, values: dict[str, Any], kind: Kind, case_id: str | None = None) -> int:
    """One row and its row of the ledger, in one transaction; returns its number."""
    at = opened.clock()
    with opened.state.write() as connection:
        inserted = connection.execute(insert.values(**values, at=stamp(at), by=opened.person)).inserted_primary_key
        assert inserted is not None  # one row was inserted
        number = int(inserted[0])
        opened.ledger.append_in(connection, at, kind, case_id, {"number": number, **values, "by": opened.person})
    opened.ledger.catch_up()
    return number


def _check_span(since: datetime, until: datetime) -> None:
    if until <= since:
        raise DataError(f"The span ends at {until:%Y-%m-%d %H:%M} UTC, not after its start.", "Give a later end.")


def stated(text: str, what: str, longest: int) -> str:
    """What a person gave as a reason or a name, on one line.

    Raises:
        ChurnopsError: it is empty, or longer than `longest` characters.
    """
    clean = " ".join("".join(character if character.isprintable() else " " for character in text).split())
    if not clean:
        raise ChurnopsError(f"The {what} is empty.", "Whoever reads this later needs it.")
    if len(clean) > longest:
        raise ChurnopsError(f"The {what} has {len(clean)} characters.", f"At most {longest}, please.")
    return clean
