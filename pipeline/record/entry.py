"""One row of the ledger, and how it is read from the database."""

import json
from typing import Any

from pydantic import BaseModel
from sqlalchemy import Row

from pipeline.canonical_json import digest_of
from pipeline.errors import IntegrityError

FIRST = "0" * 64  # what the first row holds as the hash of the row before


class Entry(BaseModel, frozen=True, extra="forbid"):
    """One row. `hash` is the sha256 over all the other fields; `previous` is the hash of row `seq - 1`."""

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
        return digest_of(self.model_dump(exclude={"hash"}))


def entry_of(row: Row[Any]) -> Entry:
    """The row of the database.

    Raises:
        IntegrityError: it is none.
    """
    try:
        return Entry(**{**row._mapping, "body": json.loads(row.body)})
    except (ValueError, TypeError, RecursionError) as error:
        raise IntegrityError(f"Row {row.seq} of the ledger is no row any more.", "Compare it with .churnops/ledger.jsonl.") from error
