"""The current window: the last seven days of the prediction log, each row with the outcome known for it by now."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from pipeline.errors import DataError
from pipeline.predictions import log_outcomes, log_predictions
from pipeline.settings import DataSettings, Settings
from pipeline.state import State, open_state, outcomes
from pipeline.windows import Window, logged_window

from .small_tables import COLUMNS, small_table

NEWEST = datetime(2026, 11, 21, 9, tzinfo=UTC)
DAY = timedelta(days=1)
NOW = NEWEST + 40 * DAY
SETTINGS = Settings(
    data=DataSettings(
        file="c.csv",
        sha256="",
        target="churned",
        positive="yes",
        id="customer",
        numerical=COLUMNS.numerical,
        categorical=COLUMNS.categorical,
    )
)


@pytest.fixture
def state(tmp_path: Path) -> State:
    return open_state(tmp_path / "state.db", create=True)


def log(state: State, *rows: tuple[str, datetime]) -> None:
    ids, times = zip(*rows, strict=True)
    log_predictions(state, small_table(len(rows), 1), COLUMNS, ids=ids, times=times, scores=[0.5] * len(rows), version="1")


def learn(state: State, id_: str, predicted: datetime, churned: int, observed: datetime = NEWEST) -> None:
    log_outcomes(state, ids=[id_], predicted=[predicted], observed=[observed], churned=[churned])


def window(state: State, now: datetime = NOW) -> Window:
    return logged_window(state, SETTINGS, now)


def churned(state: State, now: datetime = NOW) -> list[float | None]:
    return [None if pd.isna(value) else value for value in window(state, now).churned]


def test_it_is_the_seven_days_before_the_newest_prediction_whenever_one_looks(state: State) -> None:
    log(state, ("old", NEWEST - 7 * DAY), ("first", NEWEST - 7 * DAY + timedelta(seconds=1)), ("last", NEWEST))
    for now in (NEWEST, NEWEST + 400 * DAY):
        found = window(state, now)
        assert list(found.ids) == ["first", "last"]
        assert (found.rows, found.since, found.until) == (2, NEWEST - 7 * DAY + timedelta(seconds=1), NEWEST)
        assert (found.source, list(found.scores)) == ("prediction log", [0.5, 0.5])


def test_an_empty_log_is_an_error_that_says_how_to_fill_it(state: State) -> None:
    with pytest.raises(DataError, match="No predictions are logged yet") as empty:
        window(state)
    assert "churnops simulate" in empty.value.next_step


def test_outcomes_join_by_id_and_scoring_time(state: State) -> None:
    log(state, ("a", NEWEST - DAY), ("a", NEWEST), ("b", NEWEST))
    learn(state, "a", NEWEST, 1)
    learn(state, "b", NEWEST - DAY, 1)
    assert churned(state) == [None, 1, None]
    found = window(state)
    assert (found.labelled_rows, found.labelled_churners, list(found.labelled)) == (1, 1, [False, True, False])


def test_the_later_word_wins(state: State) -> None:
    log(state, ("a", NEWEST), ("b", NEWEST))
    for id_, value in (("a", 1), ("b", 0), ("a", 0), ("b", 1)):
        learn(state, id_, NEWEST, value)
    assert churned(state) == [0, 1]


def test_outcomes_of_the_future_are_not_seen(state: State) -> None:
    log(state, ("a", NEWEST))
    learn(state, "a", NEWEST, 1, observed=NEWEST + 30 * DAY)
    assert churned(state, NEWEST + 29 * DAY) == [None]
    assert churned(state, NEWEST + 30 * DAY) == [1]


def test_an_outcome_without_a_scoring_time_counts_where_no_dated_one_does(state: State) -> None:
    log(state, ("a", NEWEST - DAY), ("a", NEWEST), ("b", NEWEST))
    learn(state, "a", NEWEST, 0)
    with state.write() as connection:
        connection.execute(outcomes.insert().values(id="a", observed_at="2026-11-21", churned=1))
    assert churned(state) == [1, 0, None]


def test_the_fingerprint_changes_with_rows_and_known_outcomes(state: State) -> None:
    seen = set()

    def changed() -> bool:
        mark = window(state).fingerprint
        new = mark not in seen
        seen.add(mark)
        return new

    log(state, ("a", NEWEST - DAY), ("b", NEWEST))
    assert changed()
    log(state, ("c", NEWEST))
    assert changed(), "a row more"
    learn(state, "a", NEWEST - DAY, 1)
    assert changed(), "an outcome more"
    learn(state, "b", NEWEST, 0)
    assert changed(), "another one"
    learn(state, "a", NEWEST - DAY, 0)
    learn(state, "b", NEWEST, 1)
    assert changed(), "as many churners as before, but other ones"


def test_nothing_else_changes_the_fingerprint(state: State) -> None:
    log(state, ("old", NEWEST - 8 * DAY), ("a", NEWEST))
    learn(state, "a", NEWEST, 1)
    before = window(state).fingerprint
    log(state, ("older", NEWEST - 9 * DAY))
    learn(state, "old", NEWEST - 8 * DAY, 1)
    learn(state, "stranger", NEWEST, 1)
    learn(state, "a", NEWEST, 0, observed=NOW + DAY)
    assert window(state).fingerprint == before
    assert window(state, NOW + DAY).fingerprint != before
