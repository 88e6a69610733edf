"""Does the record still say what it said? Chain, mirror, pointer, reports, artifacts and signatures, each checked against the others.

What cannot be seen from here: last entries missing in the database and the mirror alike, with the champion's pointer put back, or a ledger written
anew. A head kept elsewhere, by a person or in the anchor, shows that, too.
"""

import json
import os
from collections.abc import Iterator

from pydantic import BaseModel, ValidationError

from pipeline.atomic_files import digest_of_file
from pipeline.canonical_json import canonical
from pipeline.errors import ChurnopsError, IntegrityError
from pipeline.models.artifact import open_artifact
from pipeline.own_file import open_own
from pipeline.record.authority import UnsealedRow, require_authority
from pipeline.record.champion import champion_of, read_pointer
from pipeline.record.entry import FIRST, Entry
from pipeline.record.ledger import MOVES
from pipeline.record.opened_workspace import Opened
from pipeline.words import STATUSES
from reports.filing import written_report

_DECIDED = ("approved", "rejected")


class Problem(BaseModel, frozen=True):
    """One thing that is not as it was written. `row` is the ledger's, where it concerns one."""

    what: str
    row: int | None
    said: str


class Verification(BaseModel, frozen=True):
    """What was found. `head` is `NUMBER:HASH` of the newest row: kept elsewhere, it shows later whether the tail was cut off."""

    ok: bool
    rows: int
    head: str | None
    first_bad_row: int | None
    problems: tuple[Problem, ...]


def verify(opened: Opened, known_head: str = "", deployed: str = "") -> Verification:
    """Check everything that a workspace's ledger vouches for; a mirror that merely lags is completed first.

    Args:
        opened: the workspace.
        known_head: `NUMBER:HASH` of a row as it was noted elsewhere, or empty.
        deployed: digest of the model that a person's word, by the ledger, made the champion; or empty.
    """
    problems: list[Problem] = []
    try:
        opened.ledger.catch_up()
    except IntegrityError as error:
        problems.append(_problem("mirror", None, error))
    lines = opened.ledger.lines()
    entries, broken = check_chain(lines)
    problems += broken
    problems += _mirror(lines, _read_mirror(opened))
    problems += _known_head(entries, known_head)
    if not broken:  # what a broken chain says is not worth checking
        for check in (check_authority, _pointer, _reports, _artifacts, _cases):
            problems += check(opened, entries)
        problems += _deployed(entries, deployed)
    bad = [problem.row for problem in problems if problem.row is not None]
    head = f"{entries[-1].seq}:{entries[-1].hash}" if entries else None
    return Verification(ok=not problems, rows=len(lines), head=head, first_bad_row=min(bad, default=None), problems=tuple(problems))


def _deployed(entries: tuple[Entry, ...], digest: str) -> Iterator[Problem]:
    """Whether the newest move in the ledger is to the model with this digest; a first champion was a person's, too."""
    if not digest:
        return
    move = next((entry for entry in reversed(entries) if entry.kind in MOVES), None)
    made = champion_of(move) if move else None
    if made is None or made.digest != digest:
        serves = f"version {made.version} ({made.digest}) serves" if made else "no model serves"
        yield Problem(what="deployed", row=move.seq if move else None, said=f"By the ledger {serves}, not {digest[:80]}.")


def check_chain(lines: tuple[str, ...]) -> tuple[tuple[Entry, ...], list[Problem]]:
    """The rows up to the first that is not as it was written, and what is wrong with that one."""
    good: list[Entry] = []
    previous = FIRST
    for number, line in enumerate(lines, start=1):
        try:
            entry = Entry(**json.loads(line))
        except (ValueError, TypeError, RecursionError, ValidationError):
            return tuple(good), [Problem(what="chain", row=number, said=f"Row {number} is no row of a ledger any more.")]
        if entry.seq != number:
            return tuple(good), [Problem(what="chain", row=number, said=f"Row {number} is missing; row {entry.seq} stands in its place.")]
        wrong = {
            "its content does not fit its hash": entry.hash != entry.expected_hash,
            "`previous` is not the hash of the row before": entry.previous != previous,
            "it is spelled otherwise than it was written": line != canonical(entry.model_dump()),
        }
        found = [said for said, is_wrong in wrong.items() if is_wrong]
        if found:
            return tuple(good), [Problem(what="chain", row=number, said=f"Row {number} ({entry.kind}): {'; '.join(found)}.")]
        good.append(entry)
        previous = entry.hash
    return tuple(good), []


def _read_mirror(opened: Opened) -> tuple[str, ...]:
    try:
        with os.fdopen(open_own(opened.workspace.ledger_mirror), "rb") as stream:
            return tuple(stream.read().decode("utf-8", errors="replace").split("\n")[:-1])
    except FileNotFoundError:
        return ()


