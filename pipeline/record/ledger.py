"""The ledger: append-only rows, each holding the hash of the one before, mirrored to a JSON Lines file for people."""

import json
import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Connection, Row, func, select

from pipeline.atomic_files import make_file, sync_folder
from pipeline.canonical_json import canonical
from pipeline.clock import Clock, stamp, utc_now
from pipeline.errors import IntegrityError
from pipeline.own_file import open_own
from pipeline.record.chain import Chain, check_links
from pipeline.record.entry import FIRST, Entry, entry_of
from pipeline.state.database import State, ledger

Kind = Literal[
    "trained",
    "gated",
    "challenged",
    "reported",
    "approved",
    "rejected",
    "superseded",
    "deployed",
    "rolled_back",
    "refused",
    "overruled",
    "acknowledged",
    "noted",
    "excluded",
    "included",
    "held",
    "released",
    "went_on",
    "outcomes_undone",
    "outcomes_asked",
    "data_accepted",
    "verified",
    "trusted",
    "trust_changed",
    "requested",
    "clock_corrected",
    "forgotten",
]
MOVES: tuple[Kind, ...] = ("deployed", "rolled_back")
MODELS: tuple[Kind, ...] = ("challenged", *MOVES)  # what names the digest of a model
_TAIL_BYTES = 1 << 16


class Ledger:
    """The rows in the state database and their mirror. By `clock` the times of its signatures are judged."""

    def __init__(self, state: State, mirror: Path, clock: Clock = utc_now) -> None:
        self._state = state
        self._mirror = mirror
        self.clock = clock

    def append(self, at: datetime, kind: Kind, case_id: str | None, body: Mapping[str, Any]) -> Entry:
        """Write one row in a transaction of its own, then mirror it. It is durable when this returns."""
        with self._state.write() as connection:
            entry = self.append_in(connection, at, kind, case_id, body)
        self.catch_up()
        return entry

    def append_in(self, connection: Connection, at: datetime, kind: Kind, case_id: str | None, body: Mapping[str, Any]) -> Entry:
        """Write one row inside the caller's write transaction; call `catch_up` after its commit."""
        last = connection.execute(select(ledger.c.seq, ledger.c.hash).order_by(ledger.c.seq.desc()).limit(1)).first()
        seq, previous = (last.seq + 1, last.hash) if last else (1, FIRST)
        draft = Entry(seq=seq, at=stamp(at), kind=kind, case_id=case_id, body=json.loads(canonical(body)), previous=previous, hash="")
        entry = draft.model_copy(update={"hash": draft.expected_hash})
        connection.execute(ledger.insert().values(**entry.model_dump(exclude={"body"}), body=canonical(entry.body)))
        return entry

    @contextmanager
    def held(self) -> Iterator[None]:
        """While the block runs, nobody appends."""
        with self._state.write():
            yield

    def entry(self, seq: int) -> Entry:
        """Row `seq`, its own hash checked.

        Raises:
            IntegrityError: there is no such row, or its content does not fit its hash.
        """
        with self._state.read() as connection:
            row = connection.execute(select(ledger).where(ledger.c.seq == seq)).first()
        if row is None:
            raise IntegrityError(f"The ledger has no row {seq}.", "Something removed it; look at .churnops/ledger.jsonl and the backups.")
        return _checked(row)

    def last(self, kinds: Collection[Kind], before: int | None = None) -> Entry | None:
        """The newest row of one of `kinds`, or the newest with a number below `before`; its own hash checked.

        Raises:
            IntegrityError: its content does not fit its hash.
        """
        with self._state.read() as connection:
            return self.last_in(connection, kinds, before)

    def last_in(self, connection: Connection, kinds: Collection[Kind], before: int | None = None) -> Entry | None:
        """As `last`, inside the caller's transaction."""
        query = select(ledger).where(ledger.c.kind.in_(kinds)).order_by(ledger.c.seq.desc()).limit(1)
        row = connection.execute(query if before is None else query.where(ledger.c.seq < before)).first()
        return None if row is None else _checked(row)

    def last_number(self, kinds: Collection[Kind]) -> int | None:
        """The number of the newest row of one of `kinds`, and nothing else of it."""
        with self._state.read() as connection:
            return connection.execute(select(func.max(ledger.c.seq)).where(ledger.c.kind.in_(kinds))).scalar()

    def entries(self, case_id: str | None = None) -> tuple[Entry, ...]:
        """All rows, or those of one case, oldest first."""
        query = select(ledger).order_by(ledger.c.seq)
        return self._rows(query if case_id is None else query.where(ledger.c.case_id == case_id))

    def newest_rows(self, most: int, before: int | None = None) -> tuple[Entry, ...]:
        """At most so many rows, newest first, with numbers below `before`."""
        query = select(ledger).order_by(ledger.c.seq.desc()).limit(most)
        return self._rows(query if before is None else query.where(ledger.c.seq < before))

    def of_kind(self, kind: Kind) -> tuple[Entry, ...]:
        """All rows of one kind, oldest first."""
        return self._rows(select(ledger).where(ledger.c.kind == kind).order_by(ledger.c.seq))

    def models(self) -> set[str]:
        """The digests of all models it names."""
        rows = self._rows(select(ledger).where(ledger.c.kind.in_(MODELS)))
        return {str(entry.body.get("digest")) for entry in rows}

    def chain(self, kinds: Collection[Kind] = ()) -> Chain:
        """The whole ledger, checked from its first row, with the rows of `kinds`.

        Raises:
            IntegrityError: a row was changed, removed or inserted, or the mirror has rows that the database lost.
        """
        seq, known = _mirror_head(self._mirror)  # before the database, which is never behind it
        with self._state.read() as connection:
            chain = check_links(connection.execute(select(ledger).order_by(ledger.c.seq)), kinds)
        if seq and chain.row_of(f"{seq}:{known}") is None:
            raise _differ(seq, len(chain.hashes))
        return chain

    def newest(self) -> tuple[int, str] | None:
        """Number and time (as stored) of the row with the latest time, of those since a person last corrected the clock; None without rows."""
        with self._state.read() as connection:
            corrected = connection.execute(select(func.max(ledger.c.seq)).where(ledger.c.kind == "clock_corrected")).scalar() or 0
            since = select(ledger.c.seq, ledger.c.at).where(ledger.c.seq >= corrected)
            row = connection.execute(since.order_by(ledger.c.at.desc(), ledger.c.seq.desc()).limit(1)).first()
        return None if row is None else (row.seq, row.at)

    def lines(self) -> tuple[str, ...]:
        """All rows as the mirror spells them, but with the body as it stands in the database, oldest first."""
        with self._state.read() as connection:
            return tuple(_line(row) for row in connection.execute(select(ledger).order_by(ledger.c.seq)))

    def catch_up(self) -> None:
        """Append to the mirror what the database holds and the mirror does not (a crash between the two leaves such a gap).

        Runs under the database's write lock, so two processes never interleave their lines.

        Raises:
            IntegrityError: the mirror's last row is not the database's: one of the two was changed behind our back.
        """
        with self._state.write() as connection:
            _cut_torn_line(self._mirror)
            seq, known = _mirror_head(self._mirror)
            there = connection.execute(select(ledger.c.hash).where(ledger.c.seq == seq)).scalar() if seq else known
            if there != known:
                newest = connection.execute(select(func.max(ledger.c.seq))).scalar() or 0
                raise _differ(seq, newest)
            rows = connection.execute(select(ledger).where(ledger.c.seq > seq).order_by(ledger.c.seq)).all()
            if not rows:
                return
            make_file(self._mirror)
            handle = open_own(self._mirror, os.O_WRONLY | os.O_APPEND)
            with os.fdopen(handle, "wb") as stream:
                stream.write(b"".join(_line(row).encode() + b"\n" for row in rows))
                stream.flush()
                os.fsync(stream.fileno())
            if not seq:
                sync_folder(self._mirror.parent)

    def _rows(self, query: Any) -> tuple[Entry, ...]:
        with self._state.read() as connection:
            return tuple(entry_of(row) for row in connection.execute(query))


