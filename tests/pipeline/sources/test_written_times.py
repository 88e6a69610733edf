"""Scoring times as text mean the same in a window as in a reference, or the window is refused: nothing is passed over in silence."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import create_engine

from pipeline.errors import DataError
from pipeline.profiles.counting import last_time, profile_reference, profile_window
from pipeline.sources.rows import rows_of
from pipeline.sources.source import ALL_ROWS, DatabaseTable, Files, Frame, Restriction, Source
from pipeline.tables.file_format import FileFormat
from pipeline.tables.reading import read_raw, typed
from pipeline.tables.schema import Schema

COLUMNS = Schema(target="left", positive="yes", id="who", time=" scored at".strip(), categorical=("plan",))
Write = Callable[[Path, list[str | None], str], Source]


def frame_of(times: list[str | None]) -> pd.DataFrame:
    return pd.DataFrame({"who": [f"C{place}" for place in range(len(times))], "plan": "a", "scored at": times}, dtype=object)


def as_csv(folder: Path, times: list[str | None], timezone: str) -> Source:
    frame_of(times).to_csv(folder / "t.csv", index=False)
    return Files(str(folder / "t.csv"), FileFormat(timezone=timezone))


def as_json(folder: Path, times: list[str | None], timezone: str) -> Source:
    (folder / "t.json").write_text(json.dumps(frame_of(times).to_dict("records")))
    return Files(str(folder / "t.json"), FileFormat(timezone=timezone))


def as_parquet(folder: Path, times: list[str | None], timezone: str) -> Source:
    frame_of(times).to_parquet(folder / "t.parquet")
    return Files(str(folder / "t.parquet"), FileFormat(timezone=timezone))


def as_sqlite(folder: Path, times: list[str | None], timezone: str) -> Source:
    with closing(sqlite3.connect(folder / "t.db")) as connection, connection:
        connection.execute('create table t (who text, plan text, "scored at" text)')
        connection.executemany("insert into t values (?, ?, ?)", frame_of(times).itertuples(index=False, name=None))
    return DatabaseTable(f"sqlite:///{folder}/t.db", "t", timezone)


FILES = pytest.mark.parametrize("write", [as_csv, as_parquet])
UNDERSTOOD = pytest.mark.parametrize(
    ("times", "timezone", "first", "last"),
    [
        (["2024-01-31 10:00", None, "2024-02-01T10:00"], "UTC", "2024-01-31T10:00Z", "2024-02-01T10:00Z"),
        (["2024-01-31T10:00:00+01:00", "NA", "2024-02-01T10:00:00Z"], "UTC", "2024-01-31T09:00Z", "2024-02-01T10:00Z"),
        (["31.01.2024 10:00", "01.02.2024 10:00"], "Europe/Berlin", "2024-01-31T09:00Z", "2024-02-01T09:00Z"),
        (["31.12.2024, 23:30", "1.1.2025, 00:30"], "Europe/Berlin", "2024-12-31T22:30Z", "2024-12-31T23:30Z"),
        (["1/31/2024 10:00 PM", "2/1/2024 12:00 am"], "UTC", "2024-01-31T22:00Z", "2024-02-01T00:00Z"),
        (["01.02.2024", "02.02.2024"], "UTC", "2024-02-01T00:00Z", "2024-02-02T00:00Z"),
        (["20240131", "20240201"], "UTC", "2024-01-31T00:00Z", "2024-02-01T00:00Z"),
        (["2024/1/31 10:00", "2024/2/1 10:00"], "UTC", "2024-01-31T10:00Z", "2024-02-01T10:00Z"),
        (["45322.416666666664", "45323"], "Europe/Berlin", "2024-01-31T09:00Z", "2024-01-31T23:00Z"),
        (["1706695200", "1706781600"], "Europe/Berlin", "2024-01-31T10:00Z", "2024-02-01T10:00Z"),
        (["1706695200000", "1706781600000"], "UTC", "2024-01-31T10:00Z", "2024-02-01T10:00Z"),
        (["27.10.2024 02:30", "31.03.2024 02:30"], "Europe/Berlin", "2024-03-31T01:00Z", "2024-10-27T01:30Z"),
    ],
)  # fmt: skip


@FILES
@UNDERSTOOD
def test_a_file_of_a_window_has_the_times_of_a_reference(
    write: Write, times: list[str | None], timezone: str, first: str, last: str, tmp_path: Path
) -> None:
    source = write(tmp_path, times, timezone)
    assert isinstance(source, Files)
    profile = profile_reference(source, COLUMNS)
    assert (profile.since, profile.until, profile.extra) == (pd.Timestamp(first), pd.Timestamp(last), ())
    assert last_time(source, COLUMNS) == pd.Timestamp(last)
    later = Restriction(since=pd.Timestamp(first).to_pydatetime())
    assert profile_window(source, COLUMNS, profile, later).rows == 1
    expected = typed(read_raw(Path(source.path), source.format), COLUMNS, with_target=False).set_index("who")["scored at"]
    rows = rows_of(source, COLUMNS, ALL_ROWS, {}).set_index("_id")["_time"]
    pd.testing.assert_series_equal(rows.sort_index(), expected.sort_index(), check_names=False)


REFUSED = pytest.mark.parametrize(
    ("times", "said"),
    [
        (["31/01/24", "01/02/24", "2024-02-03"], r"2 values of `scored at` are not dates or times \(they look like `99/99/99`\)"),
        (["2024-02-03", "Jan 31"], r"1 values of `scored at` are not dates or times \(they look like `aaa 99`\)"),
        (["31/01/2024", "02/14/2024"], "1 values of `scored at` are dates with the day first, while others have the month first"),
        (["2024-02-30"], r"they look like `9999-99-99`"),
        (["2024-01-31 10:00 EST"], r"they look like `9999-99-99 99:99 aaa`"),
        (["45322", "secret"], r"1 values of `scored at` are not dates or times \(they look like `aaaaaa`\)"),
        (["5", "17"], r"they look like `9`"),
    ],
)  # fmt: skip


@FILES
@REFUSED
def test_times_that_are_none_are_refused_at_both_doors(write: Write, times: list[str | None], said: str, tmp_path: Path) -> None:
    source = write(tmp_path, times, "UTC")
    assert isinstance(source, Files)
    for read in (lambda: typed(read_raw(Path(source.path)), COLUMNS, with_target=False), lambda: last_time(source, COLUMNS)):
        with pytest.raises(DataError, match=said) as refused:
            read()
        assert Path(source.path).name in refused.value.problem
        assert "the first in data row " in refused.value.problem
        assert not any(str(cell) in str(refused.value) for cell in times if cell and len(cell) > 2)


def test_json_is_read_likewise(tmp_path: Path) -> None:
    assert last_time(as_json(tmp_path, ["1/31/2024 10:00 PM", None], "UTC"), COLUMNS) == pd.Timestamp("2024-01-31T22:00Z")


@pytest.mark.parametrize("days", [1, pytest.param(250, marks=pytest.mark.slow)])
def test_each_row_keeps_its_time_and_a_wrong_one_is_found(days: int, tmp_path: Path) -> None:
    moments = pd.date_range("2024-01-01", periods=days * 1440, freq="min")
    written = moments.strftime("%d.%m.%Y %H:%M").to_list()
    rows = rows_of(as_csv(tmp_path, [*written], "UTC"), COLUMNS, ALL_ROWS, {}).set_index("_id")["_time"]
    assert (rows[[f"C{place}" for place in range(len(moments))]].to_numpy() == moments.tz_localize("UTC").to_numpy()).all()
    with pytest.raises(DataError, match=f"2 values of `scored at` .*, the first in data row {len(moments) - 99}"):
        last_time(as_csv(tmp_path, [*written[:-100], "?", *written[-100:], "?"], "UTC"), COLUMNS)


def test_columns_may_have_any_names(tmp_path: Path) -> None:
    names = ["at", "written", "times", "whole", "time", "place", "original"]
    (pd.DataFrame({name: ["31.01.2024", "01.02.2024"] for name in names})).to_parquet(tmp_path / "t.parquet")
    for name in names:
        assert last_time(Files(str(tmp_path / "t.parquet")), COLUMNS.model_copy(update={"time": name})) == pd.Timestamp("2024-02-01T00:00Z")


def numbers_in(folder: Path, value: float) -> Source:
    return Frame(frame_of([None, None]).assign(**{"scored at": [value, value + 1]}))


def test_days_of_excel_may_be_numbers(tmp_path: Path) -> None:
    profile = profile_reference(numbers_in(tmp_path, 45322.5), COLUMNS)
    assert profile.since == pd.Timestamp("2024-01-31T12:00Z")
    with pytest.raises(DataError, match=r"2 values of `scored at` are not dates or times \(they look like `99.9`\)"):
        profile_reference(numbers_in(tmp_path, 17.0), COLUMNS)


@pytest.fixture(params=["sqlite", "postgresql"])
def fill(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[list[str | None]], Source]:
    def as_postgres(times: list[str | None]) -> Source:
        engine = create_engine(request.getfixturevalue("postgres"))
        with engine.begin() as connection:
            connection.exec_driver_sql("drop table if exists written_times")
            frame_of(times).to_sql("written_times", connection, index=False)
        engine.dispose()
        return DatabaseTable(request.getfixturevalue("postgres"), "written_times")

    return as_postgres if request.param == "postgresql" else lambda times: as_sqlite(tmp_path, times, "UTC")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("times", "first", "last"),
    [
        (["2024-01-31 10:00", None, "2024-02-01T10:00:00Z", "NA"], "2024-01-31T10:00Z", "2024-02-01T10:00Z"),
        (["1706695200", None, "1706781600"], "2024-01-31T10:00Z", "2024-02-01T10:00Z"),
        (["1706695200000", "1706781600000"], "2024-01-31T10:00Z", "2024-02-01T10:00Z"),
    ],
)
def test_a_database_reads_its_texts_or_numbers(
    fill: Callable[[list[str | None]], Source], times: list[str | None], first: str, last: str
) -> None:
    source = fill(times)
    profile = profile_reference(source, COLUMNS)
    assert (profile.since, profile.until, profile.extra) == (pd.Timestamp(first), pd.Timestamp(last), ())
    assert profile_window(source, COLUMNS, profile, Restriction(since=pd.Timestamp(first).to_pydatetime())).rows == 1
    span = Restriction(since=pd.Timestamp(first).to_pydatetime() - timedelta(seconds=1))
    assert rows_of(source, COLUMNS, span, {})["_time"].to_list() == [pd.Timestamp(first), pd.Timestamp(last)]


@pytest.mark.parametrize(
    ("times", "said"),
    [
        (["01.02.2024", "02.02.2024"], "Times in the column `scored at` are written like `99.99.9999`, which the database does not read"),
        (["2024-02-01", "1/31/2024 10:00 PM"], "written like `9/99/9999 99:99 aa`"),
        (["2024-02-01", "soon"], "written like `aaaa`"),
        (["20240131"], "numbers in the column `scored at` are no times since 1970"),
        (["45322.5"], "numbers in the column `scored at` are no times since 1970"),
    ],
)
def test_a_database_says_what_it_does_not_read(fill: Callable[[list[str | None]], Source], times: list[str | None], said: str) -> None:
    source = fill(times)
    for read in (lambda: profile_reference(source, COLUMNS), lambda: last_time(source, COLUMNS)):
        with pytest.raises(DataError, match=said):
            read()
