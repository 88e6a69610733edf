"""One engine serves all readings of a process, and none of them meets another's tables, time zone, files or failure."""

import tempfile
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from pipeline.errors import DataError
from pipeline.tables.connection import connected, connected_within, one_engine


def rows(connection: duckdb.DuckDBPyConnection, query: str) -> list[tuple[object, ...]]:
    return connection.execute(query).fetchall()


def test_readings_at_once_have_tables_and_a_time_zone_of_their_own() -> None:
    with connected_within("one") as (one, _), connected_within("other") as (other, _):
        one.register("frame", pa.table({"x": [1]}))
        other.register("frame", pa.table({"x": [2, 3]}))
        one.execute("set TimeZone = 'Asia/Tokyo'")
        assert rows(one, "select x from frame") == [(1,)]
        assert rows(other, "select x from frame") == [(2,), (3,)]
        assert rows(other, "select current_setting('TimeZone')") == [("UTC",)]
    with connected_within("next") as (connection, _):
        assert rows(connection, "select current_setting('TimeZone')") == [("UTC",)]
        with pytest.raises(duckdb.CatalogException):
            connection.execute("select x from frame")


def test_readings_in_threads_do_not_meet() -> None:
    found: dict[int, list[tuple[object, ...]]] = {}

    def read(number: int) -> None:
        with connected_within("the table") as (connection, _):
            connection.register("frame", pa.table({"x": range(number)}))
            found[number] = rows(connection, "select count(*) from frame")

    threads = [threading.Thread(target=read, args=(number,)) for number in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {number: [(number,)] for number in range(1, 9)}


@pytest.mark.parametrize("connect", [partial(connected, timezone="UTC"), connected_within], ids=["own", "shared"])
def test_a_failure_is_one_sentence_without_a_cell_and_the_folder_is_gone(connect: Callable[..., Any]) -> None:
    folders: list[Path] = []

    def read() -> None:
        with connect("log.csv") as (connection, folder):
            folders.append(folder)
            (folder / "staged").write_text("rows")
            connection.execute("select cast('Ada Lovelace' as integer)")

    with pytest.raises(DataError) as refused:
        read()
    assert str(refused.value).startswith("log.csv cannot be read.")
    assert "Ada" not in str(refused.value)
    assert not folders[0].exists()


def test_a_look_has_one_engine_that_ends_with_it_and_leaves_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def known() -> bool:
        with connected("log.csv", "UTC") as (connection, _):
            return rows(connection, "select count(*) from duckdb_tables() where table_name = 'left_behind'") == [(1,)]

    with one_engine():
        with connected("log.csv", "Asia/Tokyo") as (connection, _):
            connection.execute("create table left_behind (x integer)")
        assert known()
        with connected("other.csv", "Europe/Berlin") as (connection, _), connected("log.csv", "UTC"):
            assert rows(connection, "select current_setting('TimeZone')") == [("Europe/Berlin",)]
        with one_engine():
            assert not known(), "a look within a look"
        assert known()
    assert not known()
    assert list(tmp_path.iterdir()) == []


def test_an_engine_that_broke_is_replaced_and_none_has_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def known() -> bool:
        with connected_within("the table") as (connection, _):
            return rows(connection, "select count(*) from duckdb_tables() where table_name = 'left_behind'") == [(1,)]

    with connected_within("the table") as (connection, _):
        connection.execute("create table left_behind (x integer)")
    assert known(), "the engine is the same one"
    with pytest.raises(DataError), connected_within("the table"):
        raise duckdb.FatalException("the database has been invalidated")
    assert not known()
    with pytest.raises(DataError), connected_within("the table"):
        raise duckdb.InternalException("an assertion does not hold")
    with connected_within("the table") as (connection, _):
        assert rows(connection, "select 1") == [(1,)]
    assert list(tmp_path.iterdir()) == [], "a training child ends without a farewell"
