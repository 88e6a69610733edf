"""The ledger: append-only rows, each holding the hash of the one before, mirrored to a JSON Lines file for people."""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Connection, Row, select

from pipeline.clock import stamp
from pipeline.errors import IntegrityError
from pipeline.state import State, ledger

Kind = Literal["trained", "gated", "challenged", "reported", "approved", "rejected", "deployed", "refused"]
FIRST = "0" * 64


class Entry(BaseModel):
    """One row. `hash` is the sha256 over all the other fields; `previous` is the hash of row `seq - 1`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seq: int
    at: str
    kind: str
    case_id: str | None
    body: dict[str, Any]
    previous: str
    hash: str

    @property
    def expected_hash(self) -> str:
        """What `hash` must be for the other fields."""
        return hashlib.sha256(_canonical(self.model_dump(exclude={"hash"})).encode()).hexdigest()


class Ledger:
    """The rows in the state database and their mirror."""

    def __init__(self, state: State, mirror: Path) -> None:
        self._state = state
        self._mirror = mirror

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
        draft = Entry(seq=seq, at=stamp(at), kind=kind, case_id=case_id, body=json.loads(_canonical(body)), previous=previous, hash="")
        entry = draft.model_copy(update={"hash": draft.expected_hash})
        connection.execute(ledger.insert().values(**entry.model_dump(exclude={"body"}), body=_canonical(entry.body)))
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
        entry = _entry(row)
        if entry.hash != entry.expected_hash:
            raise IntegrityError(f"Row {seq} of the ledger was changed after it was written.", "Compare it with .churnops/ledger.jsonl.")
        return entry

    def entries(self, case_id: str | None = None) -> tuple[Entry, ...]:
        """All rows, or those of one case, oldest first."""
        query = select(ledger).order_by(ledger.c.seq)
        with self._state.read() as connection:
            return tuple(_entry(row) for row in connection.execute(query if case_id is None else query.where(ledger.c.case_id == case_id)))

    def catch_up(self) -> None:
        """Append to the mirror what the database holds and the mirror does not (a crash between the two leaves such a gap).

        Runs under the database's write lock, so two processes never interleave their lines.
        """
        with self._state.write() as connection:
            mirrored = _last_mirrored(self._mirror)
            rows = connection.execute(select(ledger).where(ledger.c.seq > mirrored).order_by(ledger.c.seq)).all()
            if not rows:
                return
            handle = os.open(self._mirror, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            with os.fdopen(handle, "wb") as stream:
                stream.write(b"".join(_canonical(_entry(row).model_dump()).encode() + b"\n" for row in rows))
                stream.flush()
                os.fsync(stream.fileno())


def _entry(row: Row[Any]) -> Entry:
    return Entry(**{**row._mapping, "body": json.loads(row.body)})


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)


def _last_mirrored(mirror: Path) -> int:
    """Sequence number of the mirror's last whole line; a torn last line (killed while writing) is cut off first."""
    if not mirror.exists():
        return 0
    content = mirror.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if len(whole) != len(content):
        os.truncate(mirror, len(whole))
    if not whole:
        return 0
    last = json.loads(whole.rstrip(b"\n").rpartition(b"\n")[2])
    return int(last["seq"])
