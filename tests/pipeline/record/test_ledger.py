"""The ledger only grows, every row holds the one before, and its mirror says the same, whoever writes and whatever breaks."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import update

from pipeline.errors import IntegrityError
from pipeline.record.entry import FIRST, Entry
from pipeline.record.ledger import Ledger
from pipeline.state.database import State, ledger, open_state
from tests.checkout import ROOT

AT = datetime(2026, 11, 21, 9, tzinfo=UTC)
APPEND = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from pipeline.record.ledger import Ledger
from pipeline.state.database import open_state
home, name = Path(sys.argv[1]), sys.argv[2]
book = Ledger(open_state(home / "state.db"), home / "ledger.jsonl")
print("ready", flush=True)
sys.stdin.readline()
for number in range(20):
    book.append(datetime.now(UTC), "trained", name, {"number": number})
"""


@pytest.fixture
def state(tmp_path: Path) -> State:
    return open_state(tmp_path / "state.db", create=True)


@pytest.fixture
def book(state: State, tmp_path: Path) -> Ledger:
    return Ledger(state, tmp_path / "ledger.jsonl")


def append(book: Ledger, count: int, case_id: str | None = "case-1") -> list[Entry]:
    return [book.append(AT, "trained", case_id, {"number": number}) for number in range(count)]


def mirrored(folder: Path) -> list[Entry]:
    return [Entry(**json.loads(line)) for line in (folder / "ledger.jsonl").read_text(encoding="utf-8").splitlines()]


def assert_whole(book: Ledger) -> None:
    previous = FIRST
    for number, entry in enumerate(book.entries(), start=1):
        assert (entry.seq, entry.previous, entry.hash) == (number, previous, entry.expected_hash)
        previous = entry.hash


def test_every_row_holds_the_hash_of_the_one_before_and_the_mirror_says_the_same(book: Ledger, tmp_path: Path) -> None:
    append(book, 3)
    assert len(book.entries()) == 3
    assert_whole(book)
    assert mirrored(tmp_path) == list(book.entries())


@pytest.mark.parametrize(
    "change", [{"seq": 2}, {"at": "2026"}, {"kind": "deployed"}, {"case_id": None}, {"body": {"number": 1}}, {"previous": "1" * 64}]
)
def test_the_hash_covers_every_other_field(book: Ledger, change: dict[str, object]) -> None:
    (entry,) = append(book, 1)
    assert entry.model_copy(update=change).expected_hash != entry.hash


def test_a_body_comes_back_as_it_was_written(book: Ledger, tmp_path: Path) -> None:
    body = {"auc": 0.1 + 0.2, "said": "größer „als“ \n\u2028\x00", "none": None, "list": [1, 2.5, {"a": True}], "at": AT.isoformat()}
    book.append(AT, "gated", None, body)
    assert book.entry(1).body == body
    assert mirrored(tmp_path)[0].body == body


def test_the_rows_of_a_case_are_its_own(book: Ledger) -> None:
    append(book, 1, "a")
    append(book, 2, "ab")
    append(book, 1, None)
    assert [entry.seq for entry in book.entries("a")] == [1]
    assert [entry.seq for entry in book.entries("ab")] == [2, 3]


@pytest.mark.slow
def test_two_processes_at_once_keep_the_chain_whole_and_the_mirror_equal(book: Ledger, tmp_path: Path) -> None:
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", APPEND, str(tmp_path), name],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in ("one", "two")
    ]
    for writer in writers:
        assert writer.stdout is not None and writer.stdout.readline() == "ready\n"
    for writer in writers:
        writer.communicate("go\n", timeout=60)
        assert writer.returncode == 0
    assert_whole(book)
    for name in ("one", "two"):
        assert [entry.body["number"] for entry in book.entries(name)] == list(range(20))
    assert mirrored(tmp_path) == list(book.entries())


