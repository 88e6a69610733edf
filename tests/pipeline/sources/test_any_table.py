"""Any table, with any names, types and gaps, means the same whatever it is written in: roles, typed rows, and counts.

Scores follow from the rows and drift verdicts from the counts, which are compared exactly.
"""

import json
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine

from pipeline.profiles.counting import profile_reference, profile_window
from pipeline.profiles.profile import spelling_of
from pipeline.roles.inference import infer
from pipeline.sources.rows import rows_of
from pipeline.sources.source import ALL_ROWS, DatabaseTable, Files, Source
from pipeline.tables.file_format import TO_FIND_OUT, FileFormat
from pipeline.tables.reading import read_raw, typed
from tests.pipeline.sources.test_source_opening import quoted

ROWS = 16
TARGET = "Left: %s?"
NUMBER, WHOLE, TRUTH, DAY, WORDS = "double precision", "bigint", "boolean", "date", "text"


@dataclass(frozen=True)
class Kind:
    """Cells of a column, and the type that a database has for them."""

    cells: st.SearchStrategy[object]
    type: str


KINDS = [
    Kind(st.floats(-1e6, 1e6).map(lambda value: round(value, 2) + 0.0), NUMBER),
    Kind(st.one_of(st.none(), st.floats(0, 99).map(lambda value: round(value, 1))), NUMBER),
    Kind(st.sampled_from([None, 0.0, 1.0, 2.0]), NUMBER),
    Kind(st.integers(-(2**40), 2**40), WHOLE),
    Kind(st.integers(0, 1), WHOLE),
    Kind(st.sampled_from([True, False, None]), TRUTH),
    Kind(st.dates(date(1999, 1, 1), date(2030, 1, 1)), DAY),
    Kind(st.sampled_from(["007", "7", "12", None]), WORDS),
    Kind(st.sampled_from(["1.0", "1", "1.10", "1.1", "2.0-beta"]), WORDS),
    Kind(st.sampled_from(["a", "b; c", "it's", 'say "hi"', "größe, 😀", "two\nlines", " x ", "NA", None]), WORDS),
    Kind(st.text("abcdefgh", min_size=6, max_size=6), WORDS),
]
NAMES = st.text("abÄé 019.,;:'\"%$[](){}/\\_-?*#@|`€😀\n", min_size=1, max_size=9).filter(lambda name: name.strip() not in ("", TARGET))


@dataclass(frozen=True)
class Table:
    frame: pd.DataFrame
    types: Sequence[str]


