"""One rule for what an outcome is beside those on record, however it arrives; and intakes that are taken back."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from pipeline.state.database import State, open_state, outcomes
from pipeline.state.outcome_intakes import IntakeOrigin, intake_times, newest_intake_in, record_intake_in
from pipeline.state.outcomes import KnownOutcome, News, add_outcomes_in, read_outcomes

AT = datetime(2026, 11, 20, tzinfo=UTC)
DAY = timedelta(days=1)
FILE, NEXT_FILE = IntakeOrigin("first.csv", AT, "Ada"), IntakeOrigin("second.csv", AT + DAY, "Ada")
LEFT, STAYED = KnownOutcome("C1", None, None, 1), KnownOutcome("C1", None, None, 0)


@pytest.fixture
def state(tmp_path: Path) -> State:
    return open_state(tmp_path / "state.db", create=True)


def add(state: State, *told: KnownOutcome, origin: IntakeOrigin | None = None, moments: bool = False) -> list[News]:
    with state.write() as connection:
        return add_outcomes_in(connection, told, AT, origin, moments=moments)


def known(state: State, until: datetime = AT + 9 * DAY, *, moments: bool = False) -> list[tuple[str, datetime, int]]:
    found = read_outcomes(state, until, moments=moments)
    return [
        (id_, at.to_pydatetime(), churned) for id_, at, churned in zip(found["_id"], found["_observed"], found["_churned"], strict=True)
    ]


def undo(state: State) -> str | None:
    """The file whose outcomes were taken back."""
    with state.write() as connection:
        newest = newest_intake_in(connection)
        if newest is None:
            return None
        record_intake_in(connection, FILE, newest.rows, undoes=newest.number)
        return newest.source


def test_the_same_word_is_known_another_corrects_it_and_each_scoring_time_is_of_its_own(state: State) -> None:
    first, undated = KnownOutcome("C1", AT, AT, 1), KnownOutcome("C1", None, AT, 1)
    assert add(state, first, undated, first) == ["added", "added", "known"]
    other = KnownOutcome("C1", AT, AT + timedelta(days=1), 0)
    assert add(state, other, other, first, undated) == ["corrected", "known", "corrected", "known"]
    assert sorted(read_outcomes(state, AT + timedelta(days=2))["_churned"]) == [1, 1]


def test_the_same_word_with_another_time_of_observation_corrects_the_time(state: State) -> None:
    add(state, KnownOutcome("C1", None, AT, 1))
    assert add(state, KnownOutcome("C1", None, AT + 5 * DAY, 1), LEFT) == ["corrected", "known"]
    assert known(state) == [("C1", AT + 5 * DAY, 1)]
    assert known(state, AT + DAY) == [], "what was wrong about the time was wrong before, too"


def test_what_was_known_before_another_word_is_what_was_known_then(state: State) -> None:
    add(state, KnownOutcome("C1", None, AT, 0), KnownOutcome("C1", None, AT + 5 * DAY, 1))
    assert (known(state, AT + DAY), known(state)) == ([("C1", AT, 0)], [("C1", AT + 5 * DAY, 1)])


def test_as_moments_each_is_a_fact_of_its_own_and_another_word_on_one_corrects_it(state: State) -> None:
    here, gone, back = (KnownOutcome("C1", None, AT + day * DAY, churned) for day, churned in ((0, 0), (2, 1), (4, 0)))
    assert add(state, here, gone, back, gone, moments=True) == ["added", "added", "added", "known"]
    assert add(state, KnownOutcome("C1", None, AT + 2 * DAY, 0), STAYED, moments=True) == ["corrected", "known"]
    assert known(state, moments=True) == [("C1", AT, 0), ("C1", AT + 4 * DAY, 0), ("C1", AT + 2 * DAY, 0)]
    assert known(state) == [("C1", AT + 2 * DAY, 0)], "without moments it is the latest word"


def test_an_intake_taken_back_counts_no_more_and_what_it_corrected_counts_again(state: State) -> None:
    add(state, STAYED, KnownOutcome("C2", None, None, 0), origin=FILE)
    assert add(state, LEFT, KnownOutcome("C3", None, None, 1), origin=NEXT_FILE) == ["corrected", "added"]
    assert undo(state) == "second.csv"
    assert known(state) == [("C1", AT, 0), ("C2", AT, 0)]
    assert add(state, KnownOutcome("C3", None, None, 1)) == ["added"], "it is news again"
    assert undo(state) == "first.csv"
    assert known(state) == [("C3", AT, 1)], "what is of no intake stays"
    assert undo(state) is None
    with state.read() as connection:
        assert len(connection.execute(select(outcomes)).all()) == 5, "nothing is deleted"


def test_after_an_undo_an_intake_may_come_again_and_be_taken_back_again(state: State) -> None:
    add(state, LEFT, origin=FILE)
    undo(state)
    assert add(state, LEFT, origin=FILE) == ["added"]
    assert (undo(state), known(state), undo(state)) == ("first.csv", [], None)


def test_an_intake_without_news_is_none(state: State) -> None:
    add(state, LEFT, origin=FILE)
    assert add(state, LEFT, origin=NEXT_FILE) == ["known"]
    assert undo(state) == "first.csv"


def test_what_was_said_again_outside_an_intake_outlives_it(state: State) -> None:
    add(state, KnownOutcome("C1", None, AT - DAY, 1), origin=FILE)
    assert add(state, LEFT, LEFT) == ["known", "known"]
    undo(state)
    assert known(state) == [("C1", AT - DAY, 1)]


def recorded(state: State) -> list[datetime]:
    return [at.to_pydatetime() for at in read_outcomes(state, AT + 9 * DAY)["_recorded"]]


def test_an_outcome_was_written_down_when_that_is_said_else_when_it_was_observed(state: State) -> None:
    add(state, KnownOutcome("C1", None, AT, 1, AT + 2 * DAY), KnownOutcome("C2", None, AT, 1))
    assert recorded(state) == [AT + 2 * DAY, AT]


def test_another_day_of_writing_down_corrects_that_day(state: State) -> None:
    add(state, KnownOutcome("C1", None, AT, 1))
    assert add(state, KnownOutcome("C1", None, AT, 1, AT + DAY), KnownOutcome("C1", None, AT, 1)) == ["corrected", "known"]
    assert recorded(state) == [AT + DAY]


def test_said_once_more_and_for_good_keeps_the_day_of_writing_down(state: State) -> None:
    add(state, KnownOutcome("C1", None, AT, 1, AT + DAY), origin=FILE)
    add(state, KnownOutcome("C1", None, AT, 1))
    undo(state)
    assert recorded(state) == [AT + DAY]


def test_intakes_are_dated_but_for_those_taken_back(state: State) -> None:
    add(state, LEFT, origin=FILE)
    add(state, KnownOutcome("C2", None, None, 0), origin=NEXT_FILE)
    with state.read() as connection:
        assert intake_times(connection) == (FILE.at, NEXT_FILE.at)
    undo(state)
    with state.read() as connection:
        assert intake_times(connection) == (FILE.at,)
