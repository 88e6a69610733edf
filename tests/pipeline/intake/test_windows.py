"""The current window: by default the last seven days of the prediction log, and the outcomes known for its rows by now."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from pipeline.drift.summarise import summarise_drift
from pipeline.errors import DataError
from pipeline.intake.window_rows import window_rows
from pipeline.intake.windows import logged_window
from pipeline.profiles.counting import profile_window
from pipeline.record.opened_workspace import Opened
from pipeline.sources.source import Frame, PredictionLog, Restriction
from pipeline.state.database import outcomes
from pipeline.state.outcomes import log_outcomes
from pipeline.state.predictions import log_predictions
from pipeline.windows.baseline import Baseline
from pipeline.windows.spans import WEEK, Last, NewestRows, Since, Span
from pipeline.windows.window import Window
from tests.conftest import Clock
from tests.pipeline.small_tables import COLUMNS, small_table
from tests.pipeline.small_windows import BASELINE, CHAMPION, DAY, NEWEST, assert_profiles_equal, small_baseline, small_opened

FEATURES = list(COLUMNS.features)


@pytest.fixture
def clock() -> Clock:
    return Clock(NEWEST + 40 * DAY)


@pytest.fixture
def opened(tmp_path: Path, clock: Clock) -> Opened:
    return small_opened(tmp_path, clock)


def log(opened: Opened, *rows: tuple[str, datetime], seed: int = 1) -> pd.DataFrame:
    ids, times = zip(*rows, strict=True)
    frame = small_table(len(rows), seed)
    log_predictions(opened.state, frame, COLUMNS, ids=ids, times=times, scores=[0.5] * len(rows), version="1")
    return frame[FEATURES].astype(dict.fromkeys(COLUMNS.categorical, object))


def learn(opened: Opened, id_: str, predicted: datetime, churned: int, observed: datetime = NEWEST) -> None:
    log_outcomes(opened.state, ids=[id_], predicted=[predicted], observed=[observed], churned=[churned])


def window(opened: Opened, span: Span = WEEK, said: Path | None = None, baseline: Baseline = BASELINE) -> Window:
    return logged_window(opened, CHAMPION, baseline, span, said)


def known(opened: Opened, said: Path | None = None) -> dict[tuple[str, datetime], int]:
    """Outcomes of the window's labelled rows, by id and scoring time."""
    rows = window(opened, said=said).labelled
    assert rows.ids is not None
    assert rows.times is not None
    times = [time.to_pydatetime() for time in rows.times]
    found = dict(zip(zip(rows.ids, times, strict=True), rows.churned.tolist(), strict=True))
    assert len(found) == len(rows.churned) == len(rows.features)
    return found


def test_it_is_the_seven_days_before_the_newest_prediction_whenever_one_looks(opened: Opened, clock: Clock) -> None:
    logged = log(opened, ("old", NEWEST - 7 * DAY), ("first", NEWEST - 7 * DAY + timedelta(seconds=1)), ("last", NEWEST))
    for now in (NEWEST, NEWEST + 400 * DAY):
        clock.now = now
        found = window(opened)
        assert (found.rows, found.since, found.until) == (2, NEWEST - 7 * DAY + timedelta(seconds=1), NEWEST)
        assert (found.name, found.labelled_rows) == ("prediction log", 0)
        pd.testing.assert_frame_equal(window_rows(found), logged.iloc[1:].reset_index(drop=True))


def test_its_profile_is_that_of_its_rows(opened: Opened) -> None:
    log(opened, *((f"C{number}", NEWEST - timedelta(hours=number)) for number in range(400)))
    found = window(opened)
    frame = window_rows(found)
    assert len(frame) == found.rows == 168
    own = {"repeats": 0, "since": NEWEST - timedelta(hours=167), "until": NEWEST}
    assert_profiles_equal(found.profile, profile_window(Frame(frame), COLUMNS, BASELINE.profile).model_copy(update=own))
    assert found.source == PredictionLog(opened.state.place)
    assert found.restriction == Restriction(since=NEWEST - 7 * DAY, until=NEWEST)


