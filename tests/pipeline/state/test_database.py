"""The state database says which schema it has, refuses what it cannot know, and lets writers wait for each other."""

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection, select

from pipeline.errors import WorkspaceError
from pipeline.state import database as state_module
from pipeline.state.checks import check_history
from pipeline.state.database import SCHEMA_VERSION, State, open_state, outcomes, schema_version
from pipeline.state.ruling_tables import events

OUTCOME = {"id": "C1", "observed_at": "2026-11-21", "churned": 1}


@pytest.fixture
def state(tmp_path: Path) -> State:
    return open_state(tmp_path / "state.db", create=True)


def known_ids(state: State) -> list[str]:
    with state.read() as connection:
        return list(connection.execute(select(outcomes.c.id)).scalars())


def set_version(file: Path, version: int | None) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("DELETE FROM schema_version")
        if version is not None:
            connection.execute("INSERT INTO schema_version VALUES (?)", (version,))


def test_a_new_database_records_its_schema_version_and_keeps_it(state: State) -> None:
    again = open_state(state.place, create=True)
    with again.read() as connection:
        assert connection.execute(select(schema_version.c.version)).scalars().all() == [SCHEMA_VERSION]


VERSION_1 = """
CREATE TABLE schema_version (version INTEGER NOT NULL, PRIMARY KEY (version));
CREATE TABLE predictions (seq INTEGER NOT NULL, id VARCHAR(200) NOT NULL, predicted_at VARCHAR(32) NOT NULL, model_version VARCHAR(64) NOT NULL,
  score FLOAT NOT NULL, features JSON NOT NULL, PRIMARY KEY (seq));
CREATE INDEX predictions_by_time ON predictions (predicted_at);
CREATE INDEX predictions_by_id ON predictions (id, predicted_at);
CREATE TABLE outcomes (seq INTEGER NOT NULL, id VARCHAR(200) NOT NULL, predicted_at VARCHAR(32), observed_at VARCHAR(32) NOT NULL,
  churned INTEGER NOT NULL, PRIMARY KEY (seq));
CREATE INDEX outcomes_by_id ON outcomes (id, predicted_at);
CREATE TABLE cases (case_id VARCHAR(64) NOT NULL, key VARCHAR(64) NOT NULL, status VARCHAR(32) NOT NULL, opened_at VARCHAR(32) NOT NULL,
  body JSON NOT NULL, PRIMARY KEY (case_id));
CREATE INDEX cases_by_key ON cases (key, status);
CREATE TABLE calls (case_id VARCHAR(64) NOT NULL, number INTEGER NOT NULL, at VARCHAR(32) NOT NULL, tool VARCHAR(64) NOT NULL,
  arguments JSON NOT NULL, outcome VARCHAR(16) NOT NULL, seconds FLOAT NOT NULL, result JSON NOT NULL, PRIMARY KEY (case_id, number));
CREATE TABLE trainings (case_id VARCHAR(64) NOT NULL, number INTEGER NOT NULL, started_at VARCHAR(32) NOT NULL, arguments JSON NOT NULL,
  result JSON, PRIMARY KEY (case_id, number));
CREATE TABLE ledger (seq INTEGER NOT NULL, at VARCHAR(32) NOT NULL, kind VARCHAR(32) NOT NULL, case_id VARCHAR(64), body TEXT NOT NULL,
  previous VARCHAR(64) NOT NULL, hash VARCHAR(64) NOT NULL, PRIMARY KEY (seq));
INSERT INTO schema_version VALUES (1);
INSERT INTO outcomes (id, observed_at, churned) VALUES ('C1', '2026-11-21', 1);
"""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A database as churnops made it before people could rule."""
    file = tmp_path / "old.db"
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.executescript(VERSION_1)
    return file


def layout(file: Path) -> dict[str, set[tuple[str, str]]]:
    """Columns and their types, by table."""
    with closing(sqlite3.connect(file)) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: {(column[1], column[2]) for column in connection.execute(f"PRAGMA table_info({name})")} for name in names}


@pytest.mark.parametrize("create", [False, True])
def test_an_older_database_is_brought_up_to_date_and_keeps_its_rows(old: Path, state: State, create: bool) -> None:
    opened = open_state(old, create=create)
    assert known_ids(opened) == ["C1"]
    with opened.read() as connection:
        assert connection.execute(select(schema_version.c.version)).scalars().all() == [SCHEMA_VERSION]
        assert connection.execute(select(events)).all() == []
    assert layout(old) == layout(state.place)


def test_events_of_version_3_get_a_kind_and_an_origin(state: State) -> None:
    state.close()
    with closing(sqlite3.connect(str(state.place))) as connection, connection:
        connection.executescript(
            "ALTER TABLE events DROP COLUMN kind; ALTER TABLE events DROP COLUMN origin;"
            "INSERT INTO events (name, since, until, at, by) VALUES ('price list', 'a', 'b', 'c', 'anna');"
        )
    set_version(Path(str(state.place)), 3)
    with open_state(state.place).read() as connection:
        assert connection.execute(select(events.c.name, events.c.kind, events.c.origin)).all() == [("price list", None, None)]


def test_checks_of_version_5_get_figures_and_shadow_scores_have_a_table(state: State) -> None:
    expected = layout(Path(str(state.place)))
    state.close()
    with closing(sqlite3.connect(str(state.place))) as connection, connection:
        connection.executescript(
            "DROP TABLE shadow_scores; ALTER TABLE checks DROP COLUMN figures;"
            "INSERT INTO checks (started_at, ended_at, status, said, by) VALUES ('2026-11-21', '2026-11-21', 'no_deploy_needed', 'Well.', 'host');"
        )
    set_version(Path(str(state.place)), 5)
    found = check_history(open_state(state.place)).done
    assert found is not None and (found.said, found.figures) == ("Well.", None)
    assert layout(Path(str(state.place))) == expected


def test_a_migration_that_fails_changes_nothing(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = layout(old)

    def fail(connection: Connection) -> None:
        step(connection)
        raise RuntimeError

    step = state_module._STEPS[1]
    monkeypatch.setattr(state_module, "_STEPS", {1: fail})
    with pytest.raises(RuntimeError):
        open_state(old)
    assert layout(old) == before
    monkeypatch.undo()
    assert known_ids(open_state(old)) == ["C1"]


def test_of_two_that_open_an_old_database_at_once_both_find_it_new(old: Path) -> None:
    found: list[list[str]] = []
    both = [threading.Thread(target=lambda: found.append(known_ids(open_state(old)))) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert found == [["C1"], ["C1"]]


@pytest.mark.parametrize("version", [SCHEMA_VERSION + 1, None])
def test_a_schema_of_a_newer_churnops_is_refused_and_left_as_it_is(state: State, version: int | None) -> None:
    state.close()
    set_version(state.place, version)
    before = state.place.read_bytes()
    with pytest.raises(
        WorkspaceError, match=f"has schema version {version}; this churnops knows versions up to {SCHEMA_VERSION}"
    ) as refused:
        open_state(state.place)
    assert refused.value.next_step == "Upgrade churnops; nothing was changed."
    assert state.place.read_bytes() == before


@pytest.mark.parametrize("create", [False, True])
@pytest.mark.parametrize("content", [b"not a database, just a longer line of text", b"SQLite format 3\0" + b"\xff" * 200])
def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(tmp_path: Path, content: bytes, create: bool) -> None:
    file = tmp_path / "state.db"
    file.write_bytes(content)
    with pytest.raises(WorkspaceError, match="is not a churnops state database"):
        open_state(file, create=create)
    assert file.read_bytes() == content


def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "state.db"
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("CREATE TABLE songs (title TEXT)")
    with pytest.raises(WorkspaceError, match="is not a churnops state database"):
        open_state(file)


def test_a_missing_database_is_not_made_in_passing(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="has no state database"):
        open_state(tmp_path / "state.db")
    assert list(tmp_path.iterdir()) == []


def test_a_write_that_fails_leaves_nothing(state: State) -> None:
    def write_and_fail() -> None:
        with state.write() as connection:
            connection.execute(outcomes.insert().values(OUTCOME))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_and_fail()
    assert known_ids(state) == []


def test_a_reader_sees_neither_half_a_write_nor_waits_for_it(state: State) -> None:
    other = open_state(state.place)
    with state.write() as connection:
        connection.execute(outcomes.insert().values(OUTCOME))
        assert known_ids(other) == []
    assert known_ids(other) == ["C1"]


def test_what_a_writer_reads_cannot_change_under_it(state: State) -> None:
    other = open_state(state.place)
    started = threading.Event()

    def write_too() -> None:
        started.set()
        with other.write() as connection:
            connection.execute(outcomes.insert().values(OUTCOME))

    late = threading.Thread(target=write_too)
    with state.write() as connection:
        late.start()
        started.wait()
        late.join(timeout=0.2)
        assert late.is_alive()
        assert connection.execute(select(outcomes)).all() == []
    late.join()
    assert known_ids(state) == ["C1"]
