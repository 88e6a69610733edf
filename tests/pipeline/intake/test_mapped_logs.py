"""A log under column names and values of its own gives the window that it would give under the training's."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import create_engine

from pipeline.drift.blindspots import find_blind_spots
from pipeline.errors import DataError, Notice
from pipeline.intake.window_rows import window_rows
from pipeline.intake.windows import file_window, logged_window
from pipeline.profiles.counting import profile_reference, profile_window
from pipeline.profiles.profile import spelling_of
from pipeline.record.opened_workspace import Opened
from pipeline.sources.sampling import draw_sample
from pipeline.sources.source import ColumnMapping, DatabaseTable, Files, Frame, MappedSource, Restriction, SparkTable
from pipeline.state.outcomes import log_outcomes
from pipeline.windows.baseline import Baseline
from pipeline.windows.window import Window, require_whole
from reports.decisions.rulings import exclude
from tests.pipeline.small_tables import COLUMNS, small_table
from tests.pipeline.small_windows import BASELINE, CHAMPION, DAY, NEWEST, assert_profiles_equal, small_baseline, small_opened
from tests.pipeline.spark import spark_session
from tests.postgres import postgres_server

ROLES = {"id": "kunde", "time": "scored_at"}
NAMES = {"tenure_months": "tenure", "Vertrag": "contract"}
VALUES = {"contract": {"m": "monthly", "y": "yearly"}, "payment": {"1": "card", "2": "cheque", "3": "bank"}}
SETTINGS = {**ROLES, "columns": NAMES, "values": VALUES}
Place = Callable[[pd.DataFrame, Path], dict[str, str]]


def as_trained(rows: int = 60) -> pd.DataFrame:
    """A log under the training's names, an hour between two rows."""
    times = [(NEWEST - (rows - 1 - number) * DAY / 24).replace(tzinfo=None) for number in range(rows)]
    return small_table(rows, 1)[list(COLUMNS.features)].assign(kunde=[f"C{number}" for number in range(rows)], scored_at=times)


def as_logged(rows: int = 60) -> pd.DataFrame:
    """The same rows as the team writes them: two names, one column of words and one of codes are its own."""
    frame = as_trained(rows)
    codes = frame["payment"].map({meant: int(told) for told, meant in VALUES["payment"].items()}).astype("Int64")
    letters = frame["contract"].map({meant: told for told, meant in VALUES["contract"].items()})
    return frame.assign(payment=codes, contract=letters).rename(columns={meant: told for told, meant in NAMES.items()})


def csv(frame: pd.DataFrame, folder: Path) -> dict[str, str]:
    frame.to_csv(folder / "log.csv", index=False)
    return {"file": "log.csv"}


