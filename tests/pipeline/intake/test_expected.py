"""Declared expectations, checked where rows lie: the same violations from the own log, files and databases, under any names."""

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import create_engine

from pipeline.errors import DataError
from pipeline.expectations import counting
from pipeline.expectations.violation import ColumnViolation, FeedViolation
from pipeline.intake.expected import with_violations
from pipeline.intake.windows import file_window, logged_window
from pipeline.record.opened_workspace import Opened
from pipeline.state.predictions import log_predictions
from pipeline.windows.window import Window
from pipeline.workspace.expectation_settings import ExpectationSettings
from reports.decisions.rulings import exclude
from tests.conftest import Clock
from tests.mariadb import mariadb_server
from tests.pipeline.small_tables import COLUMNS, small_table
from tests.pipeline.small_windows import BASELINE, CHAMPION, DAY, NEWEST, small_opened
from tests.pipeline.spark import spark_session
from tests.postgres import postgres_server

ROWS = 240
HOUR = DAY / 24
TIMES = [NEWEST - (ROWS - 1 - number) * HOUR / 2 for number in range(ROWS)]
NAMES = {"tenure_months": "tenure", "Vertrag": "contract"}
Place = Callable[[pd.DataFrame, Path], dict[str, Any]]


def rows() -> pd.DataFrame:
    """A log under the training's names, half an hour between two rows: the last 24 have a charge of 900, 30 a payment nobody knows."""
    frame = small_table(ROWS, 1)[list(COLUMNS.features)].assign(kunde=[f"C{number:03d}" for number in range(ROWS)], scored_at=TIMES)
    frame.loc[ROWS - 24 :, "charges"] = 900.0
    frame.loc[100:129, "payment"] = "barter"
    return frame.assign(
        region=np.where(np.arange(ROWS) < 12, "Nord", "Süd"),
        contract_no=[f"K{number // 2 if number < 4 else number}" for number in range(ROWS)],
    )


def own_log(frame: pd.DataFrame, folder: Path) -> dict[str, Any]:
    opened = small_opened(folder)
    log_predictions(opened.state, frame, COLUMNS, ids=frame["kunde"].tolist(), times=TIMES, scores=[0.5] * len(frame), version="1")
    return {}


def csv(frame: pd.DataFrame, folder: Path) -> dict[str, Any]:
    frame = frame.astype({"charges": object})
    frame["charges"] = frame["charges"].map(
        lambda value: value if pd.isna(value) or value < 900 else "$900.00"
    )  # no engine reads it as a number
    frame.to_csv(folder / "log.csv", index=False)
    return {"file": "log.csv", "id": "kunde", "time": "scored_at"}


def sqlite(frame: pd.DataFrame, folder: Path) -> dict[str, Any]:
    with sqlite3.connect(folder / "scores.db") as connection:
        frame.assign(scored_at=frame["scored_at"].astype(str)).to_sql("scored", connection, index=False)
    return {"table": "scored", "url": "sqlite:///scores.db", "id": "kunde", "time": "scored_at"}


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgres_server() as url:
        yield url


def database(url: str) -> Place:
    def place(frame: pd.DataFrame, folder: Path) -> dict[str, Any]:
        engine = create_engine(url)
        frame.to_sql("scored", engine, index=False, if_exists="replace")
        engine.dispose()
        return {"table": "scored", "url": url, "id": "kunde", "time": "scored_at"}

    return place


@pytest.fixture(scope="module")
def mariadb() -> Iterator[str]:
    with mariadb_server() as url:
        yield url


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with spark_session(tmp_path_factory.mktemp("spark")) as session:
        yield session


def in_spark(session: Any) -> Place:
    def place(frame: pd.DataFrame, folder: Path) -> dict[str, Any]:
        frame.to_parquet(folder / "scored.parquet", coerce_timestamps="us", allow_truncated_timestamps=True)
        session.read.parquet(str(folder / "scored.parquet")).createOrReplaceTempView("scored")
        return {"table": "scored", "engine": "spark", "id": "kunde", "time": "scored_at"}

    return place


@pytest.fixture(
    params=["own", "csv", "sqlite", "postgresql", *(pytest.param(name, marks=pytest.mark.slow) for name in ("mariadb", "spark"))]
)
def place(request: pytest.FixtureRequest) -> Place:
    if request.param == "mariadb":
        return database(request.getfixturevalue("mariadb"))
    if request.param == "spark":
        return in_spark(request.getfixturevalue("spark"))
    if request.param == "postgresql":
        return database(request.getfixturevalue("server"))
    return {"own": own_log, "csv": csv, "sqlite": sqlite}[request.param]


