"""A table in a database as a source; the database counts, in one consistent view of its rows. What churnops knows of each stands in `_ENGINES`."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import DataError
from pipeline.sources.relation import Column, ColumnType, Dialect, Relation
from pipeline.sources.source import DatabaseTable
from pipeline.sources.written_times import require_readable
from pipeline.tables.schema import Schema

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from sqlalchemy.engine.interfaces import ReflectedColumn

_POSTGRESQL = Dialect(
    double="double precision",
    text="text",
    marker=":",
    number=r"case when cast({0} as text) ~ '^\s*[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?\s*$'"
    " then cast(cast({0} as text) as double precision) end",
    epoch="extract(epoch from cast({0} as timestamptz))",
    listed="select jsonb_array_elements_text(cast({0} as jsonb))",
)
# SQLite's columns hold what they like: each value is asked.
_SQLITE = Dialect(
    double="double",
    text="text",
    marker=":",
    number="case when typeof({0}) in ('integer', 'real') then cast({0} as double)"
    " when json_valid(trim({0})) and json_type(trim({0})) in ('integer', 'real') then cast({0} as double) end",
    # To the millisecond, which is how SQLite counts; the rest is noise of the division.
    epoch="round((julianday({0}) - 2440587.5) * 86400, 3)",
    listed="select value from json_each({0})",
)
_OFFSET = "regexp_substr(cast({0} as char), '[+-][0-9][0-9]\\:?[0-9][0-9] *$')"
# A cast to a time ignores what it cannot read, an offset for example.
_MARIADB = Dialect(
    double="double",
    text="char",
    marker=":",
    number="case when cast({0} as char) regexp '^ *[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)? *$'"
    " then cast(cast({0} as char) as double) end",
    epoch="case when cast({0} as char) not regexp '^ *[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}([T ][0-9]{{2}}\\:[0-9]{{2}}(\\:[0-9]{{2}}([.][0-9]*)?)?)?"
    " *(Z|[+-][0-9]{{2}}\\:?[0-9]{{2}})? *$' then null"
    " when cast({0} as char) regexp '(Z|\\:[0-9.]+ *[+-][0-9]{{2}}\\:?[0-9]{{2}}) *$'"
    " then timestampdiff(microsecond, '1970-01-01', cast(regexp_replace(cast({0} as char), ' *(Z|[+-][0-9]{{2}}\\:?[0-9]{{2}}) *$', '') as datetime(6)))"
    f" / 1e6 - coalesce(concat(left({_OFFSET}, 1), '1') * (substr({_OFFSET}, 2, 2) * 3600 + left(right(trim({_OFFSET}), 2), 2) * 60), 0)"
    " else unix_timestamp(cast({0} as datetime(6))) end",
    listed="select value from json_table({0}, '$[*]' columns (value longtext path '$')) as listed",
)


def _begin_postgresql(connection: "Connection", timezone: str) -> None:
    connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    connection.exec_driver_sql("select set_config('TimeZone', %s, false)", (timezone,))


def _begin_sqlite(connection: "Connection", timezone: str) -> None:
    connection.exec_driver_sql("pragma query_only = on")
    connection.exec_driver_sql("BEGIN")


def _begin_mariadb(connection: "Connection", timezone: str) -> None:
    # By default it takes "a" for "A" and "a " for "a".
    collation = "utf8mb4_nopad_bin" if getattr(connection.dialect, "is_mariadb", False) else "utf8mb4_0900_bin"
    connection.exec_driver_sql(f"set names utf8mb4 collate {collation}")
    connection.exec_driver_sql("set div_precision_increment = 12")
    # It knows zones by name only where a person loaded them.
    connection.exec_driver_sql("set time_zone = %s", ("+00:00" if timezone == "UTC" else timezone,))
    connection.exec_driver_sql("set transaction isolation level repeatable read")
    connection.exec_driver_sql("start transaction with consistent snapshot, read only")


@dataclass(frozen=True)
class _Engine:
    """What churnops knows of a database: its `dialect`; how to `begin`, so that all queries see the same rows, whatever is written meanwhile,
    none can write, and times without a zone are read in the one given; and whether the type of a column says what its values are (`typed`);
    what stands around names (`quote`)."""

    dialect: Dialect
    begin: "Callable[[Connection, str], None]"
    typed: bool = True
    quote: str = '"'


_ENGINES: Mapping[str, _Engine] = {
    "postgresql": _Engine(_POSTGRESQL, _begin_postgresql),
    "sqlite": _Engine(_SQLITE, _begin_sqlite, typed=False),
    "mariadb": _Engine(_MARIADB, _begin_mariadb, quote="`"),
    "mysql": _Engine(_MARIADB, _begin_mariadb, quote="`"),
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
        driver = 'Write it like mysql+pymysql://user@host/database, and pip install "churnops[mysql]".'
        other = f"Install it beside churnops: pip install {error.name}."
        raise DataError(
            f"The database needs the package `{error.name}`.", driver if source.url.startswith(("mysql", "mariadb")) else other
        ) from error
    known = _ENGINES.get(engine.name)
    if known is None:
        raise DataError(f"Profiles are not counted in {engine.name}.", f"Use one of {', '.join(_ENGINES)}, or export Parquet.")
    file = engine.url.database
    if engine.name == "sqlite" and file and not file.startswith("file:") and not Path(file).exists():
        raise DataError(f"There is no database {file}.", "Check the URL: sqlite:///folder/file.db.")
    *namespace, table = source.table.split(".")
    try:
        with engine.connect() as connection:
            known.begin(connection, source.timezone)
            reflected = inspect(connection).get_columns(table, schema=".".join(namespace) or None)
            if known.quote == "`":  # of names in MariaDB SQLAlchemy leaves it doubled
                reflected = [{**column, "name": column["name"].replace("``", "`")} for column in reflected]
            columns = {
                column["name"].strip(): Column(
                    _name(column["name"], known.quote), _type(column, schema) if known.typed else _untyped(column)
                )
                for column in reflected
            }
            relation = Relation(
                dialect=known.dialect,
                columns=columns,
                id=columns.get(schema.id or ""),
                time=columns.get(schema.time or ""),
                table=".".join(_name(part, known.quote) for part in (*namespace, table)),
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


def _name(name: str, quote: str) -> str:
    # A colon would announce a parameter.
    return f"{quote}{name.replace(quote, quote * 2)}{quote}".replace(":", r"\:")


def _run_in(connection: "Connection") -> Any:
    from sqlalchemy import text

    def run(query: str, parameters: Mapping[str, object]) -> Iterator[Sequence[Any]]:
        yield from connection.execute(text(query), dict(parameters))

    return run


def _untyped(column: "ReflectedColumn") -> ColumnType:
    from sqlalchemy import types

    return "boolean" if isinstance(column["type"], types.Boolean) else "text"


def _type(column: "ReflectedColumn", schema: Schema) -> ColumnType:
    from sqlalchemy import types
    from sqlalchemy.dialects.mysql import TINYINT

    kind = column["type"]
    # What `boolean` becomes in MariaDB; a number where the schema says so.
    flag = isinstance(kind, TINYINT) and kind.display_width == 1 and column["name"].strip() not in schema.numerical
    if isinstance(kind, types.Boolean) or flag:
        return "boolean"
    if isinstance(kind, types.Numeric | types.Float | types.Integer):
        return "number"
    if isinstance(kind, types.DateTime):
        return "instant" if kind.timezone else "local time"
    return "local time" if isinstance(kind, types.Date) else "text"
