"""One definition, several engines: the same rows give the same cells wherever they are counted."""

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import create_engine

from pipeline.errors import DataError
from pipeline.profiles.counting import profile_reference, profile_window
from pipeline.profiles.profile import Profile, cells_of
from pipeline.sources.source import ALL_ROWS, DatabaseTable, Files, Frame, PredictionLog, Restriction, Source, SparkTable
from pipeline.state.database import open_state
from pipeline.state.predictions import log_predictions
from pipeline.tables.schema import Schema
from tests.pipeline.spark import spark_session

MONDAY = datetime(2026, 11, 16, tzinfo=UTC)
HOSTILE = 'he said "hi"; drop table t;--'
SCHEMA = Schema(
    target="churned",
    positive="yes",
    id="customer",
    time="seen at",
    numerical=("bill", HOSTILE, "größe: %s :x", "tenure"),
    categorical=("kind's", "`flag`"),
)
WINDOW = Restriction(since=MONDAY + timedelta(days=1), until=MONDAY + timedelta(days=4), segment=("kind's", "1.0"))


def rows(count: int) -> pd.DataFrame:
    """Even, heavy-tailed and discrete numbers with gaps, hostile names and categories, some customers twice."""
    rng = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "bill": np.where(rng.random(count) < 0.05, np.nan, rng.normal(50, 20, count)),
            HOSTILE: np.exp(rng.normal(3, 3, count)),
            "größe: %s :x": rng.uniform(-1, 1, count) ** 3 * 1e6,
            "tenure": rng.integers(0, 73, count).astype("float64"),
            "kind's": rng.choice(["a", "b; drop", "it's", "größe", " a ", "", "NA", "1.0", "2", ":x %s"], count).astype(object),
            "`flag`": rng.choice([True, False], count),
            "customer": [f"C{number % (count - 7)}" for number in range(count)],
            "seen at": pd.to_datetime(MONDAY).tz_localize(None) + pd.to_timedelta(np.arange(count) % (count - 7) % 10, unit="D"),
        }
    )


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def columns(frame: pd.DataFrame, number: str, others: dict[str, str]) -> str:
    return ", ".join(f"{quoted(name)} {others.get(name, number if frame[name].dtype == float else 'text')}" for name in frame)


def records(frame: pd.DataFrame) -> Iterator[tuple[object, ...]]:
    return frame.astype(object).where(frame.notna(), None).itertuples(index=False, name=None)


def fill_sqlite(path: Path, frame: pd.DataFrame) -> DatabaseTable:
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(f"create table t ({columns(frame, 'real', {'`flag`': 'boolean', 'seen at': 'timestamp'})})")
        as_text = frame.assign(**{"seen at": frame["seen at"].astype(str)})
        connection.executemany(f"insert into t values ({','.join('?' * frame.shape[1])})", records(as_text))
    connection.close()
    return DatabaseTable(f"sqlite:///{path}", "t")


def fill_postgres(url: str, frame: pd.DataFrame, table: str = "t") -> DatabaseTable:
    engine = create_engine(url)
    with engine.begin() as connection:
        types = columns(frame, "double precision", {"`flag`": "boolean", "seen at": "timestamp"})
        connection.exec_driver_sql(f"create table {table} ({types})".replace("%", "%%"))
        with connection.connection.cursor().copy(f"copy {table} from stdin") as copy:
            for row in records(frame):
                copy.write_row(row)
    engine.dispose()
    return DatabaseTable(url, table)


def assert_same(one: Profile, other: Profile) -> None:
    assert one.categorical == other.categorical
    for first, second in zip(one.numerical, other.numerical, strict=True):
        (counts, sums), (other_counts, other_sums) = cells_of(first), cells_of(second)
        assert (counts == other_counts).all()
        assert sums == pytest.approx(other_sums, rel=1e-12)
        assert (first.nulls, first.infinite, first.minimum) == (second.nulls, second.infinite, second.minimum)
        assert first.maximum == second.maximum
    assert one.model_dump(exclude={"numerical", "categorical"}) == other.model_dump(exclude={"numerical", "categorical"})


@dataclass(frozen=True)
class Counted:
    """What DuckDB counts in the same rows, whole and restricted."""

    frame: pd.DataFrame
    reference: Profile
    restricted: Profile


def counted(count: int, folder: Path) -> Counted:
    frame = rows(count)
    frame.to_parquet(folder / "t.parquet")
    source = Files(str(folder / "t.parquet"))
    reference = profile_reference(source, SCHEMA)
    assert reference.repeats == 7
    assert [getattr(column.grid, "unit", None) is not None for column in reference.numerical] == [False, True, False, False]
    restricted = profile_window(source, SCHEMA, reference, WINDOW)
    assert 0 < restricted.rows < 0.1 * count
    return Counted(frame, reference, restricted)


