"""A table in PostgreSQL or SQLite as a source; the database counts, in one consistent view of its rows."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import DataError
from pipeline.sources.relation import Column, ColumnType, Dialect, Relation, identifier
from pipeline.sources.source import DatabaseTable
from pipeline.sources.written_times import require_readable
from pipeline.tables.schema import Schema

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from sqlalchemy.engine.interfaces import ReflectedColumn

_DIALECTS: Mapping[str, Dialect] = {
    "postgresql": Dialect(
        double="double precision",
        text="text",
        marker=":",
        number=r"case when cast({0} as text) ~ '^\s*[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?\s*$'"
        " then cast(cast({0} as text) as double precision) end",
        epoch="extract(epoch from cast({0} as timestamptz))",
        listed="select jsonb_array_elements_text(cast({0} as jsonb))",
    ),
    # SQLite's columns hold what they like: each value is asked.
    "sqlite": Dialect(
        double="double",
        text="text",
        marker=":",
        number="case when typeof({0}) in ('integer', 'real') then cast({0} as double)"
        " when json_valid(trim({0})) and json_type(trim({0})) in ('integer', 'real') then cast({0} as double) end",
        # To the millisecond, which is how SQLite counts; the rest is noise of the division.
        epoch="round((julianday({0}) - 2440587.5) * 86400, 3)",
        listed="select value from json_each({0})",
    ),
}


class _OwnFloor(sqlite3.Connection):
    """SQLAlchemy puts Python's `floor` before SQLite's own, which is slow and fails on null."""

    def create_function(self, name: str, *arguments: Any, **options: Any) -> None:
        if name != "floor":
            super().create_function(name, *arguments, **options)


@contextmanager
def open_database(source: DatabaseTable, schema: Schema) -> Iterator[Relation]:
    """A database table as a relation; see `open_source`."""
    from sqlalchemy import create_engine, inspect
    from sqlalchemy.exc import ArgumentError, NoSuchModuleError, NoSuchTableError, SQLAlchemyError

    try:
        sqlite = source.url.startswith("sqlite")
        engine = create_engine(source.url, connect_args={"factory": _OwnFloor} if sqlite else {})
    except (ArgumentError, NoSuchModuleError) as error:
        raise DataError("The database URL cannot be understood.", "Write it like postgresql://user@host/database.") from error
    except ModuleNotFoundError as error:
        raise DataError(
            f"The database needs the package `{error.name}`.", f"Install it beside churnops: pip install {error.name}."
        ) from error
    if engine.name not in _DIALECTS:
        raise DataError(f"Profiles are not counted in {engine.name}.", f"Use one of {', '.join(_DIALECTS)}, or export Parquet.")
    file = engine.url.database
    if engine.name == "sqlite" and file and not file.startswith("file:") and not Path(file).exists():
        raise DataError(f"There is no database {file}.", "Check the URL: sqlite:///folder/file.db.")
    *namespace, table = source.table.split(".")
    try:
        with engine.connect() as connection:
            _begin(connection, source.timezone)
            reflected = inspect(connection).get_columns(table, schema=".".join(namespace) or None)
            columns = {column["name"].strip(): Column(_name(column["name"]), _type(column, engine.name)) for column in reflected}
            relation = Relation(
                dialect=_DIALECTS[engine.name],
                columns=columns,
                id=columns.get(schema.id or ""),
                time=columns.get(schema.time or ""),
                table=".".join(_name(part) for part in (*namespace, table)),
                run=_run_in(connection),
                timezone=source.timezone,
            )
            yield require_readable(relation)
    except NoSuchTableError as error:
        raise DataError(f"The database has no table `{source.table}`.", "Check its name, and its schema: schema.table.") from error
    except SQLAlchemyError as error:
        # What the database says may quote a value.
        kind = type(getattr(error, "orig", None) or error).__name__
        raise DataError(
            f"The table `{source.table}` cannot be read ({kind}).", "Check the URL, your rights, and the columns' types."
        ) from error
    finally:
        engine.dispose()


def _name(name: str) -> str:
    # A colon would announce a parameter.
    return identifier(name).replace(":", r"\:")


def _begin(connection: "Connection", timezone: str) -> None:
    """All queries see the same rows, whatever is written meanwhile, and none can write."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("pragma query_only = on")
        connection.exec_driver_sql("BEGIN")
        return
    connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    connection.exec_driver_sql("select set_config('TimeZone', %s, false)", (timezone,))


def _run_in(connection: "Connection") -> Any:
    from sqlalchemy import text

    def run(query: str, parameters: Mapping[str, object]) -> Iterator[Sequence[Any]]:
        yield from connection.execute(text(query), dict(parameters))

    return run


def _type(column: "ReflectedColumn", engine: str) -> ColumnType:
    from sqlalchemy import types

    kind = column["type"]
    if isinstance(kind, types.Boolean):
        return "boolean"
    if engine == "sqlite":
        return "text"
    if isinstance(kind, types.Numeric | types.Float | types.Integer):
        return "number"
    if isinstance(kind, types.DateTime):
        return "instant" if kind.timezone else "local time"
    return "local time" if isinstance(kind, types.Date) else "text"