def expecting(opened: Opened, **expected: Any) -> Opened:
    """The same workspace with this section [expectations], as its file would have it."""
    values = opened.settings.model_dump() | {"expectations": expected}
    return replace(opened, settings=type(opened.settings)(**values))


def judged(folder: Path, put: Place, frame: pd.DataFrame | None = None, clock: Clock | None = None, **expected: Any) -> Window:
    named = put(rows() if frame is None else frame, folder)
    opened = expecting(small_opened(folder, clock or Clock(NEWEST), **named), **expected)
    return with_violations(opened, logged_window(opened, CHAMPION, BASELINE))


def of_columns(window: Window) -> list[ColumnViolation]:
    return [one for one in window.violations if isinstance(one, ColumnViolation)]


def test_rows_beyond_a_range_are_counted_with_their_times(place: Place, tmp_path: Path) -> None:
    (found,) = of_columns(judged(tmp_path, place, columns={"charges": {"max": 300}}))
    assert (found.kind, found.column, found.feature, found.rows, found.of, found.customers) == ("above", "charges", "charges", 24, ROWS, 24)
    told = [(found.first, TIMES[-24]), (found.last, TIMES[-1]), (found.began, TIMES[-24])]
    assert [one is not None and abs(one - other) < timedelta(seconds=1) for one, other in told] == [True] * 3
    assert found.said.startswith("`charges` is too great in 24 rows (10.0%), where at most 300 is declared; scored from 2026-11-20 21:30")


def test_values_that_are_not_allowed_are_named_with_their_rows(place: Place, tmp_path: Path) -> None:
    (found,) = of_columns(judged(tmp_path, place, columns={"payment": {"values": ["card", "cheque", "bank"]}}))
    assert (found.kind, found.rows, [(example.value, example.rows, example.few) for example in found.examples]) == (
        "value", 30, [("barter", 30, False)],
    )  # fmt: skip
    assert "“barter” among them" in found.said


def test_missing_values_beyond_their_share_are_found(place: Place, tmp_path: Path) -> None:
    missing = int(rows()["charges"].isna().sum())
    (found,) = of_columns(
        judged(tmp_path, place, columns={"charges": {"max_missing": (missing - 1) / ROWS}, "contract": {"max_missing": 0}})
    )
    assert (found.kind, found.rows, found.examples) == ("missing", missing, ())


def test_what_is_as_declared_is_silent_and_costs_no_query(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError("the profile knew it")

    monkeypatch.setattr(counting, "open_source", never)
    kept = {
        "charges": {"min": -100, "max": 901, "max_missing": 0.5},
        "payment": {"values": ["card", "cheque", "bank", "barter"]},
        "tenure": {"min": 0},
    }
    assert judged(tmp_path, place, columns=kept).violations == ()


def test_an_id_is_asked_to_be_unique_at_one_scoring_time(place: Place, tmp_path: Path) -> None:
    frame = rows()
    assert judged(tmp_path, place, frame, columns={"kunde" if place is not own_log else "customer": {"unique": True}}).violations == ()


@pytest.mark.parametrize("put", [csv, sqlite])
def test_columns_that_no_model_uses_are_checked_too(put: Place, tmp_path: Path) -> None:
    found = of_columns(
        judged(tmp_path, put, columns={"contract_no": {"unique": True}, "region": {"values": ["Süd"]}, "kunde": {"unique": True}})
    )
    assert [(one.column, one.kind, one.rows, one.feature) for one in found] == [
        ("contract_no", "repeated", 4, None),
        ("region", "value", 12, None),
    ]
    assert found[0].examples == ()


@pytest.mark.parametrize("put", [csv, sqlite])
def test_repeats_of_a_customer_at_one_time_break_a_unique_id(put: Place, tmp_path: Path) -> None:
    frame = rows()
    frame.loc[1, ["kunde", "scored_at"]] = frame.loc[0, ["kunde", "scored_at"]]
    (found,) = of_columns(judged(tmp_path, put, frame, columns={"customer": {"unique": True}}))
    assert (found.kind, found.rows, found.examples, "C000" in found.said) == ("repeated", 2, (), False)


def test_a_value_of_few_customers_stays_out_of_the_sentence(tmp_path: Path) -> None:
    frame = rows()
    frame.loc[0:2, "payment"] = "Erika Mustermann"
    (found,) = of_columns(judged(tmp_path, csv, frame, columns={"payment": {"values": ["card", "cheque", "bank", "barter"]}}))
    assert (found.rows, found.few, "Erika" in found.said, "fewer than 10 rows" in found.said) == (3, True, False, True)


def test_a_mapped_column_is_declared_by_either_name_and_its_values_too(tmp_path: Path) -> None:
    frame = rows().rename(columns={meant: told for told, meant in NAMES.items()})
    frame["Vertrag"] = frame["Vertrag"].map({"monthly": "m", "yearly": "y"})
    yearly = int((frame["Vertrag"] == "y").sum())
    mapped = {"columns": NAMES, "values": {"contract": {"m": "monthly", "y": "yearly"}}}

    def put(frame: pd.DataFrame, folder: Path) -> dict[str, Any]:
        return csv(frame, folder) | mapped

    for name, value in (("Vertrag", "m"), ("contract", "monthly")):
        (found,) = of_columns(judged(tmp_path, put, frame, columns={name: {"values": [value]}, "tenure_months": {"min": 0}}))
        assert (found.column, found.feature, found.rows) == (name, "contract", yearly)


def test_a_misspelt_column_of_a_team_s_log_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"names `regoin`, which these rows do not have\. Perhaps `region` is meant"):
        judged(tmp_path, csv, columns={"regoin": {"values": ["Süd"]}})


