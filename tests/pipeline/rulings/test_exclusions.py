"""Rows that people took out count nowhere: not in windows of any source, not in kept days, not in training, not in the next reference."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import create_engine

from pipeline.diagnosis.observed import observe
from pipeline.intake.window_rows import window_rows
from pipeline.intake.windows import file_window, logged_window
from pipeline.models.artifact import open_artifact, publish
from pipeline.profiles.counting import profile_window
from pipeline.record.opened_workspace import Opened
from pipeline.rulings.exclusions import excluded, recorded_exclusions, without_excluded
from pipeline.sources.sampling import draw_sample
from pipeline.sources.source import DatabaseTable, Exclusion, Files, Frame, PredictionLog, Restriction, Source
from pipeline.state.database import open_state
from pipeline.state.outcomes import log_outcomes
from pipeline.state.predictions import log_predictions
from pipeline.tables.categories import NO_SPELLING
from pipeline.tables.schema import Schema
from pipeline.training.challenge import retraining_rows
from pipeline.windows.baseline import baseline_of
from pipeline.windows.window import Window
from reports.decisions.rulings import exclude, include
from tests.pipeline.small_artifacts import small_artifact
from tests.pipeline.small_tables import COLUMNS, small_table
from tests.pipeline.small_windows import BASELINE, CHAMPION, DAY, NEWEST, assert_profiles_equal, small_opened

TIMED = Schema(**{**COLUMNS.model_dump(), "time": "at"})
FEATURES = list(COLUMNS.features)
ROWS, BAD_DAY = 140, (NEWEST - 3 * DAY).replace(hour=0)
BAD = Exclusion(BAD_DAY, BAD_DAY + DAY)
BAD_MONTHLY = Exclusion(BAD_DAY, BAD_DAY + DAY, ("contract", "monthly"))


def scored(rows: int = ROWS) -> pd.DataFrame:
    """Twenty rows a day for a week, the newest last, one exactly at each midnight."""
    times = [(NEWEST - (6 - day) * DAY).replace(hour=0) + timedelta(minutes=20 * number) for day in range(7) for number in range(20)]
    return small_table(rows, 4).assign(at=pd.to_datetime(times[:rows], utc=True).as_unit("us"))


def frame_of(_: Path, rows: pd.DataFrame) -> Source:
    return Frame(rows)


def csv_of(folder: Path, rows: pd.DataFrame) -> Source:
    rows.to_csv(folder / "rows.csv", index=False)
    return Files(str(folder / "rows.csv"))


def parquet_of(folder: Path, rows: pd.DataFrame) -> Source:
    rows.to_parquet(folder / "rows.parquet", index=False)
    return Files(str(folder / "rows.parquet"))


def sqlite_of(folder: Path, rows: pd.DataFrame) -> Source:
    url = f"sqlite:///{folder / 'rows.db'}"
    rows.assign(at=rows["at"].map(datetime.isoformat)).to_sql("rows", create_engine(url), index=False)
    return DatabaseTable(url, "rows")


def log_of(folder: Path, rows: pd.DataFrame) -> Source:
    state = open_state(folder / "state.db", create=True)
    log(state, rows)
    return PredictionLog(state.place)


def log(state: object, rows: pd.DataFrame) -> None:
    times = [moment.to_pydatetime() for moment in rows["at"]]
    log_predictions(state, rows, COLUMNS, ids=rows["customer"].tolist(), times=times, scores=[0.5] * len(rows), version="1")  # type: ignore[arg-type]


SOURCES = [frame_of, csv_of, parquet_of, sqlite_of, log_of]


@pytest.mark.parametrize("made", SOURCES)
@pytest.mark.parametrize("gone", [(BAD,), (BAD_MONTHLY,), (BAD, Exclusion(BAD_DAY + 2 * DAY, BAD_DAY + 3 * DAY))])
def test_every_source_counts_as_if_they_were_not_there(
    made: Callable[[Path, pd.DataFrame], Source], gone: tuple[Exclusion, ...], tmp_path: Path
) -> None:
    rows = scored()
    left = without_excluded(rows, rows["at"], gone)
    assert 0 < len(left) < ROWS
    (tmp_path / "all").mkdir()
    (tmp_path / "left").mkdir()
    found = profile_window(made(tmp_path / "all", rows), TIMED, BASELINE.profile, Restriction(left_out=gone))
    assert_profiles_equal(found, profile_window(made(tmp_path / "left", left), TIMED, BASELINE.profile))


def test_the_start_is_out_and_the_end_is_in() -> None:
    rows = scored()
    left = without_excluded(rows, rows["at"], (BAD,))
    assert len(left) == ROWS - 20
    assert BAD_DAY not in set(left["at"])
    assert BAD_DAY + DAY in set(left["at"])


def test_rows_without_a_time_stay(tmp_path: Path) -> None:
    rows = scored().assign(at=lambda rows: rows["at"].where(rows.index % 2 > 0, pd.NaT))
    gone = len(rows[(rows["at"] >= BAD.since) & (rows["at"] < BAD.until)])
    assert gone
    assert len(without_excluded(rows, rows["at"], (BAD,))) == ROWS - gone
    found = profile_window(parquet_of(tmp_path, rows), TIMED, BASELINE.profile, Restriction(left_out=(BAD,)))
    assert found.rows == ROWS - gone
    timeless = profile_window(Frame(rows.drop(columns="at")), COLUMNS, BASELINE.profile, Restriction(left_out=(BAD,)))
    assert timeless.rows == ROWS


@pytest.mark.parametrize("made", SOURCES)
def test_samples_hold_none_of_them(made: Callable[[Path, pd.DataFrame], Source], tmp_path: Path) -> None:
    drawn = draw_sample(made(tmp_path, scored()), TIMED, Restriction(left_out=(BAD,)), NO_SPELLING, ROWS, ROWS, 0)
    assert drawn.times is not None
    assert len(drawn.features) == len(drawn.times) == ROWS - 20
    assert not ((drawn.times >= BAD.since) & (drawn.times < BAD.until)).any()


@pytest.fixture
def opened(tmp_path: Path) -> Opened:
    """A workspace whose log has the rows, all with a known outcome."""
    opened = small_opened(tmp_path)
    rows = scored()
    log(opened.state, rows)
    times = [moment.to_pydatetime() for moment in rows["at"]]
    log_outcomes(opened.state, ids=rows["customer"].tolist(), predicted=times, observed=times, churned=rows["churned"].tolist())
    return opened


def week(opened: Opened) -> Window:
    return logged_window(opened, CHAMPION, BASELINE)


@pytest.mark.slow
def test_a_logged_window_loses_them_with_their_outcomes_and_gets_them_back(opened: Opened) -> None:
    before = week(opened)
    made = exclude(opened, BAD.since, BAD.until, None, "The feed was down.")
    without = week(opened)
    assert (without.rows, without.labelled_rows) == (before.rows - 20, before.labelled_rows - 20)
    assert without.fingerprint != before.fingerprint
    assert len(window_rows(without)) == without.rows
    assert without.labelled.times is not None
    assert not without.labelled.times.between(BAD.since, BAD.until - timedelta(seconds=1)).any()
    include(opened, made.number)
    assert week(opened).fingerprint == before.fingerprint


def test_kept_days_are_recounted_and_only_those(opened: Opened) -> None:
    week(opened)
    kept = opened.workspace.profiles / BASELINE.digest[:12]
    before = {path.name: path.read_bytes() for path in kept.iterdir()}
    assert f"{BAD_DAY:%Y-%m-%d}-31.json" in before
    exclude(opened, BAD.since, BAD.until, ("contract", "monthly"), "Half the feed was down.")
    week(opened)
    changed = {path.name for path in kept.iterdir() if path.read_bytes() != before[path.name]}
    assert changed == {f"{BAD_DAY:%Y-%m-%d}-31.json"}


def test_a_window_from_a_file_with_times_loses_them_too(tmp_path: Path) -> None:
    opened = small_opened(tmp_path, time="at")
    exclude(opened, BAD.since, BAD.until, None, "The feed was down.")
    rows = scored()
    rows.to_csv(tmp_path / "current.csv", index=False)
    said = tmp_path / "said.csv"
    rows[["customer"]].assign(churned=rows["churned"].map({1: "yes", 0: "no"})).to_csv(said, index=False)
    window = file_window(opened, BASELINE, tmp_path / "current.csv", said)
    assert (window.rows, window.labelled_rows) == (ROWS - 20, ROWS - 20)


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["combined", "recent", "recalibrate"])
def test_no_training_learns_from_them_and_none_is_judged_by_them(opened: Opened, mode: str) -> None:
    champion = open_artifact(opened.workspace, publish(small_artifact(opened.workspace.root / "staged"), opened.workspace))
    before = retraining_rows(champion, week(opened), 0.3, mode)  # type: ignore[arg-type]
    exclude(opened, BAD.since, NEWEST, None, "The feed was down since.")
    after = retraining_rows(champion, week(opened), 0.3, mode)  # type: ignore[arg-type]
    rows = scored()
    good = rows[(rows["at"] < BAD.since) & (rows["at"] > NEWEST - 7 * DAY)]
    assert after.recent + len(after.test) == len(good) < before.recent + len(before.test)
    assert set(after.test["tenure"]) <= set(good["tenure"])
    assert set(after.train.iloc[len(after.train) - after.recent :]["tenure"]) <= set(good["tenure"])


def test_what_findings_look_at_holds_none_of_them(opened: Opened) -> None:
    champion = open_artifact(opened.workspace, publish(small_artifact(opened.workspace.root / "staged"), opened.workspace))
    exclude(opened, BAD.since, BAD.until, None, "The feed was down.")
    observed = observe(champion, baseline_of(champion), week(opened))
    assert len(observed.window) == observed.rows == week(opened).rows


def test_what_was_excluded_stays_on_record(opened: Opened) -> None:
    made = exclude(opened, BAD.since, BAD.until, ("contract", "monthly"), "Half the feed was down.")
    assert excluded(opened.state) == (BAD_MONTHLY,)
    include(opened, made.number)
    assert excluded(opened.state) == ()
    (record,) = recorded_exclusions(opened.state)
    assert record.ended_at is not None
    assert (record.reason, record.rows) == ("Half the feed was down.", BAD_MONTHLY)