def _mirror(lines: tuple[str, ...], mirrored: tuple[str, ...]) -> Iterator[Problem]:
    """The first row that database and mirror do not say alike."""
    for number, (ours, theirs) in enumerate(zip(lines, mirrored, strict=False), start=1):
        if ours != theirs:
            yield Problem(
                what="mirror", row=number, said=f"Row {number}: database and mirror differ in {', '.join(_fields(ours, theirs))}."
            )
            return
    if len(mirrored) > len(lines):
        number = len(lines) + 1
        yield Problem(what="mirror", row=number, said=f"The mirror has {len(mirrored)} rows, the database lost those from {number} on.")
    elif len(mirrored) < len(lines):
        number = len(mirrored) + 1
        yield Problem(what="mirror", row=number, said=f"The mirror lacks the rows from {number} on.")


def _fields(ours: str, theirs: str) -> list[str]:
    try:
        one, other = json.loads(ours), json.loads(theirs)
        return sorted(name for name in {*one, *other} if one.get(name) != other.get(name)) or ["spelling"]
    except (ValueError, TypeError, AttributeError, RecursionError):
        return ["everything: one of them is no row"]


def _known_head(entries: tuple[Entry, ...], known: str) -> Iterator[Problem]:
    if not known:
        return
    number, _, digest = known.partition(":")
    if not (number.isdecimal() and digest):
        raise ChurnopsError(f"{known[:80]!r} is no head of a ledger.", "It looks like 41:9f86d0…, as `churnops reports verify` prints it.")
    row = int(number)
    if row > len(entries) or row < 1 or entries[row - 1].hash != digest:
        yield Problem(what="head", row=row, said=f"Row {row} is gone, or not the one whose hash was noted elsewhere.")


def check_authority(opened: Opened, _: tuple[Entry, ...] = ()) -> Iterator[Problem]:
    """Who may approve, approvals, moves and corrections are sealed by somebody who might, for this ledger, and used once."""
    try:
        require_authority(opened.workspace, opened.ledger)
    except UnsealedRow as error:
        yield _problem("approval", error.row, error)
    except ChurnopsError as error:
        yield _problem("trust", None, error)


def _pointer(opened: Opened, entries: tuple[Entry, ...]) -> Iterator[Problem]:
    try:
        pointer = read_pointer(opened.workspace)
    except IntegrityError as error:
        yield _problem("pointer", None, error)
        return
    head = opened.ledger.last(MOVES)
    made = champion_of(head) if head else None
    # Of hosts that share no disk each has a file of its own, which may lag behind what another one deployed.
    lags = pointer is None or any(pointer == champion_of(entry) for entry in entries)
    if pointer == made or (lags and opened.workspace.shared is not None):
        return
    if pointer is None:
        yield Problem(what="pointer", row=None, said="The champion pointer is gone.")
    elif made is None or pointer.ledger_seq > made.ledger_seq:
        yield Problem(
            what="pointer", row=pointer.ledger_seq, said=f"The pointer names row {pointer.ledger_seq}, which deployed nothing or is gone."
        )
    else:
        yield Problem(what="pointer", row=pointer.ledger_seq, said=f"The pointer names version {pointer.version}, not {made.version}.")


def _reports(opened: Opened, entries: tuple[Entry, ...]) -> Iterator[Problem]:
    latest = {entry.case_id: entry for entry in entries if entry.kind == "reported" and entry.case_id}
    for case_id, entry in latest.items():
        path = written_report(opened, str(case_id), str(entry.body.get("report")))
        if not path.is_file():
            yield Problem(what="report", row=entry.seq, said=f"The report {path.name} is gone.")
        elif digest_of_file(path) != entry.body.get("report"):
            yield Problem(what="report", row=entry.seq, said=f"The report {path.name} was changed after it was written.")


def _artifacts(opened: Opened, entries: tuple[Entry, ...]) -> Iterator[Problem]:
    latest = {str(entry.body.get("digest")): entry for entry in entries if entry.kind in {"challenged", *MOVES}}
    for digest, entry in latest.items():
        try:
            open_artifact(opened.workspace, digest)
        except ChurnopsError as error:
            yield _problem("artifact", entry.seq, error)


def _cases(opened: Opened, entries: tuple[Entry, ...]) -> Iterator[Problem]:
    """Cases say what the ledger says: a case that was decided or reported has the row."""
    rows = {(entry.case_id, entry.kind): entry for entry in entries}
    cases = {case.case_id: case for case in opened.cases.all()}
    for case in cases.values():
        reported = rows.get((case.case_id, "reported"))
        if case.report is not None and (reported is None or reported.body.get("report") != case.report.sha256):
            yield Problem(what="case", row=None, said=f"Case {case.case_id} names a report that the ledger does not know.")
        for decided in _DECIDED:
            row = rows.get((case.case_id, decided))
            if (row is not None) != (case.status == decided):
                said = f"Case {case.case_id} has status “{STATUSES[case.status]}”, and the ledger says otherwise."
                yield Problem(what="case", row=row.seq if row else None, said=said)
    for case_id in sorted({entry.case_id for entry in entries if entry.kind == "reported" and entry.case_id} - set(cases)):
        yield Problem(what="case", row=None, said=f"Case {case_id} is gone.")


def _problem(what: str, row: int | None, error: ChurnopsError) -> Problem:
    return Problem(what=what, row=row, said=error.problem)
