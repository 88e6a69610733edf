"""A share of outcomes turned round is told from customers who behave differently, whatever the share."""

import numpy as np
import pandas as pd
import pytest

from pipeline.diagnosis.finding import Finding
from pipeline.diagnosis.outcomes.expected_outcomes import expected_outcomes
from pipeline.diagnosis.outcomes.flipped_outcomes import find_flipped
from tests.pipeline.known_windows import known_window, leaving, more_churn
from tests.pipeline.small_tables import small_table


def flipped(table: pd.DataFrame, share: float, seed: int) -> pd.DataFrame:
    turned = np.random.default_rng(seed).random(len(table)) < share
    return table.assign(churned=np.where(turned, 1 - table["churned"], table["churned"]))


def looked_for(table: pd.DataFrame) -> Finding | None:
    window = known_window(table)
    return find_flipped(window, expected_outcomes(window))


@pytest.mark.parametrize("share", [0.2, 0.33, 1.0])
def test_the_share_of_flipped_outcomes_is_found(share: float) -> None:
    found = looked_for(flipped(small_table(2500, 11), share, 1))
    assert found is not None and found.argues_for == ("label_fault",)
    assert found.strength == pytest.approx(share, abs=0.06)
    assert found.low is not None and found.high is not None and found.low <= found.strength <= found.high


@pytest.mark.parametrize("seed", range(4))
def test_unchanged_outcomes_are_not_flipped(seed: int) -> None:
    assert looked_for(small_table(2500, 40 + seed)) is None


@pytest.mark.parametrize("odds", [0.3, 3.0])
def test_another_churn_rate_for_everybody_is_not_flipped(odds: float) -> None:
    assert looked_for(more_churn(small_table(2500, 12), odds, 1)) is None


def test_a_kind_of_customers_who_behave_the_other_way_round_is_not_flipped() -> None:
    table = small_table(2500, 13)
    assert looked_for(leaving(table, table["tenure"] >= 36, 0.6, 2)) is None


def test_outcomes_that_follow_nothing_any_more_are_not_flipped() -> None:
    table = small_table(2500, 14)
    assert looked_for(table.assign(churned=np.random.default_rng(3).permutation(table["churned"].to_numpy()))) is None
