"""A sign that was flipped is named as such, in all rows or some, and what the flip leaves behind is no fault of its own."""

import numpy as np
import pandas as pd
import pytest

from tests.pipeline.diagnosis.data_faults.test_checks import RNG, found, some, times
from tests.pipeline.seen_customers import drawn


def test_a_sign_flipped_in_all_rows_is_one_finding() -> None:
    window = drawn(1200, 1)
    (finding,) = found(window.assign(TotalCharges=-window["TotalCharges"]))
    assert (finding.name, finding.column) == ("sign_flipped", "TotalCharges")
    assert "negative in" in finding.said
    assert "turned round it looks as in the reference" in finding.said


def test_a_count_turned_round_holds_no_default() -> None:
    """One value of few is that of many customers, with either sign."""
    window = drawn(1200, 1)
    (finding,) = found(window.assign(tenure=-window["tenure"]))
    assert (finding.name, finding.column) == ("sign_flipped", "tenure")


@pytest.mark.parametrize("share", [0.05, 0.3])
def test_a_sign_flipped_in_a_share_of_the_rows(share: float) -> None:
    (finding,) = found(some(share, "MonthlyCharges", times(-1))(drawn(2000, 1)))
    assert (finding.name, finding.column) == ("sign_flipped", "MonthlyCharges")
    assert finding.share == pytest.approx(share, abs=0.03)


def test_a_default_beside_flipped_signs_is_seen_too() -> None:
    flipped = some(0.3, "tenure", times(-1))(drawn(2000, 1))
    filled = flipped.assign(tenure=flipped["tenure"].where(RNG(7).random(2000) > 0.2, 999.0))
    assert {finding.name for finding in found(filled)} == {"sign_flipped", "value_spike"}


def test_debts_are_no_flipped_sign() -> None:
    window = drawn(2000, 1)
    owed = window.assign(MonthlyCharges=window["MonthlyCharges"].where(np.arange(2000) % 5 > 0, -pd.Series(RNG(2).exponential(4, 2000))))
    assert [finding.name for finding in found(owed)] == ["impossible_values"]
