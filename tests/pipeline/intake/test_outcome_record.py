"""The record of outcomes that a window brings: from churnops' own log and a team's, with the days on which outcomes were written down."""

import sqlite3
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from pipeline.intake.outcomes import add_outcomes
from pipeline.intake.windows import logged_window
from pipeline.record.opened_workspace import Opened
from pipeline.state.predictions import log_predictions
from pipeline.windows.window import Window
from pipeline.workspace.outcome_settings import OutcomeSettings
from tests.pipeline.small_tables import COLUMNS, small_table
from tests.pipeline.small_windows import BASELINE, CHAMPION, DAY, NEWEST, small_opened

ROWS, DAYS = 240, 60


def moments() -> list[datetime]:
    """Four customers a day for sixty days, oldest first."""
    return [NEWEST - DAY * (DAYS - place * DAYS / ROWS) for place in range(1, ROWS + 1)]


def ids() -> list[str]:
    return [f"C{number}" for number in range(ROWS)]


@pytest.fixture
def own(tmp_path: Path) -> Opened:
    opened = small_opened(tmp_path, lambda: NEWEST)
    frame = small_table(ROWS, 1)
    log_predictions(opened.state, frame, COLUMNS, ids=ids(), times=moments(), scores=[0.5] * ROWS, version="1")
    return opened


@pytest.fixture
def team(tmp_path: Path) -> Opened:
    """The same log as a team's own table in SQLite."""
    frame = small_table(ROWS, 1)[list(COLUMNS.features)].assign(kunde=ids(), scored_at=[str(at) for at in moments()])
    with sqlite3.connect(tmp_path / "scores.db") as connection:
        frame.to_sql("scored", connection, index=False)
    return small_opened(tmp_path, lambda: NEWEST, table="scored", url="sqlite:///scores.db", id="kunde", time="scored_at")


def told(waits: list[float], **columns: object) -> pd.DataFrame:
    """Outcomes of the customers scored more than thirty days ago: every other one left, so many days after the scoring in turn."""
    rows = [(id_, at, place) for place, (id_, at) in enumerate(zip(ids(), moments(), strict=True)) if at <= NEWEST - 30 * DAY]
    return pd.DataFrame(
        {
            "customer": [id_ for id_, _, _ in rows],
            "churned": ["yes" if place % 2 else "no" for _, _, place in rows],
            "predicted_at": [at.isoformat() for _, at, _ in rows],
            "observed_at": [(at + timedelta(days=waits[place % len(waits)])).isoformat() for _, at, place in rows],
            **columns,
        }
    )


def window(opened: Opened, outcomes: pd.DataFrame, folder: Path, **settings: str) -> Window:
    named = OutcomeSettings.model_validate({"id": "customer", **settings})
    opened = replace(opened, settings=opened.settings.model_copy(update={"outcomes": named}))
    outcomes.to_csv(folder / "known.csv", index=False)
    add_outcomes(opened, folder / "known.csv")
    return logged_window(opened, CHAMPION, BASELINE)


@pytest.mark.parametrize("log", ["own", "team"])
def test_a_window_brings_all_outcomes_and_who_was_scored_meanwhile(log: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    found = window(request.getfixturevalue(log), told([3.0, 7.0, 11.0]), tmp_path).record
    assert found is not None and found.sample is not None and found.sample.recorded is not None and found.sample.ids is not None
    left = sum(number % 2 for number in range(len(told([3.0]))))
    assert (len(found.words), int(found.words["_churned"].sum())) == (len(told([3.0])), left)
    assert (len(found.sample.churned), int(found.sample.churned.sum())) == (ROWS, left)
    assert found.taken_in == (NEWEST,) and found.until is not None and abs(found.until - NEWEST) < timedelta(milliseconds=2)
    recorded = found.sample.recorded[found.sample.ids == "C5"].iloc[0]
    assert abs(recorded - (moments()[5] + 11 * DAY)) < timedelta(milliseconds=2)


def test_the_day_of_writing_down_is_a_column_of_its_own(own: Opened, tmp_path: Path) -> None:
    written = [(NEWEST - DAY * (place % 9)).isoformat() for place in range(len(told([3.0])))]
    found = window(own, told([3.0], entered=written), tmp_path, recorded_at="entered").record
    assert found is not None
    assert sorted(found.words["_recorded"].unique()) == sorted(pd.to_datetime(sorted(set(written)), utc=True))


def test_where_the_scoring_tells_the_day_of_recording_no_row_is_read(own: Opened, tmp_path: Path) -> None:
    found = window(own, told([3.0]), tmp_path).record
    assert found is not None and found.sample is None


def test_outcomes_that_were_taken_in_at_once_have_no_record(own: Opened, tmp_path: Path) -> None:
    assert window(own, told([3.0]).drop(columns="observed_at"), tmp_path).record is None


def test_a_column_that_is_named_must_be_there(own: Opened, tmp_path: Path) -> None:
    from pipeline.errors import DataError

    with pytest.raises(DataError, match="lacks `entered`"):
        window(own, told([3.0]), tmp_path, recorded_at="entered")
