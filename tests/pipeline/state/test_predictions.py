"""The prediction log keeps what was scored, to the last bit, and the outcomes that were known at a given time."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import select
from sqlalchemy.exc import StatementError

from pipeline.state.database import State, open_state, predictions
from pipeline.state.outcomes import log_outcomes, read_outcomes
from pipeline.state.predictions import log_predictions, newest_prediction, read_labelled, read_predictions
from tests.pipeline.small_artifacts import FITTED
from tests.pipeline.small_tables import COLUMNS, small_table

AT = datetime(2026, 11, 21, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
FEATURES = list(COLUMNS.features)


@pytest.fixture
def state(tmp_path: Path) -> State:
    return open_state(tmp_path / "state.db", create=True)


def customers(rows: int) -> pd.DataFrame:
    """As `typed` gives them: categories are objects."""
    return small_table(rows, 3).astype(dict.fromkeys(COLUMNS.categorical, object))


def log(state: State, times: list[datetime], frame: pd.DataFrame | None = None) -> None:
    frame = customers(len(times)) if frame is None else frame
    ids = [f"C{number}" for number in range(len(times))]
    log_predictions(state, frame, COLUMNS, ids=ids, times=times, scores=[0.25] * len(times), version="7")


def test_logged_rows_come_back_as_they_were_scored(state: State) -> None:
    frame = customers(100)
    frame.loc[:2, "charges"] = [1e-13, 0.1 + 0.2, 1.2345678901234567e30]
    frame.loc[:1, "contract"] = ["größer \u2028\x00", "{'a': 1}"]
    log(state, [AT] * 100, frame)
    read = read_predictions(state, COLUMNS, AT - HOUR, AT)
    pd.testing.assert_frame_equal(read[FEATURES], frame[FEATURES], check_exact=True)
    assert (FITTED.predict_proba(read[FEATURES]) == FITTED.predict_proba(frame[FEATURES])).all()


def test_a_column_without_any_value_keeps_its_kind(state: State) -> None:
    frame = customers(3).assign(tenure=np.nan, payment=pd.Series([np.nan] * 3, dtype=object))
    log(state, [AT] * 3, frame)
    pd.testing.assert_frame_equal(read_predictions(state, COLUMNS, AT - HOUR, AT)[FEATURES], frame[FEATURES])


def test_what_was_logged_with_a_row_comes_back_oldest_first(state: State) -> None:
    log(state, [AT + HOUR, AT])
    read = read_predictions(state, COLUMNS, AT - HOUR, AT + HOUR)
    assert list(read["_id"]) == ["C1", "C0"]
    assert [time.to_pydatetime() for time in read["_time"]] == [AT, AT + HOUR]
    with state.read() as connection:
        assert set(connection.execute(select(predictions.c.score, predictions.c.model_version)).all()) == {(0.25, "7")}


def test_a_span_holds_its_end_and_not_its_beginning(state: State) -> None:
    log(state, [AT, AT + HOUR, AT + 2 * HOUR, AT + 2 * HOUR + timedelta(microseconds=1)])
    assert list(read_predictions(state, COLUMNS, AT, AT + 2 * HOUR)["_id"]) == ["C1", "C2"]


def test_times_of_other_zones_are_the_same_moments(state: State) -> None:
    log(state, [datetime.fromisoformat("2026-11-21T10:00:00+01:00")])
    assert newest_prediction(state) == AT


def test_an_empty_log_has_no_newest_prediction(state: State) -> None:
    assert newest_prediction(state) is None
    assert len(read_predictions(state, COLUMNS, AT - HOUR, AT)) == 0


def test_a_batch_is_logged_whole_or_not_at_all(state: State) -> None:
    with pytest.raises(ValueError, match="zip"):
        log_predictions(state, customers(3), COLUMNS, ids=["a", "b", "c"], times=[AT] * 3, scores=[0.1, 0.2], version="1")
    with pytest.raises(StatementError):
        log_predictions(state, customers(2), COLUMNS, ids=["a", None], times=[AT] * 2, scores=[0.1, 0.2], version="1")  # type: ignore[list-item]
    assert newest_prediction(state) is None


def outcome(state: State, churned: int, observed: datetime, id_: str = "C0") -> None:
    log_outcomes(state, ids=[id_], predicted=[AT], observed=[observed], churned=[churned])


def test_outcomes_of_the_future_are_not_seen(state: State) -> None:
    outcome(state, 1, AT + HOUR)
    assert len(read_outcomes(state, AT + HOUR - timedelta(microseconds=1))) == 0
    assert read_outcomes(state, AT + HOUR)["_churned"].tolist() == [1]


def test_the_later_word_on_an_id_and_time_wins(state: State) -> None:
    outcome(state, 0, AT)
    outcome(state, 1, AT)
    outcome(state, 0, AT, "C1")
    known = read_outcomes(state, AT).set_index("_id")["_churned"]
    assert known.to_dict() == {"C0": 1, "C1": 0}


def test_no_outcomes_are_no_error(state: State) -> None:
    log_outcomes(state, ids=[], predicted=[], observed=[], churned=[])
    assert len(read_outcomes(state, AT)) == 0


def test_labelled_rows_are_those_of_the_log_joined_to_what_is_known(state: State) -> None:
    random = np.random.default_rng(5)
    times = [AT + HOUR * int(hour) for hour in random.integers(0, 4, 60)]
    frame = customers(60)
    ids = [f"C{number}" for number in random.integers(0, 20, 60)]
    log_predictions(state, frame, COLUMNS, ids=ids, times=times, scores=[0.5] * 60, version="1")
    told: list[tuple[str, datetime | None, datetime, int]] = []
    for number in range(40):  # some name no scoring time, some one at which nothing was scored; they contradict each other
        chosen, hour, late, churned = (int(random.integers(0, most)) for most in (22, 5, 2, 2))
        told.append((f"C{chosen}", None if number % 4 == 0 else AT + HOUR * hour, AT + HOUR * late, churned))
    said, predicted, observed, churns = zip(*told, strict=True)
    log_outcomes(state, ids=said, predicted=predicted, observed=observed, churned=churns)
    for known_at in (AT, AT + HOUR):
        rows = read_predictions(state, COLUMNS, AT, AT + 2 * HOUR)
        latest = {(id_, at): churned for id_, at, known, churned in told if known <= known_at}
        own = [latest.get((id_, at), latest.get((id_, None))) for id_, at in zip(rows["_id"], rows["_time"], strict=True)]
        expected = rows.assign(_churned=pd.Series(own, dtype="float64"))
        expected = expected.dropna(subset="_churned").astype({"_churned": "int64"}).reset_index(drop=True)
        assert 5 < len(expected) < len(rows)
        pd.testing.assert_frame_equal(read_labelled(state, COLUMNS, AT, AT + 2 * HOUR, known_at), expected)


def test_nothing_labelled_is_a_frame_without_rows(state: State) -> None:
    log(state, [AT])
    found = read_labelled(state, COLUMNS, AT - HOUR, AT, AT)
    assert (len(found), list(found.columns)) == (0, ["_id", "_time", *FEATURES, "_churned"])