def jsonl(frame: pd.DataFrame, folder: Path) -> dict[str, str]:
    plain = frame.assign(scored_at=frame["scored_at"].astype(str)).astype(object)
    rows = plain.where(plain.notna(), None).to_dict("records")
    (folder / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return {"file": "log.jsonl"}


def parquet_folder(frame: pd.DataFrame, folder: Path) -> dict[str, str]:
    (folder / "log").mkdir()
    for part in (0, 1):
        # The codes of one part are floats: pandas writes whole numbers with gaps so.
        frame.iloc[part::2].astype({"payment": "float64"}).to_parquet(folder / "log" / f"{part}.parquet")
    return {"file": "log"}


def sqlite(frame: pd.DataFrame, folder: Path) -> dict[str, str]:
    with sqlite3.connect(folder / "scores.db") as connection:
        frame.assign(scored_at=frame["scored_at"].astype(str)).to_sql("scored", connection, index=False)
    return {"table": "scored", "url": "sqlite:///scores.db"}


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgres_server() as url:
        yield url


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with spark_session(tmp_path_factory.mktemp("spark")) as session:
        yield session


@pytest.fixture(
    params=["csv", "jsonl", "parquet_folder", "sqlite", "postgresql", pytest.param("spark", marks=pytest.mark.slow)],
)
def place(request: pytest.FixtureRequest) -> Place:
    """Puts a log where a team may have it, and gives the settings that say where."""

    def postgresql(frame: pd.DataFrame, folder: Path) -> dict[str, str]:
        url = request.getfixturevalue("server")
        engine = create_engine(url)
        frame.to_sql("scored", engine, index=False, if_exists="replace")
        engine.dispose()
        return {"table": "scored", "url": url}

    def in_spark(frame: pd.DataFrame, folder: Path) -> dict[str, str]:
        session = request.getfixturevalue("spark")
        frame.to_parquet(folder / "scored.parquet", coerce_timestamps="us", allow_truncated_timestamps=True)
        session.read.parquet(str(folder / "scored.parquet")).createOrReplaceTempView("scored")
        return {"table": "scored", "engine": "spark"}

    kinds = (csv, jsonl, parquet_folder, sqlite)
    named = {kind.__name__: kind for kind in kinds} | {"postgresql": postgresql, "spark": in_spark}
    return named[request.param]


def window(opened: Opened, baseline: Baseline = BASELINE) -> Window:
    return logged_window(opened, CHAMPION, baseline)


@pytest.mark.slow
def test_a_mapped_log_is_the_window_that_it_would_be_under_the_names_of_the_training(place: Place, tmp_path: Path) -> None:
    opened = small_opened(tmp_path, **place(as_logged(), tmp_path), **SETTINGS)
    log_outcomes(opened.state, ids=["C3"], predicted=[NEWEST - 56 * DAY / 24], observed=[NEWEST], churned=[1])
    found = window(opened)
    columns, features = COLUMNS.model_copy(update=ROLES), list(COLUMNS.features)
    assert_profiles_equal(found.profile, profile_window(Frame(as_trained()), columns, BASELINE.profile))
    require_whole(found)
    expected = as_trained()[features].astype(dict.fromkeys(COLUMNS.categorical, object))
    pd.testing.assert_frame_equal(found.labelled.features.reset_index(drop=True), expected.iloc[[3]].reset_index(drop=True))
    drawn = draw_sample(found.source, columns, found.restriction, spelling_of(BASELINE.profile), 60, 60, 1).features
    pd.testing.assert_frame_equal(drawn.sort_values(features, ignore_index=True), expected.sort_values(features, ignore_index=True))
    if not isinstance(found.source.source, DatabaseTable | SparkTable):  # type: ignore[union-attr]
        pd.testing.assert_frame_equal(window_rows(found), expected)
    # A segment and an exclusion speak of the reference's values.
    whole = BASELINE.source.frame  # type: ignore[union-attr]
    yearly = replace(small_baseline(whole[whole["contract"] == "yearly"]), restriction=Restriction(segment=("contract", "yearly")))
    assert window(opened, yearly).rows == (expected["contract"] == "yearly").sum()
    exclude(opened, NEWEST - 30 * DAY, NEWEST + DAY, ("payment", "card"), "billed twice")
    assert window(opened).rows == (expected["payment"] != "card").sum()


def test_a_file_given_as_the_window_may_have_the_names_of_the_log_or_of_the_training(tmp_path: Path) -> None:
    swapped = {"contract": {"monthly": "yearly", "yearly": "monthly"}}  # no value tells which language it is in
    opened = small_opened(tmp_path, **ROLES, columns=NAMES, values=swapped)
    trained, other = as_trained(), as_trained().rename(columns={meant: told for told, meant in NAMES.items()})
    trained.to_csv(tmp_path / "trained.csv", index=False)
    other.assign(Vertrag=other["Vertrag"].map(swapped["contract"])).to_csv(tmp_path / "logged.csv", index=False)
    one, two = (file_window(opened, BASELINE, tmp_path / name, None) for name in ("trained.csv", "logged.csv"))
    assert_profiles_equal(one.profile, two.profile)
    assert one.profile.absent == ()


@pytest.mark.parametrize(
    ("told", "cells"),
    [("true", [True, False]), ("True", ["True", "no"]), ("", [None, "no"]), ("é'; --", ["é'; --", "no"]), ("1", [1.0, 2.0])],
)
def test_a_value_is_found_however_the_engine_writes_it(tmp_path: Path, told: str, cells: list[object]) -> None:
    pd.DataFrame({"contract": cells}).to_parquet(tmp_path / "log.parquet")
    alone = COLUMNS.model_copy(update={"id": None, "numerical": (), "categorical": ("contract",)})
    source = MappedSource(Files(str(tmp_path / "log.parquet")), ColumnMapping({}, {"contract": {told: "yearly"}}))
    found = profile_window(source, alone, profile_reference(Frame(small_table(50, 1)), alone))
    (column,) = found.categorical
    assert dict(zip(column.known, column.counts, strict=True)) == {"monthly": 0, "yearly": 1}


def test_a_feature_that_the_log_has_under_another_name_is_named_with_its_near_miss(tmp_path: Path) -> None:
    frame = as_trained().rename(columns={"charges": "monthlyCharges", "contract": "Contract_"})
    opened = small_opened(tmp_path, **csv(frame, tmp_path), **ROLES)
    found = window(opened)
    with pytest.raises(DataError, match=r"log\.csv lacks `charges`, `contract`\. It has `Contract_`: map .*`\"Contract_\" = \"contract\"`"):
        require_whole(found)
    said = [
        spot.said for spot in find_blind_spots(BASELINE.profile, found.profile, opened.policy.evidence.data) if spot.column == "contract"
    ]
    assert said[0] == "`contract` is missing from the window; it has `Contract_`, perhaps the same under another name."


def test_a_column_that_is_mapped_and_not_there_is_named_by_both_names(tmp_path: Path) -> None:
    opened = small_opened(tmp_path, **csv(as_logged(), tmp_path), **ROLES, columns={**NAMES, "chrages": "charges"})
    frame = as_logged().rename(columns={"charges": "Charges_x"})
    csv(frame, tmp_path)
    with pytest.raises(DataError, match=r"log\.csv lacks `chrages`, mapped to `charges`\."):
        require_whole(window(opened))


def test_a_mapped_column_goes_before_one_that_has_the_name_of_the_feature(tmp_path: Path) -> None:
    frame = as_logged().assign(contract="stale", tenure=-1, mapped_0="in the way")
    opened = small_opened(tmp_path, **csv(frame, tmp_path), **SETTINGS)
    expected = profile_window(Frame(as_trained().assign(mapped_0="")), COLUMNS.model_copy(update=ROLES), BASELINE.profile)
    assert_profiles_equal(window(opened).profile, expected)


def test_a_value_mapped_to_none_of_the_references_is_said(tmp_path: Path) -> None:
    opened = small_opened(tmp_path, **csv(as_logged(), tmp_path), **{**SETTINGS, "values": {"contract": {"m": "montly", "y": "yearly"}}})
    with pytest.warns(Notice, match=r"maps to “montly” of `contract`, which the reference does not have; perhaps “monthly” is meant"):
        window(opened)
