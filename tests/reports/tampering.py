"""A program with file access at work: the ledger's rows in the database and the mirror, written as our own code would write them."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import Any

from pipeline.canonical_json import canonical
from pipeline.record.entry import FIRST, Entry
from pipeline.record.opened_workspace import Opened

Row = dict[str, Any]


def rows_of(opened: Opened) -> list[Row]:
    """The rows, bodies as objects."""
    return [entry.model_dump() for entry in opened.ledger.entries()]


def chained(rows: list[Row]) -> list[Row]:
    """The rows numbered and hashed anew, so that each holds the hash of the one before."""
    made, previous = [], FIRST
    for number, row in enumerate(rows, start=1):
        entry = Entry(**{**row, "seq": number, "previous": previous})
        entry = entry.model_copy(update={"hash": entry.expected_hash})
        made.append(entry.model_dump())
        previous = entry.hash
    return made


def write_ledger(opened: Opened, rows: list[Row]) -> None:
    """Put `rows` in the place of the ledger's, mirror included, and let the pointer name the newest move among them."""
    with closing(sqlite3.connect(opened.workspace.state_db)) as connection, connection:
        connection.execute("DELETE FROM ledger")
        for row in rows:
            values = {**row, "body": canonical(row["body"])}
            connection.execute(f"INSERT INTO ledger ({', '.join(values)}) VALUES ({', '.join('?' * len(values))})", list(values.values()))
    opened.workspace.ledger_mirror.write_text("".join(f"{canonical(row)}\n" for row in rows))
    moves = [row for row in rows if row["kind"] in {"deployed", "rolled_back"}]
    if moves:
        pointer = {"version": moves[-1]["body"]["version"], "digest": moves[-1]["body"]["digest"]}
        pointer |= {"ledger_seq": moves[-1]["seq"], "ledger_hash": moves[-1]["hash"]}
        opened.workspace.champion_pointer.write_text(json.dumps(pointer))


def edited(rows: list[Row], where: Callable[[Row], bool], change: Callable[[Row], Row]) -> list[Row]:
    """The rows with the first one that `where` finds changed."""
    place = next(number for number, row in enumerate(rows) if where(row))
    return [*rows[:place], change(rows[place]), *rows[place + 1 :]]