@pytest.mark.slow
def test_another_span_is_another_window(opened: Opened) -> None:
    log(opened, *((f"C{number}", NEWEST - number * DAY) for number in range(30)))
    rows = {span: window(opened, span).rows for span in (Last(DAY), Last(20 * DAY), Since(NEWEST - 3 * DAY), NewestRows(12))}
    assert list(rows.values()) == [1, 20, 4, 12]
    assert window(opened, NewestRows(12)).since == NEWEST - 11 * DAY


def test_whole_days_are_kept_for_each_reference(opened: Opened) -> None:
    log(opened, *((f"C{number}", NEWEST - number * DAY) for number in range(5)))
    window(opened)
    (kept,) = opened.workspace.profiles.iterdir()
    assert kept.name == CHAMPION.digest[:12]
    assert len(list(kept.iterdir())) == 4


def test_a_segment_is_cut_out_of_rows_profile_and_outcomes(opened: Opened) -> None:
    logged = log(opened, *((f"C{number}", NEWEST - timedelta(minutes=number)) for number in range(60)))
    for number in range(0, 60, 2):
        learn(opened, f"C{number}", NEWEST - timedelta(minutes=number), 1)
    whole = BASELINE.source.frame
    cut = small_baseline(whole[whole["contract"] == "yearly"])
    baseline = replace(cut, restriction=Restriction(segment=("contract", "yearly")))
    found = window(opened, baseline=baseline)
    yearly = logged[logged["contract"] == "yearly"]
    assert 0 < len(yearly) < 60
    assert found.rows == len(yearly)
    assert set(window_rows(found)["tenure"]) == set(yearly["tenure"])
    assert set(found.labelled.features["tenure"]) == set(yearly["tenure"][yearly.index % 2 == 0])


def test_an_empty_log_is_an_error_that_says_how_to_fill_it(opened: Opened) -> None:
    with pytest.raises(DataError, match="No predictions are logged yet") as empty:
        window(opened)
    assert "churnops simulate" in empty.value.next_step


def test_outcomes_join_by_id_and_scoring_time(opened: Opened) -> None:
    logged = log(opened, ("a", NEWEST - DAY), ("a", NEWEST), ("b", NEWEST))
    learn(opened, "a", NEWEST, 1)
    learn(opened, "b", NEWEST - DAY, 1)
    assert known(opened) == {("a", NEWEST): 1}
    found = window(opened)
    assert (found.rows, found.labelled_rows, found.labelled_churners) == (3, 1, 1)
    pd.testing.assert_frame_equal(found.labelled.features, logged.iloc[[1]].reset_index(drop=True))


def test_the_later_word_wins(opened: Opened) -> None:
    log(opened, ("a", NEWEST), ("b", NEWEST))
    for id_, value in (("a", 1), ("b", 0), ("a", 0), ("b", 1)):
        learn(opened, id_, NEWEST, value)
    assert known(opened) == {("a", NEWEST): 0, ("b", NEWEST): 1}


def test_outcomes_of_the_future_are_not_seen(opened: Opened, clock: Clock) -> None:
    log(opened, ("a", NEWEST))
    learn(opened, "a", NEWEST, 1, observed=NEWEST + 30 * DAY)
    clock.now = NEWEST + 29 * DAY
    assert known(opened) == {}
    clock.now = NEWEST + 30 * DAY
    assert known(opened) == {("a", NEWEST): 1}


def test_an_outcome_without_a_scoring_time_counts_where_no_dated_one_does(opened: Opened) -> None:
    log(opened, ("a", NEWEST - DAY), ("a", NEWEST), ("b", NEWEST))
    learn(opened, "a", NEWEST, 0)
    with opened.state.write() as connection:
        connection.execute(outcomes.insert().values(id="a", observed_at="2026-11-21", churned=1))
    assert known(opened) == {("a", NEWEST - DAY): 1, ("a", NEWEST): 0}


