"""The ranked list: whom to contact first, who is held out, and why."""

from dataclasses import replace

import pytest

from pipeline.measures.contact_list import Rank
from pipeline.serving.scored_list import ContactRules, contact_plan, scored_list
from pipeline.workspace.value_settings import CustomerValueSettings
from tests.pipeline.scoring.fitted_models import FORESTS
from tests.pipeline.scoring.test_scorer import scorer_of
from tests.pipeline.small_tables import small_table

ROWS = small_table(200, 5).rename(columns={"customer": "_id"})
VALUE = CustomerValueSettings.model_validate({"margin": "charges * 12", "offer_cost": 50, "capacity": 0.3, "currency": "EUR"})


@pytest.mark.parametrize(("rank", "first"), [("value", "expected_value"), ("risk", "score")])
def test_capacity_goes_to_the_first_of_the_ranking_and_some_are_held_out(rank: Rank, first: str) -> None:
    scorer = replace(scorer_of(FORESTS[0]), value=VALUE)
    found = scored_list(scorer, ROWS, ContactRules(rank, share=0.2, seed=1, period="2026-11-01"))
    assert found[first].is_monotonic_decreasing
    reached = found[found["action"] != "leave"]
    assert len(reached) == 60 and (reached["expected_value"] > 0).all()
    plan = contact_plan(found, rank, "EUR")
    assert (plan.contact + plan.hold_out, plan.leave) == (60, 140)
    assert plan.hold_out == pytest.approx(12, abs=3)
    assert plan.expected_value == pytest.approx(found.loc[found["action"] == "contact", "expected_value"].sum())
    assert found["reasons"].str.contains("raises it|lowers it").all()


def test_both_rankings_are_of_the_same_customers_and_differ() -> None:
    scorer = replace(scorer_of(FORESTS[0]), value=VALUE)
    by_value, by_risk = (scored_list(scorer, ROWS, ContactRules(rank, 0.0, 1, "x")) for rank in ("value", "risk"))
    assert set(by_value["id"]) == set(by_risk["id"]) == set(ROWS["_id"])
    brings = [float(found.loc[found["action"] == "contact", "expected_value"].sum()) for found in (by_value, by_risk)]
    assert brings[0] > brings[1]
