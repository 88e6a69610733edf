"""A filled database of every earlier schema becomes what a new one is, on either engine: forward only, all of it or nothing."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, Table, inspect, select, text

from pipeline.errors import WorkspaceError
from pipeline.state.database import SCHEMA_VERSION, metadata, open_state, schema_version
from pipeline.state.engine import StatePlace, engine_for
from pipeline.state.watch_tables import watch_tables
from tests.postgres import postgres_server

# What each version added, as its step's opposite.
ADDED = {
    2: ("DROP TABLE events", "DROP TABLE exclusions", "DROP TABLE acknowledgements"),
    3: ("DROP TABLE outcome_intakes", "ALTER TABLE outcomes DROP COLUMN intake"),
    4: (
        "DROP TABLE holds", "DROP TABLE offers", "ALTER TABLE outcomes DROP COLUMN recorded_at",
        "ALTER TABLE events DROP COLUMN kind", "ALTER TABLE events DROP COLUMN origin",
    ),
    5: tuple(f"DROP TABLE {table.name}" for table in watch_tables),
    6: ("DROP TABLE shadow_scores", "ALTER TABLE checks DROP COLUMN figures"),
    7: ("DROP TABLE serving_hours",),
    8: ("DROP TABLE asked_outcomes", "DROP TABLE asked_lists"),
}  # fmt: skip
Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgres_server() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> StatePlace:
    return tmp_path / "state.db" if request.param == "sqlite" else str(request.getfixturevalue("server"))


def value_of(kind: str) -> object:
    return {"INTEGER": 1, "FLOAT": 0.5, "JSON": {"a": [1, None]}, "JSONB": {"a": [1, None]}}.get(kind, "2026-11-21")


def made_at(version: int, place: StatePlace) -> Engine:
    """An engine on a database of that version, with a row in each of its tables."""
    open_state(place, create=True).close()
    engine = engine_for(place)
    with engine.begin() as connection:
        for table in metadata.sorted_tables:
            if table is not schema_version:
                kinds = {column.name: str(column.type.dialect_impl(connection.dialect)).partition("(")[0] for column in table.columns}
                connection.execute(table.insert().values({name: value_of(kind) for name, kind in kinds.items()}))
        for later in range(SCHEMA_VERSION, version, -1):
            for statement in ADDED[later]:
                connection.execute(text(statement))
        connection.execute(schema_version.update().values(version=version))
    return engine


def layout(engine: Engine) -> dict[str, object]:
    look = inspect(engine)
    return {
        name: (
            {(column["name"], str(column["type"]), column["nullable"]) for column in look.get_columns(name)},
            {(index["name"], tuple(index["column_names"])) for index in look.get_indexes(name)},
            look.get_pk_constraint(name)["constrained_columns"],
        )
        for name in look.get_table_names()
    }


def rows(engine: Engine) -> Rows:
    with engine.connect() as connection:
        there = [Table(name, type(metadata)(), autoload_with=connection) for name in inspect(connection).get_table_names()]
        return {
            table.name: [dict(row) for row in connection.execute(select(table)).mappings()]
            for table in there
            if table.name != "schema_version"
        }


def emptied(engine: Engine) -> None:
    with engine.begin() as connection:
        metadata.drop_all(connection)
    engine.dispose()


@pytest.mark.slow
def test_every_earlier_schema_becomes_this_one_and_keeps_its_rows(place: StatePlace) -> None:
    new = made_at(SCHEMA_VERSION, place)
    expected = layout(new)
    emptied(new)
    for version in range(1, SCHEMA_VERSION):
        engine = made_at(version, place)
        before = rows(engine)
        assert layout(engine) != expected
        open_state(place).close()
        assert layout(engine) == expected, version
        after = rows(engine)
        assert before and all(len(found) == 1 for found in before.values())
        for name, (row,) in before.items():
            assert row.items() <= after[name][0].items(), (version, name)
            assert {after[name][0][column] for column in after[name][0].keys() - row.keys()} <= {None}
        emptied(engine)


@pytest.mark.slow
def test_a_step_that_cannot_be_taken_leaves_the_schema_before_the_first_one(place: StatePlace) -> None:
    engine = made_at(5, place)
    with engine.begin() as connection:  # the step to 6 makes a table, then adds a column to what is none
        connection.execute(text("ALTER TABLE checks RENAME TO real_checks"))
        connection.execute(text("CREATE VIEW checks AS SELECT * FROM real_checks"))
    before, held = layout(engine), rows(engine)
    with pytest.raises(WorkspaceError, match=f"stays at schema version 5; version {SCHEMA_VERSION} cannot be made of it") as refused:
        open_state(place)
    assert "Nothing was changed" in refused.value.next_step
    assert (layout(engine), rows(engine)) == (before, held)
    with engine.begin() as connection:
        connection.execute(text("DROP VIEW checks"))
        connection.execute(text("ALTER TABLE real_checks RENAME TO checks"))
    open_state(place).close()
    emptied(engine)
