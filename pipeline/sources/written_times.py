"""Scoring times that are written as text: read as a reference's are, or refused with their format. No time is passed over in silence."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import DataError
from pipeline.sources.duckdb import parquet
from pipeline.sources.relation import Column, Relation, counts_seconds, is_present, number_of, text_of
from pipeline.tables.cell_times import DATE_OR_TIME, masked
from pipeline.tables.connection import quoted

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_YEAR_FIRST = "written like '____-__-__%'"
# No columns of a team's have these names.
_TEXT, _READ = '"text that churnops read"', '"time that churnops read"'


def require_readable(relation: Relation) -> Relation:
    """A relation whose times its engine reads, all of them: years first, or numbers that are stored as text.

    Raises:
        DataError: times in another format.
    """
    time = relation.time
    if time is None or time.type != "text":
        return relation
    unread = _unread(relation, time, _YEAR_FIRST)
    if unread is None:
        # Without the words for what is missing, which PostgreSQL refuses.
        return _with_time(relation, Column(f"(case when {is_present(time, relation.dialect)} then {time.name} end)", "text"))
    number = number_of(time, relation.dialect)
    written, numbers = relation.one(f"select count(*), count({number}) from {relation.table} where {is_present(time, relation.dialect)}")
    if numbers == written:
        return _with_time(relation, Column(f"({number})", "number"))
    raise DataError(
        f"Times in the column `{relation.called(time)}` are written like `{masked(unread)}`, which the database does not read.",
        "Make it a column of timestamps, in a view perhaps, or write the times like 2026-01-31T10:00:00+01:00.",
    )


def dated(relation: Relation, connection: "DuckDBPyConnection", folder: Path, name: str) -> Relation:
    """A relation of DuckDB whose times are read as those of a reference (`parse_times`); a copy in `folder`, where DuckDB would read them
    otherwise. `name`: of its rows, for people.

    Raises:
        DataError: times that cannot be read.
    """
    time = relation.time
    if time is None or time.type not in ("text", "number"):
        return relation
    if time.type == "number" and counts_seconds(relation, time):
        return relation
    if time.type == "text" and _unread(relation, time, f"regexp_full_match(written, {quoted(DATE_OR_TIME)})") is None:
        return relation
    import pyarrow as pa  # type: ignore[import-untyped]

    from pipeline.tables.cell_values import HOW_TO_WRITE_TIMES, clean_text, parse_times, unread_times

    text = text_of(time, relation.dialect)
    texts = connection.execute(f"select distinct {text} as written from {relation.table} where {text} is not null").df()["written"]
    cleaned = clean_text(texts)
    times = parse_times(cleaned, relation.timezone, relation.decimal)
    if said := unread_times(cleaned, times):
        first = texts[(times.isna() & cleaned.notna()).to_numpy()]
        connection.execute("set preserve_insertion_order = true")
        numbered = f"select row_number() over () as place, {text} as written from {relation.table}"
        row, rows = relation.one(
            f"select min(place), count(*) from ({numbered}) where list_contains($texts, written)", texts=first.tolist()
        )
        raise DataError(f"{name}: {rows} values of `{relation.called(time)}` {said}, the first in data row {row}.", HOW_TO_WRITE_TIMES)
    connection.register("times", pa.table({_TEXT.strip('"'): pa.array(texts), _READ.strip('"'): pa.array(times)}))
    copy = folder / "dated.parquet"
    connection.execute(
        f"copy (select whole.*, times.{_READ} from {relation.table} as whole left join times on {text} = times.{_TEXT})"
        f" to {quoted(str(copy))} (format parquet, preserve_order true)"
    )
    return replace(_with_time(relation, Column(_READ, "instant")), table=parquet([copy]))


def _unread(relation: Relation, time: Column, year_first: str) -> str | None:
    """A text for which the condition `year_first` on `written` does not hold, or that the engine reads as no time; None: there is none."""
    text = f"trim({text_of(time, relation.dialect)})"
    texts = f"(select {time.name} as original, {text} as written from {relation.table} where {is_present(time, relation.dialect)}) as texts"
    read = f"case when {year_first} then {relation.dialect.epoch.format('original')} end"
    found = list(relation.rows(f"select written from {texts} where {read} is null limit 1"))
    return str(found[0][0]) if found else None


def _with_time(relation: Relation, time: Column) -> Relation:
    columns = {name: time if column == relation.time else column for name, column in relation.columns.items()}
    return replace(relation, columns=columns, time=time)
