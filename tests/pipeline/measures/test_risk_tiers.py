"""Risk tiers, what is done about them, and who changes tier when a model is replaced."""

import math

import pytest

from pipeline.measures.risk_tiers import HIGH_ABOVE, MEDIUM_ABOVE, TIERS, RetentionAction, Tier, TierFlow, action_for, tier_flow, tier_of


@pytest.mark.parametrize(
    ("p", "tier"),
    [(0.0, "low"), (0.4, "low"), (math.nextafter(0.4, 1), "medium"), (0.7, "medium"), (math.nextafter(0.7, 1), "high"), (1.0, "high")],
)
def test_a_bound_belongs_to_the_tier_below(p: float, tier: Tier) -> None:
    assert (MEDIUM_ABOVE, HIGH_ABOVE) == (0.4, 0.7)
    assert tier_of(p) == tier


@pytest.mark.parametrize(
    ("tier", "worth", "action"),
    [
        ("low", 10.0, "monitor"),
        ("medium", 10.0, "review"),
        ("high", 10.0, "escalate"),
        ("high", 0.0, "monitor"),
        ("medium", -1.0, "monitor"),
    ],
)
def test_nothing_is_done_about_a_low_risk_or_an_offer_that_does_not_pay(tier: Tier, worth: float, action: RetentionAction) -> None:
    assert action_for(tier, worth) == action


def test_all_nine_pairs_of_tiers_are_counted() -> None:
    flow = tier_flow([0.1, 0.5, 0.5, 0.5, 0.9, 0.9], [0.1, 0.8, 0.8, 0.2, 0.9, 0.5])
    assert len(flow.moves) == 9
    assert flow.customers == 6
    assert [flow.before(tier) for tier in TIERS] == [1, 3, 2]
    assert [flow.after(tier) for tier in TIERS] == [2, 1, 3]
    assert flow.said() == (
        "Of 6 customers, these change their risk tier: 2 from medium to high, 1 from medium to low, 1 from high to medium."
    )
    assert TierFlow.model_validate_json(flow.model_dump_json()) == flow


def test_nobody_moves_between_two_equal_models() -> None:
    assert tier_flow([0.1, 0.9], [0.2, 0.8]).said() == "All 2 customers stay in their risk tier."


def test_scores_of_other_customers_are_refused() -> None:
    with pytest.raises(ValueError):
        tier_flow([0.1], [0.1, 0.2])
