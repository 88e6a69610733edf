"""Whatever a table is written in, and whichever of its rows: the same cells mean the same, given the reference."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.profiles.counting import profile_window
from pipeline.profiles.profile import spelling_of
from pipeline.sources.rows import rows_of
from pipeline.sources.source import ALL_ROWS, DatabaseTable, Files, Frame, Restriction, Source
from pipeline.tables.categories import Categories
from pipeline.tables.file_format import FileFormat
from pipeline.tables.reading import read_raw, typed
from pipeline.tables.schema import Schema
from tests.pipeline.small_profiles import profile_of

ROWS = 12
COLUMNS = Schema(target="left", positive="yes", id="who", numerical=("x",), categorical=("whole", "half", "code", "release", "flag", "day"))
GERMAN = FileFormat(delimiter=";", decimal=",")
HALVES = [-1.5, 0.0, 0.5, 1.0, 2.05]
CELLS = {
    "x": st.floats(-1e6, 1e6).map(lambda value: round(value, 2)),
    "whole": st.sampled_from([None, 0.0, 1.0, 2.0, -3.0]),
    "half": st.sampled_from([None, *HALVES]),
    "code": st.sampled_from(["007", "7", "12", None]),
    "release": st.sampled_from(["1.0", "1", "1.10", "1.1"]),
    "flag": st.sampled_from([True, False, None]),
    "day": st.dates(date(2024, 1, 1), date(2024, 1, 3)),
}
# The reference has these beside what is drawn: a word and leading zeros make texts of their columns.
FIRST = {"x": 0.5, "whole": 1.0, "half": 0.5, "code": "007", "release": "2.0-beta", "flag": True, "day": date(2024, 1, 1)}


@st.composite
def tables(draw: st.DrawFn) -> tuple[pd.DataFrame, list[int]]:
    """A reference and some of its rows."""
    drawn = {name: [FIRST[name], *(draw(cell) for _ in range(ROWS - 1))] for name, cell in CELLS.items()}
    ids = {"who": [float(10 + place) for place in range(ROWS)]}
    return pd.DataFrame(ids | drawn), sorted(draw(st.sets(st.integers(0, ROWS - 1), min_size=1)))


def as_csv(folder: Path, frame: pd.DataFrame) -> Source:
    frame.to_csv(folder / "t.csv", index=False)
    return Files(str(folder / "t.csv"))


def as_german_csv(folder: Path, frame: pd.DataFrame) -> Source:
    frame.to_csv(folder / "t.csv", index=False, sep=";", decimal=",")
    return Files(str(folder / "t.csv"), GERMAN)


def as_tabs(folder: Path, frame: pd.DataFrame) -> Source:
    frame.to_csv(folder / "t.tsv", index=False, sep="\t")
    return Files(str(folder / "t.tsv"))


def as_json_lines(folder: Path, frame: pd.DataFrame) -> Source:
    frame.assign(day=frame["day"].astype(str)).to_json(folder / "t.jsonl", orient="records", lines=True, double_precision=15)
    return Files(str(folder / "t.jsonl"))


def as_parquet(folder: Path, frame: pd.DataFrame) -> Source:
    frame.to_parquet(folder / "t.parquet")
    return Files(str(folder / "t.parquet"))


def as_frame(folder: Path, frame: pd.DataFrame) -> Source:
    return Frame(frame)


def as_sqlite(folder: Path, frame: pd.DataFrame) -> Source:
    kinds = ", ".join(
        f"{name} {'boolean' if name == 'flag' else 'real' if name in ('who', 'x', 'whole', 'half') else 'text'}" for name in frame
    )
    cells = frame.assign(day=frame["day"].astype(str)).astype(object).where(frame.notna(), None)
    with closing(sqlite3.connect(folder / "t.db")) as connection, connection:
        connection.execute(f"create table t ({kinds})")
        connection.executemany(f"insert into t values ({','.join('?' * frame.shape[1])})", cells.itertuples(index=False, name=None))
    return DatabaseTable(f"sqlite:///{folder}/t.db", "t")


FORMATS = [as_csv, as_german_csv, as_tabs, as_json_lines, as_parquet, as_frame, as_sqlite]


@pytest.mark.slow
@pytest.mark.parametrize("written", FORMATS)
@settings(deadline=None, max_examples=4)
@given(table=tables())
def test_any_rows_in_any_format_are_the_rows_of_the_reference(
    written: Callable[[Path, pd.DataFrame], Source], table: tuple[pd.DataFrame, list[int]]
) -> None:
    frame, some = table
    with TemporaryDirectory() as folder:
        frame.to_csv(f"{folder}/reference.csv", index=False)
        whole = typed(read_raw(Path(folder) / "reference.csv"), COLUMNS, with_target=False)
        reference = profile_of(whole, COLUMNS)
        source = written(Path(folder), frame.iloc[some].reset_index(drop=True))
        rows = rows_of(source, COLUMNS, ALL_ROWS, spelling_of(reference))
        expected = whole.iloc[some].rename(columns={"who": "_id"}).reset_index(drop=True)
        pd.testing.assert_frame_equal(rows, expected, check_dtype=False)
        profile = profile_window(source, COLUMNS, reference)
        assert profile == profile_of(whole.iloc[some], COLUMNS, reference, repeats=0)


@pytest.mark.parametrize("written", FORMATS)
def test_a_segment_is_its_category_however_it_is_written(written: Callable[[Path, pd.DataFrame], Source], tmp_path: Path) -> None:
    half, code, release = [0.5, 0.0, 0.0, 1.0], ["007", "7", "12", "12"], ["2.0-beta", "1", "1.0", "1.10"]
    others = {"x": 1.0, "whole": 1.0, "flag": True, "day": date(2024, 1, 1)}
    frame = pd.DataFrame({"who": [1.0, 2.0, 3.0, 4.0], "half": half, "code": code, "release": release}).assign(**others)
    known = {
        "half": Categories(("0", "0.5", "1")),
        "code": Categories(("007", "12", "7")),
        "release": Categories(("1", "1.0", "1.10", "2.0-beta")),
    }
    source = written(tmp_path, frame)
    for column, value, places in (
        ("half", "0", [2, 3]),
        ("half", "1", [4]),
        ("release", "1", [2]),
        ("release", "1.0", [3]),
        ("code", "7", [2]),
    ):
        rows = rows_of(source, COLUMNS, Restriction(segment=(column, value)), known)
        assert rows["_id"].to_list() == [str(place) for place in places]