def assert_counts_the_same(source: Source, expected: Counted) -> None:
    assert_same(profile_window(source, SCHEMA, expected.reference), expected.reference)
    assert_same(profile_window(source, SCHEMA, expected.reference, WINDOW), expected.restricted)
    assert_same(profile_reference(source, SCHEMA), expected.reference)


@pytest.mark.parametrize("count", [3000, pytest.param(200_000, marks=pytest.mark.slow)])
def test_sqlite_counts_the_same(count: int, tmp_path: Path) -> None:
    expected = counted(count, tmp_path)
    assert_counts_the_same(fill_sqlite(tmp_path / "t.db", expected.frame), expected)


@pytest.mark.parametrize("count", [3000, pytest.param(200_000, marks=pytest.mark.slow)])
def test_postgresql_counts_the_same(count: int, tmp_path: Path, postgres: str) -> None:
    expected = counted(count, tmp_path)
    assert_counts_the_same(fill_postgres(postgres, expected.frame, f"t{count}"), expected)


@pytest.mark.slow
def test_spark_counts_the_same(tmp_path: Path) -> None:
    expected = counted(200_000, tmp_path)
    with spark_session(tmp_path) as session:
        session.read.parquet(str(tmp_path / "t.parquet")).createOrReplaceTempView("t")
        assert_same(profile_window(SparkTable("t"), SCHEMA, expected.reference), expected.reference)
        assert_same(profile_window(SparkTable(f"parquet.`{tmp_path}/t.parquet`"), SCHEMA, expected.reference, WINDOW), expected.restricted)
        with pytest.raises(DataError, match="Spark table gone cannot be read"):
            profile_window(SparkTable("gone"), SCHEMA, expected.reference)