def _checked(row: Row[Any]) -> Entry:
    entry = entry_of(row)
    if entry.hash != entry.expected_hash:
        raise IntegrityError(f"Row {entry.seq} of the ledger was changed after it was written.", "Compare it with .churnops/ledger.jsonl.")
    return entry


def _line(row: Row[Any]) -> str:
    """The row in canonical spelling. The body is taken letter for letter, so that a change which JSON would forgive shows, too."""
    spelled = {name: value if name == "body" else canonical(value) for name, value in row._mapping.items()}
    return "{" + ",".join(f'"{name}":{spelled[name]}' for name in sorted(spelled)) + "}"


def _differ(row: int, newest: int) -> IntegrityError:
    return IntegrityError(
        f"The ledger and its mirror differ at row {row}; the database ends with row {newest}.",
        "Run `churnops reports verify`, find out who wrote to .churnops, and restore it from a backup.",
    )


def _mirror_head(mirror: Path) -> tuple[int, str]:
    """Number and hash of the mirror's last whole line, (0, "") without one."""
    whole = _tail(mirror).rpartition(b"\n")[0]
    if not whole:
        return 0, ""
    try:
        last = json.loads(whole.rpartition(b"\n")[2])
        return int(last["seq"]), str(last["hash"])
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise IntegrityError(f"The last line of {mirror} is no row of a ledger.", "Restore it from a backup.") from error


def _cut_torn_line(mirror: Path) -> None:
    """Cut off what a process that was killed while writing left without its end."""
    torn = len(_tail(mirror).rpartition(b"\n")[2])
    if torn:
        os.truncate(mirror, mirror.stat().st_size - torn)


def _tail(mirror: Path) -> bytes:
    """The end of the mirror: its last whole line at least, and what follows it."""
    try:
        stream = os.fdopen(open_own(mirror), "rb")
    except FileNotFoundError:
        return b""
    with stream:
        size, tail = os.fstat(stream.fileno()).st_size, b""
        while size > len(tail) and tail.count(b"\n") < 2:
            start = max(0, size - len(tail) - _TAIL_BYTES)
            stream.seek(start)
            tail = stream.read(size - start)
    return tail
