"""What performance is expected before outcomes are known: near what they show, honest about chance, and silent where nothing is known."""

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from sklearn.metrics import log_loss, roc_auc_score

from pipeline.diagnosis.diagnose import examine
from pipeline.diagnosis.expected_performance import ExpectedPerformance
from pipeline.diagnosis.outcomes.estimated_performance import _log_loss, _Measured, _profit, _ranking, estimate_performance
from pipeline.diagnosis.outcomes.expected_churn import expected_churn
from pipeline.diagnosis.population.domain_classifier import tell_apart, tell_from_training
from pipeline.measures.campaign_value import worth
from pipeline.workspace.policy import load_policy
from pipeline.workspace.value_settings import ValueSettings
from prompts import policy_text
from tests.pipeline.seen_customers import customers, drawn, leaning, seen

VALUE, POLICY = ValueSettings(), load_policy(policy_text(), {})


def estimated(window: pd.DataFrame, value: ValueSettings = VALUE) -> ExpectedPerformance:
    observed = seen(window)
    found = estimate_performance(observed, tell_apart(observed), value)
    assert found is not None
    return found


@cache
def _shifted() -> tuple[pd.DataFrame, ExpectedPerformance]:
    window = drawn(3000, 3, leaning("Contract", 1.0))
    return window, estimated(window)


def test_every_measure_is_near_what_the_outcomes_of_a_shifted_window_show() -> None:
    window, found = _shifted()
    y, p = window["Churn"].to_numpy(), seen(window).scores
    assert found.roc_auc == pytest.approx(roc_auc_score(y, p), abs=0.03)
    assert found.churn_rate is not None and found.log_loss is not None and found.profit is not None
    assert found.churn_rate.value == pytest.approx(y.mean(), abs=0.03)
    assert found.log_loss.value == pytest.approx(log_loss(y, p), abs=0.03)
    assert found.profit.value == pytest.approx(worth(y, p, VALUE).percent, abs=8)


def test_each_estimate_lies_within_its_interval() -> None:
    _, found = _shifted()
    assert found.low is not None and found.high is not None and found.roc_auc is not None
    assert found.low < found.roc_auc < found.high
    for one in (found.churn_rate, found.log_loss, found.profit):
        assert one is not None and one.low < one.value < one.high


def test_where_the_drift_reference_is_another_table_it_rests_on_the_training_rows() -> None:
    window = drawn(3000, 3, leaning("Contract", 1.0))
    observed = seen(window)
    recent = drawn(2500, 9, leaning("Contract", 1.0))
    beside = replace(observed, before=recent[list(observed.before.columns)], before_scores=np.full(len(recent), 0.3))
    found = estimate_performance(beside, tell_from_training(beside, tell_apart(beside)), VALUE)
    assert found is not None and found.churn_rate is not None
    assert found.churn_rate.value == pytest.approx(window["Churn"].mean(), abs=0.03)
    assert found.roc_auc == pytest.approx(roc_auc_score(window["Churn"], observed.scores), abs=0.03)


def test_where_the_training_rows_are_the_drift_reference_nothing_is_told_apart_again() -> None:
    observed = seen(drawn(300, 5))
    domain = tell_apart(observed)
    assert tell_from_training(observed, domain) is domain


def test_a_triage_after_a_retraining_is_diagnosed() -> None:
    observed, recent = seen(drawn(1000, 4)), drawn(900, 9)
    beside = replace(observed, before=recent[list(observed.before.columns)], before_scores=np.full(len(recent), 0.3))
    assert examine(beside, POLICY, VALUE, {"repairs"}).expected is not None


def test_fewer_rows_have_a_wider_interval() -> None:
    few, many = estimated(drawn(200, 5)), estimated(drawn(3000, 5))
    assert few.high is not None and few.low is not None and many.high is not None and many.low is not None
    assert few.high - few.low > 2 * (many.high - many.low)


def test_customers_of_whom_the_reference_has_too_few_are_less_certain() -> None:
    observed = seen(drawn(1500, 6))
    domain = tell_apart(observed)
    assert domain is not None
    churn = expected_churn(observed, domain)
    known = churn.design[0]
    never = np.zeros_like(known)
    never[:2], never[-1] = known[:2], 1.0
    assert never @ churn.covariance @ never > known @ churn.covariance @ known


def test_where_the_reference_covers_less_than_half_nothing_is_estimated() -> None:
    senior = drawn(1500, 7)
    strange = senior.assign(tenure=500.0, MonthlyCharges=400.0, TotalCharges=90_000.0, Contract="weekly")
    found = estimated(strange)
    assert found.unsupported > 0.5
    assert (found.roc_auc, found.low, found.high, found.profit, found.told) == (None, None, None, None, ())
    assert "cannot be estimated" in found.said


def test_no_profit_where_no_offer_can_pay() -> None:
    assert estimated(drawn(300, 8), ValueSettings(margin=10, offer_cost=50, acceptance=0.3)).profit is None


def test_nothing_is_expected_where_all_of_the_reference_stayed_or_rows_are_too_few() -> None:
    window = drawn(300, 9)
    stayed = customers(4000, 2)
    observed = seen(window, reference=stayed[stayed["Churn"] == 0])
    assert estimate_performance(observed, tell_apart(observed), VALUE) is None
    few = seen(drawn(5, 9))
    assert tell_apart(few) is None and estimate_performance(few, None, VALUE) is None


@pytest.mark.parametrize("name", ["ranking", "log_loss", "profit"])
def test_the_slopes_are_those_of_the_measure(name: str) -> None:
    rng = np.random.default_rng(10)
    scores, p = rng.random(60).round(1).clip(0.05, 0.95), rng.uniform(0.1, 0.9, 60)

    def measured(p: NDArray[np.float64]) -> _Measured:
        return {"ranking": _ranking, "log_loss": _log_loss}[name](scores, p) if name != "profit" else _profit(scores, p, VALUE)

    for row in (0, 17, 42):
        more = p.copy()
        more[row] += 1e-5
        by_hand = (measured(more).value - measured(p).value) / 1e-5 * p.size
        assert measured(p).slopes[row] == pytest.approx(by_hand, rel=0.1, abs=0.1)


def test_a_record_survives_its_json() -> None:
    _, found = _shifted()
    assert ExpectedPerformance.model_validate_json(found.model_dump_json()) == found
