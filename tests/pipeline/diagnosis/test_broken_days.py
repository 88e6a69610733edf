"""A fault that was repaired: its days are left out of what older outcomes say, and nothing else is."""

import pandas as pd
import pytest

from pipeline.diagnosis.broken_days import find_broken_days
from pipeline.diagnosis.dated_diagnosis import dated
from pipeline.diagnosis.diagnosis import Diagnosis
from pipeline.windows.stretch import BrokenDays, Stretch, TwoWindows
from pipeline.workspace.policy import load_policy
from prompts import policy_text
from tests.pipeline.dated_customers import BEGIN, DAYS, dated_rows, spanned

POLICY = load_policy(policy_text(), {})


@pytest.mark.slow
def test_a_fault_in_the_middle_is_left_out_with_what_lies_beside_it() -> None:
    found = find_broken_days(dated_rows((12, 18)), BEGIN + pd.Timedelta(days=DAYS), POLICY)
    ((first, last),) = spanned(found)
    assert first <= 12
    assert last >= 17
    assert last - first < 15, "the sound days far from it stay"
    (days,) = found
    assert (days.column, days.labelled) == ("MonthlyCharges", 60 * (last - first + 1))
    assert "MonthlyCharges" in days.said


def test_sound_rows_stay() -> None:
    assert find_broken_days(dated_rows(), BEGIN + pd.Timedelta(days=DAYS), POLICY) == ()


def test_what_lies_within_the_recent_window_is_not_asked_here() -> None:
    assert find_broken_days(dated_rows((20, 30)), BEGIN + pd.Timedelta(days=20), POLICY) == ()


@pytest.mark.slow
def test_a_fault_of_all_days_leaves_none() -> None:
    found = find_broken_days(dated_rows((0, 30)), BEGIN + pd.Timedelta(days=DAYS), POLICY)
    assert spanned(found) == [(0, 29)]
    windows = TwoWindows(recent=Stretch(), matured=Stretch(), left_out=found)
    assert windows.left_out_share == 1.0


def test_the_dates_and_what_was_left_out_are_blind_spots_of_the_diagnosis() -> None:
    found = Diagnosis(
        cause="none",
        confidence=0.9,
        column=None,
        action="monitor",
        mode=None,
        rule="nothing",
        said="",
        findings=(),
        blind_spots=(),
        runner_up=None,
    )
    days = BrokenDays(since=BEGIN, until=BEGIN, labelled=5, column="a", said="…")
    known = Stretch(since=BEGIN, until=BEGIN, rows=9, labelled=9)
    windows = TwoWindows(recent=Stretch(since=BEGIN, until=BEGIN + pd.Timedelta(days=31), rows=9), matured=known, left_out=(days,))
    told = dated(found, windows)
    assert told.blind_spots == (
        "Outcomes lag 31 days; what changed since 1 Oct 2026 is not visible yet.",
        "1 Oct 2026: 5 rows left out, `a` was broken then.",
    )
    assert (told.recent, told.matured) == (windows.recent, windows.matured)
    assert "recent" not in found.model_dump()
