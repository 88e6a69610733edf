"""A fault that is over is told to the day and set aside; one that goes on is not, and neither is the world."""

import numpy as np
import pytest

from pipeline.diagnosis.ended_faults import find_ended_faults
from pipeline.workspace.policy import load_policy
from prompts import policy_text
from tests.pipeline.dated_customers import DAYS, ROWS, dated_rows, on_days, spanned
from tests.pipeline.seen_customers import drawn, leaning

POLICY = load_policy(policy_text(), {})


@pytest.mark.slow
def test_its_days_are_told_exactly_wherever_the_periods_part() -> None:
    found = find_ended_faults(dated_rows((9, 17)), POLICY)
    assert spanned(found) == [(9, 16)]
    (days,) = found
    assert (days.column, days.repaired, days.kept) == ("MonthlyCharges", True, False)
    assert "MonthlyCharges" in days.said


@pytest.mark.slow
def test_one_that_began_before_the_window_is_over_too() -> None:
    assert spanned(find_ended_faults(dated_rows((0, 8)), POLICY)) == [(0, 7)]


@pytest.mark.slow
def test_one_that_comes_and_goes_has_an_entry_each_time() -> None:
    assert spanned(find_ended_faults(dated_rows((4, 9), (16, 21)), POLICY)) == [(4, 8), (16, 20)]


@pytest.mark.parametrize("broken", [(20, DAYS), (20, DAYS - 1), (20, DAYS - 2)], ids=["goes on", "ended yesterday", "two sound days"])
def test_it_is_not_over_before_a_verdict_can_be_given_on_the_rows_since(broken: tuple[int, int]) -> None:
    assert find_ended_faults(dated_rows(broken), POLICY) == ()


@pytest.mark.slow
def test_an_earlier_episode_stays_while_the_column_is_broken_again() -> None:
    assert find_ended_faults(dated_rows((4, 10), (24, DAYS)), POLICY) == ()


@pytest.mark.slow
def test_one_source_that_was_broken_is_seen_among_the_others() -> None:
    found = find_ended_faults(dated_rows((9, 17), where=("Contract", "Month-to-month")), POLICY)
    assert spanned(found) == [(9, 16)]


def test_a_campaign_that_is_over_is_no_fault() -> None:
    day = np.repeat(np.arange(DAYS), ROWS // DAYS)
    rows, drawn_by_it = drawn(ROWS, 5), drawn(ROWS, 6, leaning("MonthlyCharges", 1.5))
    meanwhile = (day >= 9) & (day < 17)
    rows[meanwhile] = drawn_by_it[meanwhile]
    assert find_ended_faults(on_days(rows, day), POLICY) == ()


def test_sound_rows_stay() -> None:
    assert find_ended_faults(dated_rows(), POLICY) == ()