@st.composite
def tables(draw: st.DrawFn) -> Table:
    kinds = draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=6))
    names = draw(
        st.lists(
            NAMES, min_size=len(kinds), max_size=len(kinds), unique_by=lambda name: name.strip().lower()
        )  # as engines tell names apart
    )
    columns = {name: draw(st.lists(kind.cells, min_size=ROWS, max_size=ROWS)) for name, kind in zip(names, kinds, strict=True)}
    # A feature for certain.
    columns |= {"months": [place / 4 for place in range(ROWS)], TARGET: ["yes", "no", "no", "no"] * (ROWS // 4)}
    return Table(pd.DataFrame(columns), [*(kind.type for kind in kinds), NUMBER, WORDS])


def as_csv(folder: Path, table: Table) -> Files:
    table.frame.to_csv(folder / "t.csv", index=False)
    return Files(str(folder / "t.csv"))


def as_german_csv(folder: Path, table: Table) -> Files:
    table.frame.to_csv(folder / "t.csv", index=False, sep=";", decimal=",")
    return Files(str(folder / "t.csv"), FileFormat(delimiter=";", decimal=","))


def as_tabs(folder: Path, table: Table) -> Files:
    table.frame.to_csv(folder / "t.tsv.gz", index=False, sep="\t")
    return Files(str(folder / "t.tsv.gz"))


def cells(table: Table) -> list[dict[str, object]]:
    frame = table.frame.astype(object).where(table.frame.notna(), None)
    return [{name: str(cell) if isinstance(cell, date) else cell for name, cell in row.items()} for row in frame.to_dict("records")]


def as_json_lines(folder: Path, table: Table) -> Files:
    (folder / "t.jsonl").write_text("\n".join(map(json.dumps, cells(table))))
    return Files(str(folder / "t.jsonl"))


def as_json(folder: Path, table: Table) -> Files:
    (folder / "t.json").write_text(json.dumps(cells(table), indent=1))
    return Files(str(folder / "t.json"))


def as_parquet(folder: Path, table: Table) -> Files:
    table.frame.to_parquet(folder / "t.parquet")
    return Files(str(folder / "t.parquet"))


def as_excel(folder: Path, table: Table) -> Files:
    table.frame.to_excel(folder / "t.xlsx", index=False, engine="xlsxwriter")
    return Files(str(folder / "t.xlsx"))


def as_sqlite(folder: Path, table: Table) -> DatabaseTable:
    columns = ", ".join(f"{quoted(name)} {kind}" for name, kind in zip(table.frame, table.types, strict=True))
    with closing(sqlite3.connect(folder / "t.db")) as connection, connection:
        connection.execute(f"create table t ({columns})")
        marks = ",".join("?" * len(table.types))
        connection.executemany(f"insert into t values ({marks})", [tuple(row.values()) for row in cells(table)])
    return DatabaseTable(f"sqlite:///{folder}/t.db", "t")


FILES = [as_csv, as_german_csv, as_tabs, as_json_lines, as_json, as_parquet, as_excel]


def assert_as_in_csv(table: Table, written: Callable[[Path, Table], Source]) -> None:
    with TemporaryDirectory() as place:
        (folder := Path(place) / "reference").mkdir()
        raw = read_raw(Path(as_csv(folder, table).path), TO_FIND_OUT)
        inference = infer(raw, TARGET, "yes")
        schema = inference.schema
        whole = typed(raw, schema, with_target=True)
        reference = profile_reference(Files(str(folder / "t.csv")), schema)
        source = written(Path(place), table)
        if isinstance(source, Files):
            other = read_raw(Path(source.path), source.format)
            guessed = infer(other, TARGET, "yes")
            assert (guessed.schema, guessed.ignored) == (schema, inference.ignored)
            pd.testing.assert_frame_equal(typed(other, schema, with_target=True), whole)
        assert profile_window(source, schema, reference) == profile_window(Files(str(folder / "t.csv")), schema, reference)
        rows = rows_of(source, schema, ALL_ROWS, spelling_of(reference))
        expected = whole.rename(columns={name: new for name, new in ((schema.id, "_id"), (schema.time, "_time")) if name})
        expected = expected.sort_values([*(name for name in ("_time", "_id") if name in expected), *schema.features], kind="stable")
        pd.testing.assert_frame_equal(rows, expected[list(rows)].reset_index(drop=True), check_dtype=False)


@pytest.mark.slow
@pytest.mark.parametrize("written", [*FILES, as_sqlite])
@settings(deadline=None, max_examples=3)
@given(table=tables())
def test_any_table_is_the_same_in_any_format(written: Callable[[Path, Table], Source], table: Table) -> None:
    assert_as_in_csv(table, written)


@pytest.mark.slow
@pytest.mark.parametrize("written", [*FILES, as_sqlite])
@settings(deadline=None, max_examples=40)
@given(table=tables())
def test_very_many_tables_are_the_same_in_any_format(written: Callable[[Path, Table], Source], table: Table) -> None:
    assert_as_in_csv(table, written)


PLACES = count()


@settings(deadline=None, max_examples=3)
@given(table=tables())
def test_any_table_is_the_same_in_postgresql(postgres: str, table: Table) -> None:
    def written(_: Path, table: Table) -> Source:
        name = f"any_{next(PLACES)}"
        columns = ", ".join(f"{quoted(column)} {kind}" for column, kind in zip(table.frame, table.types, strict=True))
        engine = create_engine(postgres)
        with engine.begin() as connection:
            connection.exec_driver_sql(f"create table {name} ({columns})".replace("%", "%%"))
            with connection.connection.cursor().copy(f"copy {name} from stdin") as copy:
                for row in cells(table):
                    copy.write_row(tuple(row.values()))
        engine.dispose()
        return DatabaseTable(postgres, name)

    assert_as_in_csv(table, written)
