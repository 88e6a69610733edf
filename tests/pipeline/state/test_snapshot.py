"""State brought from one engine to the other is the same row by row, and goes on there."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, select, text

from pipeline.errors import IntegrityError, WorkspaceError
from pipeline.state.database import State, open_state, predictions, trainings
from pipeline.state.metadata import metadata
from pipeline.state.ruling_tables import events
from pipeline.state.snapshot import loaded, take_snapshot
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
        with loaded(filled, url) as tables:
            assert {table.name: table.rows for table in tables} == {
                name: len(found) for name, found in expected.items() if name != "schema_version"
            }
        server = open_state(url)
        assert rows(server) == expected
        with server.write() as connection:
            assert connection.execute(select(trainings).where(trainings.c.result.is_(None))).first() is not None
            later = (NOON + timedelta(days=1)).isoformat()
            made = connection.execute(events.insert().values(name="another", since=later, until=later, at=later, by="Ada"))
            assert made.inserted_primary_key == (2,)
        with pytest.raises(WorkspaceError, match="holds the state of a workspace"), loaded(filled, url):
            pass
        assert rows(filled) == expected
        take_snapshot(server, back)
        assert rows(open_state(back)) == rows(server)
        server.close()


@pytest.mark.slow
def test_whatever_fails_on_the_way_leaves_the_database_without_a_table(tmp_path: Path) -> None:
    source = open_state(tmp_path / "state.db", create=True)
    with source.write() as connection:
        for number in range(3):
            connection.execute(events.insert().values(name=f"sale {number}", since="a", until="b", at="c", by="Ada"))
    with postgres_server() as url:
        engine = create_engine(url)

        def tables() -> list[str]:
            return inspect(engine).get_table_names()

        def cut_off() -> None:
            with engine.begin() as connection:
                connection.execute(
                    text("select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and xact_start is not null")
                )

        with pytest.raises(WorkspaceError, match="does not answer"), loaded(source, url):
            cut_off()
        assert tables() == []
        with pytest.raises(KeyboardInterrupt), loaded(source, url):
            raise KeyboardInterrupt
        assert tables() == []
        with source.write() as connection:
            connection.execute(events.insert().values(name="a\0b", since="a", until="b", at="c", by="Ada"))
        with pytest.raises(WorkspaceError, match="does not take a row of `events`"), loaded(source, url):
            pass
        assert tables() == []
        with source.write() as connection:
            connection.execute(events.delete().where(events.c.number == 4))
            connection.execute(
                predictions.insert().values(id="C", predicted_at="a", model_version="1", score=1 / 3, features={"x": 1e22, "y": -0.0})
            )
        with engine.begin() as connection:  # whose answers are rounded
            connection.execute(text("alter role tests set extra_float_digits = -10"))
        with pytest.raises(IntegrityError, match="does not hold `predictions` as it was read"), loaded(source, url):
            pass
        assert tables() == []
        with engine.begin() as connection:
            connection.execute(text("alter role tests reset extra_float_digits"))
        with loaded(source, url) as found:
            assert {table.name: table.rows for table in found if table.rows} == {"events": 3, "predictions": 1}
        assert "events" in tables()
        engine.dispose()


@pytest.mark.slow
def test_a_database_that_takes_no_tables_is_told_in_one_sentence(tmp_path: Path) -> None:
    source = open_state(tmp_path / "state.db", create=True)
    with postgres_server() as url:
        engine = create_engine(url)
        with engine.begin() as connection:
            connection.execute(text("create role guest login"))
        for place, said in (
            (url.replace("tests@", "guest@"), "permission denied for schema public"),
            (url + "&options=-csearch_path%3Dteam_a", "no schema has been selected to create in"),
        ):
            with pytest.raises(WorkspaceError, match=said) as refused, loaded(source, place):
                pass
            assert refused.value.problem.endswith(").") and "create tables" in refused.value.next_step
            with pytest.raises(WorkspaceError, match=said):
                open_state(place, create=True)
        assert inspect(engine).get_table_names() == []
        engine.dispose()
