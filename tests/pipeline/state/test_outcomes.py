"""One rule for what an outcome is beside those on record, however it arrives."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from pipeline.state.database import open_state
from pipeline.state.outcomes import KnownOutcome, add_outcomes_in, read_outcomes

AT = datetime(2026, 11, 20, tzinfo=UTC)


def test_the_same_word_is_known_another_corrects_it_and_each_scoring_time_is_of_its_own(tmp_path: Path) -> None:
    state = open_state(tmp_path / "state.db", create=True)
    first, undated = KnownOutcome("C1", AT, AT, 1), KnownOutcome("C1", None, AT, 1)
    with state.write() as connection:
        assert add_outcomes_in(connection, [first, undated, first]) == ["added", "added", "known"]
    other = KnownOutcome("C1", AT, AT + timedelta(days=1), 0)
    with state.write() as connection:
        assert add_outcomes_in(connection, [other, other, first, undated]) == ["corrected", "known", "corrected", "known"]
    assert sorted(read_outcomes(state, AT + timedelta(days=2))["_churned"]) == [1, 1]