def test_outcomes_in_a_file_stand_in_for_the_logged_ones(opened: Opened, tmp_path: Path) -> None:
    log(opened, ("old", NEWEST - 9 * DAY), ("a", NEWEST - DAY), ("b", NEWEST))
    learn(opened, "a", NEWEST - DAY, 1)
    said = tmp_path / "outcomes.csv"
    said.write_text("customer,churned\nb,yes\nold,no\n", encoding="utf-8")
    assert known(opened, said) == {("b", NEWEST): 1, ("old", NEWEST - 9 * DAY): 0}
    said.write_text("customer,churned\nstranger,no\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"No outcome in outcomes.csv belongs to a row of prediction log"):
        window(opened, said=said)


def test_the_fingerprint_changes_with_rows_and_known_outcomes(opened: Opened) -> None:
    seen = set()

    def changed() -> bool:
        mark = window(opened).fingerprint
        new = mark not in seen
        seen.add(mark)
        return new

    log(opened, ("a", NEWEST - DAY), ("b", NEWEST))
    assert changed()
    log(opened, ("c", NEWEST))
    assert changed(), "a row more"
    learn(opened, "a", NEWEST - DAY, 1)
    assert changed(), "an outcome more"
    learn(opened, "b", NEWEST, 0)
    assert changed(), "another one"
    learn(opened, "a", NEWEST - DAY, 0)
    learn(opened, "b", NEWEST, 1)
    assert changed(), "as many churners as before, but other ones"


def test_nothing_else_changes_the_fingerprint(opened: Opened, clock: Clock) -> None:
    log(opened, ("old", NEWEST - 8 * DAY), ("a", NEWEST))
    learn(opened, "a", NEWEST, 1)
    before = window(opened, Since(NEWEST - 7 * DAY)).fingerprint
    log(opened, ("older", NEWEST - 9 * DAY))
    learn(opened, "old", NEWEST - 8 * DAY, 1)
    learn(opened, "stranger", NEWEST, 1)
    learn(opened, "a", NEWEST, 0, observed=clock.now + DAY)
    assert window(opened, Since(NEWEST - 7 * DAY)).fingerprint == before
    clock.advance(days=1)
    assert window(opened, Since(NEWEST - 7 * DAY)).fingerprint != before


def test_rows_dated_in_the_future_move_no_window(opened: Opened, clock: Clock) -> None:
    clock.now = NEWEST + timedelta(hours=1)
    log(opened, ("a", NEWEST - DAY), ("b", NEWEST), ("zone", clock.now + timedelta(hours=23)), ("typo", NEWEST.replace(year=2062)))
    found = window(opened)
    assert (found.rows, found.until, found.set_aside) == (3, clock.now + timedelta(hours=23), 1)
    assert window(opened, NewestRows(1)).rows == 1
    (spot, *_) = summarise_drift(BASELINE, found, opened.policy).findings
    assert (spot.what, spot.share) == ("future_rows", 0.25)
    clock.now = NEWEST.replace(year=2062)
    assert (window(opened).rows, window(opened).set_aside) == (1, 0)


def test_a_log_that_lies_in_the_future_altogether_says_so(opened: Opened, clock: Clock) -> None:
    clock.now = NEWEST - 30 * DAY
    log(opened, ("a", NEWEST))
    with pytest.raises(DataError, match="Every row of the prediction log is dated in the future, the newest 2026-11-21 09:00 UTC"):
        window(opened)


def test_customers_are_counted_beside_rows(opened: Opened) -> None:
    log(opened, *((id_, NEWEST - day * DAY) for day in range(3) for id_ in "ab"))
    found = window(opened)
    assert (found.rows, found.customers) == (6, 2)
    assert found.worth == pytest.approx(1 / 3)
    part = small_baseline(small_table(1200, 9))
    monthly = logged_window(opened, CHAMPION, replace(part, restriction=Restriction(segment=("contract", "monthly"))))
    assert monthly.customers is not None and monthly.customers <= monthly.rows < 6
