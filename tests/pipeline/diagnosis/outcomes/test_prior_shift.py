"""The share of churners without labels: estimated, and told from customers who changed in another way."""

import math

import numpy as np
import pandas as pd
import pytest

from pipeline.diagnosis.finding import Finding
from pipeline.diagnosis.outcomes.prior_shift import estimate_prior
from tests.pipeline.seen_customers import RULES, drawn, leaning, seen


def prior(window: pd.DataFrame) -> dict[str, Finding]:
    return {finding.name: finding for finding in estimate_prior(seen(window), RULES.prior)}


def with_odds(factor: float, rows: int, seed: int) -> pd.DataFrame:
    return drawn(rows, seed, lambda pool: np.where(pool["Churn"] == 1, factor, 1.0))


@pytest.mark.parametrize("factor", [0.4, 2.5])
def test_a_changed_share_of_churners_is_estimated_and_explains_all(factor: float) -> None:
    found = prior(with_odds(factor, 3000, 1))
    assert found["prior_estimate"].strength == pytest.approx(math.log(factor), abs=0.3)
    assert found["prior_estimate"].notable and found["prior_explains"].notable
    assert found["prior_explains"].argues_for == ("prior_shift",)


@pytest.mark.slow
def test_its_interval_holds_the_truth() -> None:
    held = 0
    for seed in range(10):
        finding = prior(with_odds(2.0, 1500, seed))["prior_estimate"]
        assert finding.low is not None and finding.high is not None
        held += finding.low < math.log(2.0) < finding.high
    assert held >= 8


@pytest.mark.parametrize(("column", "strength"), [("tenure", -0.7), ("InternetService", -1.0)])
def test_riskier_customers_are_no_changed_prior(column: str, strength: float) -> None:
    found = prior(drawn(3000, 2, leaning(column, strength)))
    assert "prior_explains" not in found or not found["prior_explains"].notable


@pytest.mark.parametrize("rows", [50, 300, 3000])
def test_without_a_change_absence_is_said(rows: int) -> None:
    (finding,) = prior(drawn(rows, 3)).values()
    assert (finding.name, finding.notable, finding.argues_against) == ("prior_estimate", False, ("prior_shift",))


def test_a_window_without_any_risk_has_no_certain_estimate() -> None:
    window = drawn(300, 4, lambda pool: ((pool["tenure"] > 60) & (pool["Contract"] == "Two year")).to_numpy(dtype="float64"))
    finding = prior(window)["prior_estimate"]
    assert all(math.isfinite(value) for value in (finding.strength, finding.low or 0, finding.high or 0, finding.z or 0))
    assert finding.said == "How many of these customers churn cannot be estimated from their features."


def test_a_handful_of_rows_says_nothing() -> None:
    assert prior(drawn(5, 5)) == {}