def test_infinity_and_nan_are_missing_in_postgresql_too(postgres: str) -> None:
    schema = Schema(target="t", positive="1", numerical=("x",))
    frame = pd.DataFrame({"x": [*range(2000), *[float("nan"), float("inf"), float("-inf"), 1e200] * 5]}) * 1.0
    expected = profile_reference(Frame(frame), schema)
    assert (expected.numerical[0].nulls, expected.numerical[0].grid.kind) == (20, "even")
    create = create_engine(postgres)
    with create.begin() as connection:
        connection.exec_driver_sql("create table odd (x double precision)")
        with connection.connection.cursor().copy("copy odd from stdin") as copy:
            for value in frame["x"]:
                copy.write_row([value])
    create.dispose()
    assert_same(profile_window(DatabaseTable(postgres, "public.odd"), schema, expected), expected)


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_numbers_in_a_text_column_are_numbers(database: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    schema = Schema(target="t", positive="1", numerical=("x",))
    frame = pd.DataFrame({"x": ["1.5", " 2 ", "1,234.5", "", "NA", None, "inf", "1e3", "unknown", "-.5"]}, dtype=object)
    expected = profile_reference(Frame(frame), schema)
    assert (expected.numerical[0].nulls, expected.numerical[0].unreadable) == (5, 1)
    if database == "sqlite":
        source = fill_sqlite(tmp_path / "t.db", frame.assign(**{"seen at": "2026-11-16"}))
    else:
        source = fill_postgres(request.getfixturevalue("postgres"), frame, "texts")
    got = profile_window(source, schema, expected)
    assert_same(got.model_copy(update={"extra": ()}), expected)


@pytest.mark.parametrize(
    ("written", "zone"),
    [("timestamp", "Asia/Tokyo"), ("timestamptz", "UTC"), ("text", "Asia/Tokyo"), ("bigint", "UTC"), ("date", "UTC")],
)
def test_postgresql_times_may_have_many_types(postgres: str, written: str, zone: str) -> None:
    schema = Schema(target="t", positive="1", time="at", categorical=("c",))
    shown = {"bigint": "extract(epoch from at) * 1000", "text": "to_char(at, 'YYYY-MM-DD\"T\"HH24:MI:SS')"}.get(written, "at")
    engine = create_engine(postgres)
    with engine.begin() as connection:
        days = "generate_series(timestamp '2026-11-16', '2026-11-25', '1 day') as at"
        connection.exec_driver_sql(f"create table times_{written} as select 'a' as c, cast({shown} as {written}) as at from {days}")
    engine.dispose()
    midnight = MONDAY - timedelta(hours=9) if zone == "Asia/Tokyo" else MONDAY
    source = DatabaseTable(postgres, f"times_{written}", zone)
    restriction = Restriction(since=midnight + timedelta(days=1), until=midnight + timedelta(days=4))
    reference = profile_reference(source, schema)
    assert (reference.since, reference.until) == (midnight, midnight + timedelta(days=9))
    assert profile_window(source, schema, reference, restriction).rows == 3


@pytest.mark.parametrize(
    ("url", "table", "said"),
    [
        ("sqlite:///{folder}/t.db", "gone", "no table `gone`"),
        ("sqlite:///{folder}/nowhere.db", "t", r"There is no database .*nowhere\.db"),
        ("sqlite:///{folder}", "t", r"cannot be read \(OperationalError\)"),
        ("no url", "t", "URL cannot be understood"),
        ("duck:///t", "t", "URL cannot be understood"),
        ("mysql+nothing://h/d", "t", "cannot be understood"),
        ("oracle://user:secret@host/d", "t", "package|not counted in oracle"),
        ("postgresql+psycopg://user:secret@127.0.0.1:1/d", "t", r"cannot be read \(OperationalError\)"),
    ],
)
def test_a_database_that_cannot_be_read_is_one_clear_sentence_without_its_password(tmp_path: Path, url: str, table: str, said: str) -> None:
    sqlite3.connect(tmp_path / "t.db").close()
    with pytest.raises(DataError, match=said) as raised:
        profile_reference(DatabaseTable(url.format(folder=tmp_path), table), SCHEMA)
    assert "secret" not in str(raised.value)
    assert not (tmp_path / "nowhere.db").exists()


def test_rows_written_meanwhile_do_not_mix_into_a_profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = rows(500)
    source = fill_sqlite(tmp_path / "t.db", frame)
    writer = sqlite3.connect(tmp_path / "t.db", isolation_level=None)
    writer.execute("pragma journal_mode=wal")
    from pipeline.profiles import counting

    counted_categories = counting._categorical

    def interrupted(*arguments: object) -> object:
        writer.execute("insert into t select * from t limit 100")
        return counted_categories(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(counting, "_categorical", interrupted)
    profile = profile_reference(source, SCHEMA)
    writer.close()
    assert {profile.rows, *(column.nulls + column.count for column in (*profile.numerical, *profile.categorical))} == {500}


LOGGED = Schema(target="churned", positive="yes", id="other id", time=None, numerical=("bill", HOSTILE), categorical=("kind's",))


def fill_log(path: Path, frame: pd.DataFrame) -> PredictionLog:
    state = open_state(path, create=True)
    times = [MONDAY + timedelta(hours=position) for position in range(len(frame))]
    ids = [f"C{position // 2}" for position in range(len(frame))]
    log_predictions(state, frame, LOGGED, ids=ids, times=times, scores=[0.5] * len(frame), version="1")
    state.close()
    return PredictionLog(path)


@pytest.mark.slow
def test_the_prediction_log_counts_as_the_rows_that_were_logged(tmp_path: Path) -> None:
    frame = rows(2000)
    frame["kind's"] = frame["kind's"].where(frame["kind's"] != "", np.nan)
    source = fill_log(tmp_path / "state.db", frame)
    expected = profile_reference(Frame(frame[list(LOGGED.features)]), LOGGED)
    profile = profile_window(source, LOGGED, expected)
    own = {"repeats": 0, "since": MONDAY, "until": MONDAY + timedelta(hours=1999)}
    assert_same(profile, expected.model_copy(update=own))
    until = MONDAY + timedelta(hours=99)
    some = profile_window(source, LOGGED, expected, Restriction(since=MONDAY + timedelta(hours=9), until=until))
    assert (some.rows, some.until) == (90, until)
    assert_same(
        some.model_copy(update={"repeats": None, "since": None, "until": None}),
        profile_window(Frame(frame[10:100][list(LOGGED.features)]), LOGGED, expected),
    )


def test_features_the_log_does_not_know_yet_are_missing(tmp_path: Path) -> None:
    source = fill_log(tmp_path / "state.db", rows(20))
    newer = LOGGED.model_copy(update={"numerical": ("bill", "new one")})
    reference = profile_reference(Frame(rows(20).assign(**{"new one": 1.0})), newer)
    assert profile_window(source, newer, reference).numerical[1].nulls == 20


def test_a_log_that_is_no_json_is_one_clear_sentence(tmp_path: Path) -> None:
    source = fill_log(tmp_path / "state.db", rows(20))
    with sqlite3.connect(source.place) as connection:
        connection.execute("update predictions set features = '{\"bill\": secret}' where seq = 3")
    connection.close()
    with pytest.raises(DataError, match="prediction log cannot be read") as raised:
        profile_window(source, LOGGED, profile_reference(Frame(rows(20)), LOGGED))
    assert "secret" not in str(raised.value)


def test_an_empty_log_has_an_empty_profile(tmp_path: Path) -> None:
    open_state(tmp_path / "state.db", create=True).close()
    reference = profile_reference(Frame(rows(20)), LOGGED)
    profile = profile_window(PredictionLog(tmp_path / "state.db"), LOGGED, reference, ALL_ROWS)
    assert (profile.rows, profile.until, profile.numerical[0].count) == (0, None, 0)
    assert json.loads(profile.model_dump_json())["rows"] == 0
