"""Bounds are checked before spending, and an unknown price errs on the safe side."""

import pytest

from agent.case.bounds import Bounds, StopReason, Used
from agent.conversation.messages import Spend
from agent.operators.prices import price_of
from pipeline.workspace.policy import Limits

LIMITS = Limits(turns=3, tool_calls=5, tokens=1000, usd=0.10, seconds=60)


@pytest.mark.parametrize(
    ("turns", "tool_calls", "spent", "worst", "stopped"),
    [
        (0, 0, Spend(), Spend(), None),
        (2, 4, Spend(), Spend(), None),
        (3, 0, Spend(), Spend(), "turn_limit"),
        (0, 5, Spend(), Spend(), "tool_limit"),
        (0, 0, Spend(input_tokens=400), Spend(input_tokens=500, output_tokens=100), None),
        (0, 0, Spend(input_tokens=400), Spend(input_tokens=500, output_tokens=101), "token_limit"),
        (0, 0, Spend(usd=0.04), Spend(usd=0.06), None),
        (0, 0, Spend(usd=0.05), Spend(usd=0.06), "cost_limit"),
    ],
)
def test_the_worst_case_is_reserved_before_an_ask(
    turns: int, tool_calls: int, spent: Spend, worst: Spend, stopped: StopReason | None
) -> None:
    bounds = Bounds(LIMITS, tool_calls)
    bounds.turns, bounds.spend = turns, spent
    assert bounds.before_ask(worst) == stopped


def test_an_ask_that_costs_nothing_goes_through_when_everything_is_spent() -> None:
    bounds = Bounds(LIMITS)
    bounds.spend = Spend(input_tokens=5000, usd=1.0)
    assert bounds.before_ask(Spend()) is None


def test_cached_tokens_are_part_of_the_input_and_not_counted_twice() -> None:
    assert Spend(input_tokens=100, cached_tokens=80, output_tokens=5).tokens == 105


def test_a_request_costs_its_parts_at_their_own_rates() -> None:
    price = price_of("claude-sonnet-5-5")
    assert price.usd(fresh=1_000_000, written=0, read=0, output=0) == pytest.approx(2.00)
    assert price.usd(fresh=0, written=100_000, read=0, output=0) == pytest.approx(0.25)
    assert price.usd(fresh=0, written=0, read=100_000, output=0) == pytest.approx(0.02)
    assert price.usd(fresh=0, written=0, read=0, output=100_000) == pytest.approx(1.00)


def test_long_prompts_cost_more_where_the_list_says_so() -> None:
    haiku = price_of("claude-haiku-5-5")
    assert haiku.usd(100_000, 0, 0, 0) == pytest.approx(0.01)
    assert haiku.usd(50_000, 0, 50_001, 0) == pytest.approx(5 * 0.1 * 55_000.1 / 1e6)


@pytest.mark.parametrize("model", ["anthropic.claude-opus-5-5-v1:0", "claude-opus-5-5@20261001", "claude-opus-5-5"])
def test_a_model_is_known_under_its_providers_names(model: str) -> None:
    assert (price_of(model).input, price_of(model).note) == (4.00, "")


def test_an_unknown_model_is_reckoned_at_the_dearest_price_and_says_so() -> None:
    price = price_of("someone-elses-model")
    assert (price.input, price.output) == (8.00, 40.00)
    assert "reckoned as claude-fable-5-2" in price.note


def test_what_a_killed_run_used_is_taken_off_every_bound() -> None:
    bounds = Bounds(LIMITS, 4, Used(turns=2, spend=Spend(input_tokens=400, usd=0.04), seconds=45))
    assert bounds.before_ask(Spend(input_tokens=600, usd=0.06)) is None
    assert bounds.before_ask(Spend(input_tokens=601)) == "token_limit"
    assert bounds.before_ask(Spend(usd=0.061)) == "cost_limit"
    assert bounds.seconds_left == 15
    bounds.turns += 1
    assert bounds.before_ask(Spend()) == "turn_limit"
    assert Bounds(LIMITS, 0, Used(seconds=61)).seconds_left == 0
