"""What scores alone say of a window, and that they cannot say more."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from pipeline.diagnosis.finding import Finding
from pipeline.diagnosis.outcomes.estimated_performance import estimate_performance
from pipeline.diagnosis.outcomes.score_shift import find_score_shift
from pipeline.diagnosis.population.domain_classifier import tell_apart
from pipeline.workspace.value_settings import ValueSettings
from tests.pipeline.seen_customers import RULES, drawn, leaning, seen


def scores(window: pd.DataFrame) -> dict[str, Finding]:
    observed = seen(window)
    expected = estimate_performance(observed, tell_apart(observed), ValueSettings())
    return {finding.name: finding for finding in find_score_shift(observed, RULES.support, expected)}


@pytest.mark.parametrize("rows", [50, 300, 2000])
def test_without_a_change_absence_is_said(rows: int) -> None:
    found = scores(drawn(rows, 1))
    assert [(name, finding.notable) for name, finding in found.items()] == [("score_shift", False), ("estimated_performance", False)]
    assert found["score_shift"].argues_against == ("prior_shift",)


def test_safer_customers_move_the_scores() -> None:
    finding = scores(drawn(2000, 2, leaning("tenure", 1.0)))["score_shift"]
    assert finding.notable
    assert finding.z is not None and finding.z < -4


def test_the_promised_auc_is_the_measured_one_while_customers_behave_as_before() -> None:
    window = drawn(6000, 3, leaning("Contract", 1.5))
    finding = scores(window)["estimated_performance"]
    assert finding.notable  # only monthly contracts are left, which are harder to rank
    assert finding.strength == pytest.approx(roc_auc_score(window["Churn"], seen(window).scores), abs=0.02)


def test_the_estimate_says_that_it_is_blind_to_changed_behaviour() -> None:
    window = drawn(1000, 4)
    before = scores(window)["estimated_performance"]
    assert scores(window.assign(Churn=1 - window["Churn"]))["estimated_performance"] == before
    assert "blind to customers who behave differently" in before.said


def test_a_handful_of_rows_says_nothing() -> None:
    assert scores(drawn(5, 5)) == {}


def test_the_interval_widens_where_rows_repeat() -> None:
    day = drawn(200, 6)
    week = scores(pd.concat([day] * 7, ignore_index=True))["estimated_performance"]
    once = scores(day)["estimated_performance"]
    widths = [np.subtract(one.high, one.low) for one in (week, once)]
    assert widths[0] == pytest.approx(widths[1], rel=0.3)
