"""A log whose settings name no scoring time: one that can be no other is used and said, a doubtful one is named, and none is made up."""

import sqlite3
import warnings
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pipeline.errors import Notice
from pipeline.intake.windows import file_window, logged_window
from pipeline.windows.window import Window
from tests.pipeline.small_tables import COLUMNS, small_table
from tests.pipeline.small_windows import BASELINE, CHAMPION, DAY, NEWEST, small_opened

ROWS = 40


def rows(**times: Any) -> pd.DataFrame:
    """A row a day; `times` by column, one for all or one for each row."""
    return small_table(ROWS, 1)[["customer", *COLUMNS.features]].assign(**times)


def daily(unit: str = "") -> Any:
    times = pd.Series([NEWEST - (ROWS - 1 - day) * DAY for day in range(ROWS)]).dt.tz_localize(None)
    if unit == "text":
        return times.astype(str)
    return times.astype("int64") // 10**3 if unit == "ms" else times


def read(folder: Path, frame: pd.DataFrame, ending: str = ".csv", **settings: str) -> tuple[Window, list[str]]:
    path = folder / f"log{ending}"
    if ending == ".db":
        with sqlite3.connect(path) as connection:
            frame.to_sql("log", connection, index=False)
        place = {"table": "log", "url": "sqlite:///log.db"}
    else:
        frame.to_csv(path, index=False) if ending == ".csv" else frame.to_parquet(path)
        place = {"file": path.name}
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", Notice)
        window = logged_window(small_opened(folder, **place, **settings), CHAMPION, BASELINE)
    return window, [str(one.message) for one in said if issubclass(one.category, Notice)]


@pytest.mark.parametrize(
    ("name", "unit", "ending"),
    [("scored_at", "text", ".csv"), ("PredictionTimestamp", "text", ".db"), ("snapshot_date", "", ".parquet"), ("ts", "ms", ".parquet")],
)
def test_the_one_column_that_is_the_scoring_time_is_used_and_said(tmp_path: Path, name: str, unit: str, ending: str) -> None:
    frame = rows(**{name: daily(unit), "signup": daily(unit) if ending == ".parquet" else "2020-01-01"})
    window, said = read(tmp_path, frame, ending)
    assert (window.rows, window.columns.time, window.until) == (7, name, NEWEST)
    (sentence,) = said
    assert f"`{name}` is taken as the scoring time. Set `time` under [predictions]" in sentence


@pytest.mark.parametrize(
    ("times", "named"),
    [
        ({"signup_date": daily()}, "`signup_date`"),  # a time of the customer's life
        ({"created_at": daily()}, "`created_at`"),
        ({"scored_at": daily(), "event_time": daily()}, "`scored_at` or `event_time`"),
    ],
)
def test_a_doubtful_time_is_named_and_not_used(tmp_path: Path, times: dict[str, Any], named: str) -> None:
    window, (said,) = read(tmp_path, rows(**times), ".parquet")
    assert (window.rows, window.columns.time) == (ROWS, None)
    assert said == f"log.parquet is read without a scoring time. If it is {named}, name it as `time` under [predictions] in churnops.toml."


@pytest.mark.parametrize("times", [{"scored_at": "soon"}, {"day": 3}, {"region": "north"}, {"timestamp": None}])
def test_what_holds_no_times_is_no_scoring_time(tmp_path: Path, times: dict[str, Any]) -> None:
    window, said = read(tmp_path, rows(**times))
    assert (window.rows, window.columns.time, said) == (ROWS, None, [])


def test_a_time_that_the_settings_name_needs_no_word(tmp_path: Path) -> None:
    window, said = read(tmp_path, rows(seen=daily("text"), scored_at=daily("text")), time="seen")
    assert (window.rows, window.columns.time, said) == (7, "seen", [])


def test_a_file_under_the_names_of_the_training_keeps_its_id(tmp_path: Path) -> None:
    rows(scored_at=daily("text")).to_csv(tmp_path / "current.csv", index=False)
    opened = small_opened(tmp_path, id="kunde")
    with pytest.warns(Notice, match="`scored_at` is taken as the scoring time"):
        window = file_window(opened, BASELINE, tmp_path / "current.csv", None)
    assert (window.columns.id, window.profile.repeats, window.rows, window.until) == ("customer", 0, ROWS, NEWEST)