def test_a_feature_that_is_gone_breaks_whatever_was_declared(tmp_path: Path) -> None:
    (found,) = of_columns(judged(tmp_path, csv, rows().drop(columns="payment"), columns={"payment": {"values": ["card"]}}))
    assert (found.kind, found.said) == ("absent", "`payment` is not in the log, where a column of its own is declared.")


def test_a_late_log_is_the_feed_s_and_its_case_is_another_one(tmp_path: Path) -> None:
    clock = Clock(NEWEST + 26 * HOUR)
    fresh = judged(tmp_path, own_log, clock=clock, newest_within="27h")
    assert fresh.violations == ()
    clock.advance(hours=2)
    opened = expecting(small_opened(tmp_path, clock), newest_within="27h")
    late = with_violations(opened, fresh)
    (found,) = late.violations
    assert isinstance(found, FeedViolation)
    assert found.said.startswith("The newest row was scored on 2026-11-21 09:00 UTC, where at most 27h ago is declared")
    assert late.fingerprint != fresh.fingerprint
    clock.advance(hours=24)
    assert with_violations(opened, fresh).fingerprint == late.fingerprint


def test_whole_days_with_too_few_and_too_many_rows_are_found(place: Place, tmp_path: Path) -> None:
    frame = rows()
    clock = Clock(NEWEST + 2 * DAY)
    few = judged(tmp_path, place, frame, clock, rows_per_day=[48, 60])
    assert [(one.kind, one.days, one.of, one.fewest, one.most) for one in few.violations if isinstance(one, FeedViolation)] == [
        ("too_few", 2, 6, 0, 19)
    ]


def test_the_day_that_is_not_over_is_not_judged(tmp_path: Path) -> None:
    assert judged(tmp_path, own_log, clock=Clock(NEWEST), rows_per_day=[48, 48]).violations == ()
    (found,) = judged(tmp_path, csv, clock=Clock(NEWEST), rows_per_day=[0, 40]).violations
    assert isinstance(found, FeedViolation)
    assert (found.kind, found.fewest, found.most, found.of) == ("too_many", 48, 48, 4)


def test_a_day_of_which_a_person_left_rows_out_is_not_judged(tmp_path: Path) -> None:
    own_log(rows(), tmp_path)
    opened = expecting(small_opened(tmp_path, Clock(NEWEST)), rows_per_day=[50, 60])
    exclude(opened, datetime.fromisoformat("2026-11-18T00:00+00:00"), datetime.fromisoformat("2026-11-19T00:00+00:00"), None, "broken")
    (found,) = with_violations(opened, logged_window(opened, CHAMPION, BASELINE)).violations
    assert isinstance(found, FeedViolation)
    assert (found.days, found.of) == (3, 3)


def test_a_file_is_no_feed(tmp_path: Path) -> None:
    csv(rows(), tmp_path)
    opened = expecting(
        small_opened(tmp_path, Clock(NEWEST + 90 * DAY), id="kunde", time="scored_at"), newest_within="1h", rows_per_day=[9000, 9999],
        columns={"tenure": {"max": 10}},
    )  # fmt: skip
    window = with_violations(opened, file_window(opened, BASELINE, tmp_path / "log.csv", None))
    assert [one.kind for one in window.violations] == ["above"]


def test_a_log_without_times_cannot_be_asked_when_it_came(tmp_path: Path) -> None:
    def put(frame: pd.DataFrame, folder: Path) -> dict[str, Any]:
        csv(frame.drop(columns="scored_at"), folder)
        return {"file": "log.csv", "id": "kunde"}

    with pytest.raises(DataError, match="need a scoring time"):
        judged(tmp_path, put, newest_within="1h")


def test_nothing_declared_changes_nothing() -> None:
    assert not ExpectationSettings().declared
