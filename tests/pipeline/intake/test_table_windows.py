"""A window in a table, where the rows stay: in SQLite, in PostgreSQL under a role that may only read, and in Spark."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import create_engine
from sqlalchemy.dialects.mysql import DATETIME

from pipeline.errors import DataError
from pipeline.intake.outcomes import pull_outcomes
from pipeline.intake.window_rows import window_rows
from pipeline.intake.windows import logged_window
from pipeline.profiles.counting import profile_window
from pipeline.record.opened_workspace import Opened
from pipeline.sources.relation import Relation
from pipeline.sources.source import Frame, Restriction, Source
from pipeline.sources.source_opening import open_source
from pipeline.state.outcomes import log_outcomes
from pipeline.tables.categories import Spelling
from pipeline.tables.schema import Schema
from pipeline.windows.baseline import Baseline
from pipeline.windows.spans import WEEK, Last, NewestRows, Since, SinceDeploy
from pipeline.windows.window import Window
from pipeline.workspace.outcome_settings import OutcomeSettings
from tests.mariadb import mariadb_server
from tests.pipeline.small_tables import COLUMNS, small_table
from tests.pipeline.small_windows import BASELINE, CHAMPION, DAY, NEWEST, assert_profiles_equal, small_baseline, small_opened
from tests.pipeline.spark import spark_session
from tests.postgres import postgres_server

NAMES = {"id": "kunde", "time": "scored_at", "score": "p"}
Tables = Callable[..., Opened]
SLOW = [pytest.param(name, marks=pytest.mark.slow) for name in ("mariadb", "spark")]
everywhere = pytest.mark.parametrize("own", ["sqlite", "postgresql", *SLOW], indirect=True)


def table(rows: int, customers: int | None = None) -> pd.DataFrame:
    """A log as it grows: `rows` predictions, an hour and some between two of them, the last at `NEWEST`."""
    features = small_table(rows, 1)[list(COLUMNS.features)]
    ids = [f"C{number % (customers or rows)}" for number in range(rows)]
    times = [(NEWEST - (rows - 1 - number) * timedelta(hours=1, microseconds=1_000)).replace(tzinfo=None) for number in range(rows)]
    return features.assign(kunde=ids, scored_at=times, p=0.25, model="1", region="Süd").astype({"kunde": object})


def moment(frame: pd.DataFrame, place: int) -> datetime:
    return datetime.fromisoformat(f"{frame['scored_at'].iloc[place].isoformat()}+00:00")


def in_sqlite(folder: Path) -> Iterator[Tables]:
    def own(frame: pd.DataFrame, **settings: str) -> Opened:
        with sqlite3.connect(folder / "scores.db") as connection:
            times = {"scored_at": frame["scored_at"].astype(str)} if "scored_at" in frame else {}
            frame.assign(**times).to_sql("scored", connection, index=False)
        # A relative path counts from the workspace's folder.
        return small_opened(folder, table="scored", url="sqlite:///scores.db", **(settings or NAMES))

    yield own


def in_postgres(folder: Path, server: str) -> Iterator[Tables]:
    engine = create_engine(server)

    def own(frame: pd.DataFrame, **settings: str) -> Opened:
        with engine.begin() as connection:
            connection.exec_driver_sql("drop schema if exists sales cascade")
            connection.exec_driver_sql("create schema sales")
            frame.to_sql("scored", connection, schema="sales", index=False)
            connection.exec_driver_sql("grant usage on schema sales to reader; grant select on sales.scored to reader")
        url = server.replace("//tests@", "//reader@")
        return small_opened(folder, table="sales.scored", url=url, **(settings or NAMES))

    yield own
    engine.dispose()


def in_mariadb(folder: Path, server: str) -> Iterator[Tables]:
    engine = create_engine(server)

    def own(frame: pd.DataFrame, **settings: str) -> Opened:
        frame.to_sql(
            "scored", engine, index=False, if_exists="replace", dtype={"scored_at": DATETIME(fsp=6)} if "scored_at" in frame else {}
        )
        return small_opened(folder, table="shop.scored", url=server, **(settings or NAMES))

    yield own
    engine.dispose()


def in_spark(folder: Path, session: Any) -> Iterator[Tables]:
    def own(frame: pd.DataFrame, **settings: str) -> Opened:
        frame.to_parquet(folder / "scored.parquet", coerce_timestamps="us", allow_truncated_timestamps=True)
        session.read.parquet(str(folder / "scored.parquet")).createOrReplaceTempView("scored")
        return small_opened(folder, engine="spark", table="scored", **(settings or NAMES))

    yield own


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgres_server() as url:
        engine = create_engine(url)
        with engine.begin() as connection:
            connection.exec_driver_sql("create role reader login")
        engine.dispose()
        yield url


@pytest.fixture(scope="module")
def mariadb() -> Iterator[str]:
    with mariadb_server() as url:
        yield url


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with spark_session(tmp_path_factory.mktemp("spark")) as session:
        yield session


@pytest.fixture(params=["sqlite", "postgresql"])
def own(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Tables]:
    """Puts a frame into a table, and opens a workspace whose log that is."""
    if request.param == "sqlite":
        yield from in_sqlite(tmp_path)
    elif request.param == "postgresql":
        yield from in_postgres(tmp_path, request.getfixturevalue("server"))
    elif request.param == "mariadb":
        yield from in_mariadb(tmp_path, request.getfixturevalue("mariadb"))
    else:
        yield from in_spark(tmp_path, request.getfixturevalue("spark"))


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[Sequence[Any]]:
    """Every row that is asked of the engine for the sake of labels."""
    rows: list[Sequence[Any]] = []

    @contextmanager
    def listening(source: Source, schema: Schema, restriction: Restriction, spelling: Spelling) -> Iterator[Relation]:
        with open_source(source, schema, restriction, spelling) as relation:

            def run(query: str, parameters: Mapping[str, object]) -> Iterator[Sequence[Any]]:
                for row in relation.run(query, parameters):
                    rows.append(row)
                    yield row

            yield replace(relation, run=run)

    monkeypatch.setattr("pipeline.sources.rows.open_source", listening)
    return rows


def window(opened: Opened, baseline: Baseline = BASELINE, **how: Any) -> Window:
    return logged_window(opened, CHAMPION, baseline, **how)


def learn(opened: Opened, frame: pd.DataFrame, *places: int, dated: bool = True) -> None:
    moments = [moment(frame, place) for place in places]
    ids = [frame["kunde"].iloc[place] for place in places]
    if dated:
        log_outcomes(opened.state, ids=ids, predicted=moments, observed=moments, churned=[place % 2 for place in places])
        return
    from pipeline.state.database import outcomes

    with opened.state.write() as connection:
        rows = [{"id": id_, "observed_at": "2026-11-21", "churned": place % 2} for id_, place in zip(ids, places, strict=True)]
        connection.execute(outcomes.insert(), rows)


@everywhere
def test_a_week_of_a_table_is_the_same_window_as_the_same_rows_in_memory(own: Tables) -> None:
    frame = table(400)
    found = window(own(frame))
    week = frame[frame["scored_at"] > (NEWEST - 7 * DAY).replace(tzinfo=None)]
    columns = COLUMNS.model_copy(update={"id": "kunde", "time": "scored_at"})
    expected = profile_window(Frame(week.drop(columns="p")), columns, BASELINE.profile)
    assert 100 < found.rows == len(week) < 400
    assert_profiles_equal(found.profile, expected)
    assert found.name.endswith("scored")
    with pytest.raises(DataError, match=r"rows of .*scored stay where they are"):
        window_rows(found)


@pytest.mark.slow
@everywhere
def test_every_span_and_segment_can_be_taken_of_a_table(own: Tables) -> None:
    frame = table(60)
    opened = own(frame)
    opened.ledger.append(moment(frame, 49), "deployed", None, {})
    spans = (Last(timedelta(hours=5)), Since(moment(frame, 50)), SinceDeploy(), NewestRows(7), NewestRows(99))
    assert [window(opened, span=span).rows for span in spans] == [5, 10, 10, 7, 60]
    with pytest.raises(DataError, match="Nothing was scored since"):
        window(opened, span=Since(NEWEST + DAY))
    whole = BASELINE.source.frame
    yearly = replace(small_baseline(whole[whole["contract"] == "yearly"]), restriction=Restriction(segment=("contract", "yearly")))
    assert window(opened, yearly).rows == (frame["contract"] == "yearly").sum()


def test_a_table_without_scoring_times_is_one_window(own: Tables) -> None:
    opened = own(table(60).drop(columns="scored_at"), id="kunde")
    assert window(opened).rows == 60
    with pytest.raises(DataError, match="has no scoring time, so no stretch of it can be chosen"):
        window(opened, span=WEEK)


@everywhere
@pytest.mark.parametrize("dated", [True, False])
def test_only_rows_with_a_known_outcome_come_to_python(own: Tables, fetched: list[Sequence[Any]], dated: bool) -> None:
    frame = table(400)
    opened = own(frame)
    learn(opened, frame, 10, 300, 399, 350, 301, dated=dated)  # the first lies before the window
    found = window(opened, span=NewestRows(168))
    assert found.labelled.ids is not None
    assert found.labelled.times is not None
    places = [300, 301, 350, 399]
    assert list(found.labelled.ids) == [f"C{place}" for place in places]
    assert [time.to_pydatetime() for time in found.labelled.times] == [moment(frame, place) for place in places]
    assert list(found.labelled.churned) == [0, 1, 0, 1]
    expected = frame.iloc[places][list(COLUMNS.features)].reset_index(drop=True).astype(dict.fromkeys(COLUMNS.categorical, object))
    pd.testing.assert_frame_equal(found.labelled.features, expected)
    assert len(fetched) == 4, "the rows with an outcome, and no other"


def test_a_customer_scored_often_is_labelled_where_the_outcome_says_so(own: Tables, fetched: list[Sequence[Any]]) -> None:
    frame = table(120, customers=40)
    opened = own(frame)
    learn(opened, frame, 45)
    found = window(opened)
    assert [time.to_pydatetime() for time in found.labelled.times] == [moment(frame, 45)]  # type: ignore[union-attr]
    assert len(fetched) == 3, "the rows of this customer"


def test_outcomes_in_a_file_join_rows_of_a_table(own: Tables, fetched: list[Sequence[Any]], tmp_path: Path) -> None:
    frame = table(100)
    opened = own(frame)
    learn(opened, frame, 1, 2, 3)
    said = tmp_path / "outcomes.csv"
    said.write_text("kunde,churned\nC7,yes\nC8,no\nstranger,no\n", encoding="utf-8")
    found = window(opened, outcomes=said)
    assert (found.labelled_rows, found.labelled_churners, len(fetched)) == (2, 1, 2)
    said.write_text("kunde,churned\nstranger,no\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"No outcome in outcomes\.csv belongs to a row of .*scored"):
        window(opened, outcomes=said)


def test_a_label_in_the_table_of_the_log_is_pulled_once_it_is_there(own: Tables) -> None:
    frame = table(100)
    label = pd.Series([None if place % 4 else place % 8 == 0 for place in range(100)], dtype="boolean")
    opened = own(frame.assign(label_30d=label, known_on=frame["scored_at"] + pd.Timedelta(days=30)))
    named = OutcomeSettings(column="label_30d", yes=("true", "1"), no=("false", "0"), observed_at="known_on")
    opened = replace(opened, settings=opened.settings.model_copy(update={"outcomes": named}))
    assert window(opened).labelled_rows == 0
    assert pull_outcomes(opened).added == 25
    found = window(opened, span=NewestRows(100)).labelled
    assert found.ids is not None
    assert dict(zip(found.ids, found.churned, strict=True)) == {f"C{place}": int(place % 8 == 0) for place in range(0, 100, 4)}
    assert pull_outcomes(opened).known == 25
    # The same table is one of outcomes, too, in the database of the log.
    alone = OutcomeSettings(table=opened.settings.predictions.table, outcome="label_30d", yes=("true", "1"), observed_at="known_on")
    assert pull_outcomes(replace(opened, settings=opened.settings.model_copy(update={"outcomes": alone}))).added == 25


def test_ids_are_sent_in_batches(own: Tables, fetched: list[Sequence[Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.sources.rows._IDS", 3)
    frame = table(100)
    opened = own(frame.assign(kunde=range(100)))
    learn(opened, frame.assign(kunde=[str(number) for number in range(100)]), *range(50, 60), dated=False)
    assert (window(opened).labelled_rows, len(fetched)) == (10, 10)


@everywhere
def test_a_hostile_id_finds_nobody_and_harms_nothing(own: Tables) -> None:
    frame = table(50)
    hostile = ["'); drop table scored; --", '"]', "\\", ":ids", "C1' or '1'='1", "größe €", "%s"]
    frame.loc[40:46, "kunde"] = hostile
    opened = own(frame)
    learn(opened, frame, *range(40, 47), dated=False)
    found = window(opened)
    assert found.labelled.ids is not None
    assert (found.rows, list(found.labelled.ids)) == (50, hostile)


def test_of_a_table_that_two_models_write_only_the_champions_rows_count(own: Tables) -> None:
    frame = table(60)
    both = pd.concat([frame, frame.assign(model="shadow")])
    found = window(own(both, **NAMES, model_version="model"))
    assert (found.rows, found.profile.repeats) == (60, 0)
    assert found.name.endswith("scored, version 1")


def test_a_score_that_is_no_probability_is_refused_where_it_lies_in_the_window(own: Tables) -> None:
    frame = table(400)
    frame.loc[0, "p"] = 7.0
    opened = own(frame)
    assert window(opened).rows > 100
    with pytest.raises(DataError, match=r"Column p of .*scored is not a probability in every row"):
        window(opened, span=NewestRows(400))


def test_the_fingerprint_of_a_table_is_that_of_what_it_holds(own: Tables) -> None:
    frame = table(100)
    opened = own(frame)
    learn(opened, frame, 10, 20)
    before = window(opened).fingerprint
    assert window(opened).fingerprint == before
    learn(opened, frame, 30)
    assert window(opened).fingerprint != before


def test_all_engines_and_files_give_one_fingerprint(server: str, tmp_path: Path) -> None:
    frame = table(100)
    number = count()
    seen = set()
    for make in (in_sqlite, lambda folder: in_postgres(folder, server)):
        (folder := tmp_path / str(next(number))).mkdir()
        for own in make(folder):
            opened = own(frame)
            learn(opened, frame, 10, 20)
            seen.add(window(opened).fingerprint)
    frame.to_parquet(tmp_path / "log.parquet")
    opened = small_opened(tmp_path, file="log.parquet", **NAMES)
    learn(opened, frame, 10, 20)
    seen.add(window(opened).fingerprint)
    assert len(seen) == 1


@everywhere
def test_a_table_that_is_not_there_is_one_clear_sentence(own: Tables) -> None:
    opened = own(table(10))
    settings = opened.settings.model_copy(update={"predictions": opened.settings.predictions.model_copy(update={"table": "gone"})})
    with pytest.raises(DataError, match=r"no table `gone`|Spark table gone cannot be read"):
        window(replace(opened, settings=settings))


@pytest.mark.slow
@pytest.mark.usefixtures("spark")
def test_spark_counts_a_folder_of_parquet_that_lies_anywhere(tmp_path: Path) -> None:
    frame = table(300)
    (tmp_path / "it's `log`").mkdir()
    for part in range(3):
        frame[part * 100 : part * 100 + 100].to_parquet(
            tmp_path / "it's `log`" / f"{part}.parquet", coerce_timestamps="us", allow_truncated_timestamps=True
        )
    opened = small_opened(tmp_path, engine="spark", file=str(tmp_path / "it's `log`"), **NAMES)
    learn(opened, frame, 250)
    found = window(opened, span=NewestRows(200))
    assert (found.name, found.rows, found.labelled_rows) == ("it's `log`", 200, 1)
