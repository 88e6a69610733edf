"""Outcomes added to the log: counted, once, and by the format that `--outcomes` reads."""

from datetime import timedelta
from pathlib import Path

import pytest

from pipeline.errors import DataError
from pipeline.intake.outcomes import Added, add_outcomes
from pipeline.record.opened_workspace import Opened
from pipeline.state.predictions import log_predictions, read_labelled
from tests.pipeline.small_tables import COLUMNS, small_table
from tests.pipeline.small_windows import DAY, NEWEST, small_opened


@pytest.fixture
def opened(tmp_path: Path) -> Opened:
    """A workspace that scored C00000 to C00002 on two days."""
    opened = small_opened(tmp_path)
    for times in ([NEWEST - DAY] * 3, [NEWEST] * 3):
        log_predictions(
            opened.state, small_table(3, 1), COLUMNS, ids=["C00000", "C00001", "C00002"], times=times, scores=[0.5] * 3, version="1"
        )
    return opened


def add(opened: Opened, *lines: str, header: str = "customer,churned") -> Added:
    file = opened.workspace.root / "outcomes.csv"
    file.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return add_outcomes(opened, file)


def labelled(opened: Opened, known_after: timedelta = timedelta()) -> list[tuple[str, int]]:
    rows = read_labelled(opened.state, COLUMNS, NEWEST - 7 * DAY, NEWEST, opened.clock() + known_after)
    return list(zip(rows["_id"], rows["_churned"], strict=True))


def test_added_outcomes_are_known_to_windows(opened: Opened) -> None:
    assert add(opened, "C00000,yes", "C00002,no") == Added(added=2, corrected=0, known=0, strangers=0)
    assert labelled(opened) == [("C00000", 1), ("C00002", 0)] * 2


def test_adding_them_again_changes_nothing(opened: Opened) -> None:
    add(opened, "C00000,yes", "C00002,no")
    assert add(opened, "C00002,no", "C00000,yes", "C00001,no") == Added(added=1, corrected=0, known=2, strangers=0)
    assert len(labelled(opened)) == 6


def test_another_word_counts_from_then_on_and_is_said(opened: Opened) -> None:
    add(opened, "C00000,yes")
    assert add(opened, "C00000,no") == Added(added=1, corrected=1, known=0, strangers=0)
    assert labelled(opened) == [("C00000", 0)] * 2


def test_an_outcome_belongs_to_the_scoring_it_names_and_is_known_when_it_was_seen(opened: Opened) -> None:
    seen = opened.clock() + DAY
    add(opened, f"C00000,yes,{NEWEST.isoformat()},{seen.isoformat()}", header="customer,churned,predicted_at,observed_at")
    assert labelled(opened) == []
    assert labelled(opened, DAY) == [("C00000", 1)]


def test_customers_nobody_scored_are_counted(opened: Opened) -> None:
    assert add(opened, "C00000,yes", "X,no").strangers == 1


def test_in_a_log_of_the_teams_own_nobody_is_a_stranger(tmp_path: Path) -> None:
    opened = small_opened(tmp_path, file="own.csv")
    assert add(opened, "X,no", "Y,yes") == Added(added=2, corrected=0, known=0, strangers=None)


def test_a_file_that_is_none_is_one_sentence_and_adds_nothing(opened: Opened) -> None:
    with pytest.raises(DataError, match="lacks"):
        add(opened, "C00000,yes", header="customer,left")
    assert labelled(opened) == []
