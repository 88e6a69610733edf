"""`reports verify` names the first row that is not as it was written, whoever wrote to the database, the mirror or the files."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from pipeline.canonical_json import canonical
from pipeline.record.entry import Entry
from reports.decisions.verification import Verification, verify
from tests.end_to_end.command_line import CommandLine
from tests.reports.waiting import Waiting, approve_case

Rows = list[dict[str, object]]


@pytest.fixture
def decided(waiting: Waiting) -> Waiting:
    """One case approved, one waiting: rows of every common kind."""
    approve_case(waiting.opened, waiting.ours)
    return waiting


def database(waiting: Waiting) -> Path:
    return waiting.opened.workspace.state_db


def rows_of(waiting: Waiting) -> Rows:
    with closing(sqlite3.connect(database(waiting))) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute("SELECT * FROM ledger ORDER BY seq")]


def rewrite(waiting: Waiting, rows: Rows) -> None:
    """Put `rows` in the place of the ledger's."""
    with closing(sqlite3.connect(database(waiting))) as connection, connection:
        connection.execute("DELETE FROM ledger")
        for row in rows:
            names = ", ".join(f'"{name}"' for name in row)
            connection.execute(f"INSERT INTO ledger ({names}) VALUES ({', '.join('?' * len(row))})", list(row.values()))


def mirror(waiting: Waiting, rows: Rows) -> None:
    lines = [
        "{" + ",".join(f'"{name}":{row[name] if name == "body" else canonical(row[name])}' for name in sorted(row)) + "}\n" for row in rows
    ]
    waiting.opened.workspace.ledger_mirror.write_text("".join(lines))


def rehash(row: dict[str, object], **changes: object) -> dict[str, object]:
    """A changed row whose own hash fits again."""
    changed = {**row, **changes}
    entry = Entry(**{**changed, "body": json.loads(str(changed["body"]))})  # type: ignore[arg-type]
    return {**changed, "hash": entry.expected_hash}


def edited(rows: Rows, at: int) -> Rows:
    return [*rows[:at], {**rows[at], "body": str(rows[at]["body"])[:-1] + ',"z":1}'}, *rows[at + 1 :]]


def edited_and_hashed(rows: Rows, at: int) -> Rows:
    return [*rows[:at], rehash(rows[at], body=canonical({**json.loads(str(rows[at]["body"])), "z": 1})), *rows[at + 1 :]]


def spelled_otherwise(rows: Rows, at: int) -> Rows:
    return [*rows[:at], {**rows[at], "body": json.dumps(json.loads(str(rows[at]["body"])), indent=1)}, *rows[at + 1 :]]


def removed(rows: Rows, at: int) -> Rows:
    return [*rows[:at], *rows[at + 1 :]]


def removed_and_numbered(rows: Rows, at: int) -> Rows:
    return [*rows[:at], *(rehash(row, seq=int(str(row["seq"])) - 1) for row in rows[at + 1 :])]


def inserted(rows: Rows, at: int) -> Rows:
    extra = rehash(rows[at], kind="refused")
    return [*rows[:at], extra, *({**row, "seq": int(str(row["seq"])) + 1} for row in rows[at:])]


def reordered(rows: Rows, at: int) -> Rows:
    one, other = rows[at], rows[(at + 1) % len(rows)]
    swapped = {id(one): {**other, "seq": one["seq"]}, id(other): {**one, "seq": other["seq"]}}
    return [swapped.get(id(row), row) for row in rows]


TAMPERED: list[Callable[[Rows, int], Rows]] = [
    edited,
    edited_and_hashed,
    spelled_otherwise,
    removed,
    removed_and_numbered,
    inserted,
    reordered,
]


def assert_found(found: Verification, number: int, rows: int) -> None:
    assert not found.ok
    assert found.first_bad_row is not None
    assert found.first_bad_row in ({number} if number < rows else {1, number}), found.problems


def test_what_was_not_touched_verifies(decided: Waiting) -> None:
    found = verify(decided.opened)
    assert (found.ok, found.problems, found.first_bad_row) == (True, (), None)
    last = decided.opened.ledger.entries()[-1]
    assert (found.rows, found.head) == (last.seq, f"{last.seq}:{last.hash}")


