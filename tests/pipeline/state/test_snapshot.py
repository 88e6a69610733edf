"""State brought from one engine to the other is the same row by row, and goes on there."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text

from pipeline.errors import WorkspaceError
from pipeline.state.database import State, events, open_state, trainings
from pipeline.state.metadata import metadata
from pipeline.state.snapshot import load_snapshot, take_snapshot
from tests.conftest import NOON, Simulated
from tests.postgres import postgres_server


def rows(state: State) -> dict[str, list[tuple[object, ...]]]:
    with state.read() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))]
            for table in metadata.sorted_tables
        }


@pytest.mark.slow
def test_from_sqlite_to_postgresql_and_back(simulated: Simulated, tmp_path: Path) -> None:
    source = open_state(simulated("market_shift", 600, 0.5, 3) / ".churnops" / "state.db")
    first, back = tmp_path / "first.db", tmp_path / "back.db"
    take_snapshot(source, first)
    filled = open_state(first)
    with filled.write() as connection:
        at = NOON.isoformat()
        connection.execute(events.insert().values(name="a sale", since=at, until=at, at=at, by="Ada"))
        connection.execute(text("INSERT INTO trainings (case_id, number, started_at, arguments) VALUES ('c', 1, :at, '{}')"), {"at": at})
    expected = rows(filled)
    assert len(expected["predictions"]) == 600 and expected["outcomes"] and expected["ledger"]
    with postgres_server() as url:
        load_snapshot(first, url)
        server = open_state(url)
        assert rows(server) == expected
        with server.write() as connection:
            assert connection.execute(select(trainings).where(trainings.c.result.is_(None))).first() is not None
            later = (NOON + timedelta(days=1)).isoformat()
            made = connection.execute(events.insert().values(name="another", since=later, until=later, at=later, by="Ada"))
            assert made.inserted_primary_key == (2,)
        with pytest.raises(WorkspaceError, match="holds the state of a workspace"):
            load_snapshot(first, url)
        take_snapshot(server, back)
        assert rows(open_state(back)) == rows(server)
        server.close()
