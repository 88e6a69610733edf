"""MariaDB counts the same as the engine inside, though of itself it takes letters of either case, and blanks, for the same."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import Engine, create_engine

from pipeline.errors import DataError
from pipeline.profiles.counting import profile_reference, profile_window
from pipeline.sources.rows import rows_of
from pipeline.sources.source import ALL_ROWS, DatabaseTable, Frame, Restriction
from pipeline.sources.source_opening import open_source
from pipeline.tables.schema import Schema
from tests.mariadb import mariadb_server
from tests.pipeline.sources.test_source_opening import MONDAY, SCHEMA, assert_counts_the_same, assert_same, counted, records


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with mariadb_server() as found:
        yield found


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    engine = create_engine(url)
    yield engine
    engine.dispose()


def fill(engine: Engine, table: str, frame: pd.DataFrame, types: dict[str, str]) -> DatabaseTable:
    columns = ", ".join(f"`{name.replace('`', '``')}` {types.get(name, 'longtext')}" for name in frame)
    with engine.begin() as connection:
        driver = connection.connection.cursor()
        driver.execute(f"create table {table} ({columns})")
        driver.executemany(f"insert into {table} values ({', '.join(['%s'] * frame.shape[1])})", list(records(frame)))
    return DatabaseTable(engine.url.render_as_string(), table)


def test_mariadb_counts_the_same(engine: Engine, tmp_path: Path) -> None:
    expected = counted(3000, tmp_path)
    numbers = dict.fromkeys(SCHEMA.numerical, "double")
    source = fill(engine, "t", expected.frame, {**numbers, "`flag`": "boolean", "seen at": "datetime(6)"})
    assert_counts_the_same(source, expected)


def test_letters_blanks_and_quotes_tell_categories_apart(engine: Engine) -> None:
    schema = Schema(target="t", positive="1", id="who", categorical=("c",))
    frame = pd.DataFrame({"who": list("abcdefgh"), "c": ["a", "A", "á", "ss", "ß", "it's", "\\", "😀"]})
    source = fill(engine, "letters", frame, {"c": "varchar(20) character set utf8mb4 collate utf8mb4_unicode_ci", "who": "varchar(9)"})
    expected = profile_reference(Frame(frame), schema)
    assert_same(profile_window(source, schema, expected), expected)
    assert rows_of(source, schema, ALL_ROWS, {}, ["b"])["c"].to_list() == ["A"]
    assert rows_of(source, schema, Restriction(segment=("c", "ß")), {})["_id"].to_list() == ["e"]


@pytest.mark.parametrize("kind", ["datetime(6)", "timestamp(6)", "date", "varchar(40)", "bigint"])
def test_times_may_have_many_types(engine: Engine, kind: str) -> None:
    schema = Schema(target="t", positive="1", time="at", categorical=("c",))
    days = pd.date_range(MONDAY, periods=10, freq="D")
    shown = {"bigint": [int(day.timestamp() * 1000) for day in days], "varchar(40)": [f"{day:%Y-%m-%dT%H:%M:%S}+00:00" for day in days]}
    values = shown.get(kind, [f"{day:%Y-%m-%d %H:%M:%S}" for day in days])
    with engine.begin() as connection:
        connection.exec_driver_sql("set time_zone = '+00:00'")
    table = "times_" + kind.partition("(")[0]
    source = fill(engine, table, pd.DataFrame({"c": "a", "at": values}), {"at": kind})
    reference = profile_reference(source, schema)
    assert (reference.since, reference.until) == (MONDAY, MONDAY + timedelta(days=9))
    window = Restriction(since=MONDAY + timedelta(days=1), until=MONDAY + timedelta(days=4))
    assert profile_window(source, schema, reference, window).rows == 3


def test_times_in_text_mean_what_they_say(engine: Engine) -> None:
    schema = Schema(target="t", positive="1", time="at", categorical=("c",))
    written = {
        "2026-11-16T01:30:00+01:30": MONDAY,
        "2026-11-15T22:00:00-0200": MONDAY,
        "2026-11-16T00:00:00Z": MONDAY,
        "2026-11-16": MONDAY,
        " 2026-11-16 00:00:00.250 ": MONDAY + timedelta(milliseconds=250),
    }
    for place, (text, meant) in enumerate(written.items()):
        source = fill(engine, f"text_{place}", pd.DataFrame({"c": ["a"], "at": [text]}), {})
        assert profile_reference(source, schema).since == meant, text
    for place, text in enumerate(("16.11.2026", "20261116", "soon", "2026-13-45")):
        source = fill(engine, f"no_time_{place}", pd.DataFrame({"c": ["a"], "at": [text]}), {})
        with pytest.raises(DataError, match=r"1 of 1 times|are written like|are no times"):
            profile_window(source, schema, profile_reference(Frame(pd.DataFrame({"c": ["a"]})), schema), Restriction(since=MONDAY))


def test_numbers_in_a_text_column_and_a_flag_that_is_a_number(engine: Engine) -> None:
    schema = Schema(target="t", positive="1", numerical=("x", "few"))
    frame = pd.DataFrame(
        {"x": ["1.5", " 2 ", "1,234.5", "", "NA", None, "inf", "1e3", "unknown", "-.5"], "few": [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]}
    )
    expected = profile_reference(Frame(frame), schema)
    source = fill(engine, "texts", frame, {"few": "tinyint(1)"})
    assert_same(profile_window(source, schema, expected), expected)


def test_nothing_can_be_written(engine: Engine) -> None:
    source = fill(engine, "kept", pd.DataFrame({"c": ["a"]}), {})
    with (
        pytest.raises(DataError, match=r"The table `kept` cannot be read"),
        open_source(source, Schema(target="t", positive="1", categorical=("c",)), ALL_ROWS) as relation,
    ):
        list(relation.rows("insert into kept values ('b')"))


@pytest.mark.parametrize("scheme", ["mysql", "mariadb"])
def test_without_the_driver_the_sentence_says_how_to_get_it(scheme: str) -> None:
    with pytest.raises(DataError, match=r'mysql\+pymysql://user@host/database, and pip install "churnops\[mysql\]"'):
        profile_reference(DatabaseTable(f"{scheme}://user@host/d", "t"), SCHEMA)


def test_a_zone_the_server_does_not_know_is_one_sentence(engine: Engine) -> None:
    source = fill(engine, "zones", pd.DataFrame({"c": ["a"]}), {})
    with pytest.raises(DataError, match=r"cannot be read \(OperationalError\)"):
        profile_reference(DatabaseTable(source.url, source.table, "Europe/Berlin"), Schema(target="t", positive="1", categorical=("c",)))