@pytest.mark.parametrize("tamper", TAMPERED, ids=lambda change: change.__name__)
@pytest.mark.parametrize("where", ["database", "mirror"])
def test_a_row_changed_anywhere_is_found_and_named(decided: Waiting, tamper: Callable[[Rows, int], Rows], where: str) -> None:
    rows = rows_of(decided)
    whole = decided.opened.workspace.ledger_mirror.read_bytes()
    for at in range(len(rows)):
        changed = tamper(rows, at)
        if where == "database":
            rewrite(decided, changed)
        else:
            mirror(decided, changed)
        found = verify(decided.opened)
        if where == "mirror" and changed == rows[:-1]:
            assert found.ok  # a mirror that lags by its tail is what a crash leaves, and is completed
        else:
            assert_found(found, at + 1, len(rows))
        rewrite(decided, rows)
        decided.opened.workspace.ledger_mirror.write_bytes(whole)
    assert verify(decided.opened).ok


@pytest.mark.parametrize("keep", [0, 1, 5])
def test_missing_last_entries_of_the_database_show_in_the_mirror(decided: Waiting, keep: int) -> None:
    rows = rows_of(decided)
    rewrite(decided, rows[:keep])
    found = verify(decided.opened)
    assert found.first_bad_row == keep + 1
    assert any(f"lost those from {keep + 1} on" in problem.said for problem in found.problems)


def test_last_entries_missing_in_both_show_in_the_pointer_or_in_a_head_noted_elsewhere(decided: Waiting) -> None:
    known = verify(decided.opened).head
    rows = rows_of(decided)
    rewrite(decided, rows[:-1])
    mirror(decided, rows[:-1])
    said = [problem.what for problem in verify(decided.opened).problems]
    assert "pointer" in said
    rewrite(decided, rows)
    mirror(decided, rows)
    decided.opened.ledger.append(decided.opened.clock(), "verified", None, {})
    assert known is not None
    noted = verify(decided.opened)
    assert noted.ok and noted.head is not None
    rewrite(decided, rows)
    mirror(decided, rows)
    assert verify(decided.opened).ok  # cut at both ends, and nothing here remembers
    assert verify(decided.opened, known).ok
    assert [problem.what for problem in verify(decided.opened, noted.head).problems] == ["head"]


def test_after_a_crash_between_database_and_mirror_nothing_is_called_tampering(decided: Waiting) -> None:
    whole = decided.opened.workspace.ledger_mirror.read_bytes()
    lines = whole.splitlines(keepends=True)
    for kept in (b"".join(lines[:-1]), b"".join(lines[:-1]) + lines[-1][:40], b"", lines[0][:10]):
        decided.opened.workspace.ledger_mirror.write_bytes(kept)
        assert verify(decided.opened).ok
        assert decided.opened.workspace.ledger_mirror.read_bytes() == whole


def sql(waiting: Waiting, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(database(waiting))) as connection, connection:
        assert connection.execute(statement, values).rowcount == 1


FILES: dict[str, Callable[[Waiting], object]] = {
    "report": lambda waiting: waiting.report.write_text("All is well."),
    "artifact": lambda waiting: (waiting.artifact / "metrics.json").write_text("{}"),
    "pointer": lambda waiting: waiting.opened.workspace.champion_pointer.write_text("{}"),
    "case": lambda waiting: sql(waiting, "UPDATE cases SET status = 'rejected' WHERE case_id = ?", waiting.ours),
}


@pytest.mark.parametrize("what", FILES)
def test_a_file_or_case_that_the_ledger_does_not_know_is_named(decided: Waiting, what: str) -> None:
    FILES[what](decided)
    found = verify(decided.opened)
    assert not found.ok
    assert {problem.what for problem in found.problems} == {what}


def test_the_command_ends_with_1_and_names_the_row(decided: Waiting, churnops: CommandLine) -> None:
    well = churnops("reports", "verify", "--json")
    assert (well.code, well.json["ok"]) == (0, True), well.err
    assert decided.kinds()[-1] == "verified"
    rewrite(decided, edited(rows_of(decided), 2))
    ill = churnops("reports", "verify", "--json")
    assert (ill.code, ill.json["first_bad_row"]) == (1, 3)
    assert "Row 3" in ill.err