@pytest.mark.parametrize("keep", [0, 1, 40])
def test_a_mirror_line_torn_by_a_kill_is_written_anew(book: Ledger, tmp_path: Path, keep: int) -> None:
    mirror = tmp_path / "ledger.jsonl"
    append(book, 2)
    first = mirror.read_bytes().index(b"\n") + 1
    os.truncate(mirror, first + keep)
    append(book, 1)
    assert [entry.seq for entry in mirrored(tmp_path)] == [1, 2, 3]
    assert mirrored(tmp_path) == list(book.entries())


def test_a_lost_mirror_is_written_anew(book: Ledger, tmp_path: Path) -> None:
    append(book, 2)
    (tmp_path / "ledger.jsonl").unlink()
    book.catch_up()
    assert mirrored(tmp_path) == list(book.entries())


def test_the_newest_row_before_another_is_not_that_one(book: Ledger) -> None:
    append(book, 3)
    rows = [book.last({"trained"}, before) for before in (None, 3, 2, 1)]
    assert [row and row.seq for row in rows] == [3, 2, 1, None]


@pytest.mark.parametrize("change", [{"hash": "0" * 64}, {"seq": 9}], ids=["another hash", "a row the database lacks"])
def test_a_mirror_that_ends_otherwise_than_the_database_is_refused_and_left_as_it_is(
    book: Ledger, tmp_path: Path, change: dict[str, object]
) -> None:
    append(book, 2)
    mirror = tmp_path / "ledger.jsonl"
    *before, last = mirror.read_text().splitlines()
    mirror.write_text("\n".join([*before, json.dumps(json.loads(last) | change)]) + "\n")
    kept = mirror.read_bytes()
    with pytest.raises(IntegrityError, match="differ at row"):
        book.catch_up()
    assert mirror.read_bytes() == kept


def test_a_mirror_whose_last_line_is_no_row_is_refused_and_left_as_it_is(book: Ledger, tmp_path: Path) -> None:
    append(book, 1)
    mirror = tmp_path / "ledger.jsonl"
    mirror.write_bytes(mirror.read_bytes() + b'{"no": "row"}\n')
    kept = mirror.read_bytes()
    with pytest.raises(IntegrityError, match="is no row of a ledger"):
        book.catch_up()
    assert mirror.read_bytes() == kept


def test_a_row_committed_before_a_kill_reaches_the_mirror_with_the_next(book: Ledger, state: State, tmp_path: Path) -> None:
    append(book, 1)
    with state.write() as connection:
        book.append_in(connection, AT, "deployed", None, {"killed": "before the mirror"})
    assert len(mirrored(tmp_path)) == 1
    append(book, 1)
    assert [entry.seq for entry in mirrored(tmp_path)] == [1, 2, 3]


def test_a_row_of_a_transaction_that_failed_was_never_there(book: Ledger, state: State, tmp_path: Path) -> None:
    def approve_and_fail() -> None:
        with state.write() as connection:
            book.append_in(connection, AT, "approved", None, {})
            raise RuntimeError

    append(book, 1)
    with pytest.raises(RuntimeError):
        approve_and_fail()
    append(book, 1)
    assert [entry.kind for entry in book.entries()] == ["trained", "trained"]
    assert_whole(book)
    assert mirrored(tmp_path) == list(book.entries())


@pytest.mark.parametrize("change", [{"body": '{"number":2}'}, {"kind": "deployed"}, {"case_id": "case-2"}, {"at": "2026-01-01"}])
def test_an_edited_row_is_found_when_it_is_asked_for(book: Ledger, state: State, change: dict[str, str]) -> None:
    append(book, 3)
    with state.write() as connection:
        connection.execute(update(ledger).where(ledger.c.seq == 2).values(**change))
    with pytest.raises(IntegrityError, match="Row 2 of the ledger was changed"):
        book.entry(2)
    assert book.entry(1).seq == 1


def test_a_removed_row_is_found_when_it_is_asked_for(book: Ledger, state: State) -> None:
    append(book, 2)
    with state.write() as connection:
        connection.execute(ledger.delete().where(ledger.c.seq == 2))
    with pytest.raises(IntegrityError, match="The ledger has no row 2"):
        book.entry(2)
