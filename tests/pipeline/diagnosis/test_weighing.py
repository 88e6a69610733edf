"""Evidence adds up to probabilities that people can check by hand, and the shipped weights name nothing that is not there."""

import math
from typing import get_args

import pytest

from pipeline.diagnosis.evidence import EVIDENCE, SOURCES, evidence_of
from pipeline.diagnosis.finding import Cause, Finding
from pipeline.diagnosis.seen import Seen
from pipeline.diagnosis.setting import Setting
from pipeline.diagnosis.weighing import Weights, contributions, probable_causes, shipped_weights, weigh
from pipeline.workspace.policy import load_policy
from prompts import policy_text

POLICY = load_policy(policy_text(), {})
TWO = Weights({"none": 0.0, "data_fault": -1.0}, {"unit_changed": {"data_fault": 3.0}, "population_moved": {"none": -2.0}})


def moved(auc: float, *, notable: bool) -> Finding:
    return Finding(family="support", name="population_moved", strength=auc, unit="", n=2000, z=6.0, notable=notable, said="It moved.")


def test_probabilities_are_the_softmax_of_what_each_piece_adds() -> None:
    p = weigh({"unit_changed": 0.5, "population_moved": 1.0}, TWO)
    assert list(p) == ["data_fault", "none"]
    assert p["data_fault"] == pytest.approx(math.exp(0.5) / (math.exp(0.5) + math.exp(-2.0)))
    assert sum(p.values()) == pytest.approx(1.0)


def test_what_outcomes_show_beside_a_fault_does_not_take_it_back() -> None:
    """The causes are weighed against each other, but a fault and a change of behaviour may come together."""
    weights = Weights(
        {"none": 0.0, "data_fault": 0.0, "concept_drift": 0.0, "prior_shift": 0.0},
        {"missing_rose": {"data_fault": 5.0}, "ranking_fell": {"concept_drift": 11.0}, "column_moved_alone": {"data_fault": 2.0}},
    )
    both = {"missing_rose": 1.0, "ranking_fell": 1.0}
    assert weigh(both, weights)["data_fault"] < 0.01
    found = probable_causes(both, weights)
    assert found["data_fault"] == pytest.approx(math.exp(5) / (math.exp(5) + 3))
    assert list(found)[:2] == ["data_fault", "concept_drift"]
    assert sum(found.values()) == pytest.approx(1.0)
    # A weak sign is weighed like any other, and what may as well be a real change says nothing by itself.
    assert probable_causes({"missing_rose": 0.5, "ranking_fell": 1.0}, weights)["data_fault"] < 0.01
    assert probable_causes({"column_moved_alone": 1.0, "ranking_fell": 1.0}, weights)["data_fault"] < 0.01


def test_contributions_are_what_speaks_for_a_cause_first_and_what_speaks_against_it_last() -> None:
    weights = Weights({"none": 0.0}, {"unit_changed": {"none": -4.0}, "nothing_found": {"none": 1.0}, "feed_stopped": {"none": 2.0}})
    added = contributions({"unit_changed": 1.0, "nothing_found": 1.0, "feed_stopped": 1.0, "rows_copied": 1.0}, weights, "none")
    assert list(added.items()) == [("feed_stopped", 2.0), ("nothing_found", 1.0), ("unit_changed", -4.0)]


def test_the_shipped_weights_know_every_cause_and_no_evidence_that_is_not_gathered() -> None:
    weights = shipped_weights()
    assert set(weights.start) == set(get_args(Cause)) - {"unsure"}
    assert set(weights.of) <= set(EVIDENCE)
    assert {cause for speaks in weights.of.values() for cause in speaks} <= set(weights.start)


@pytest.mark.parametrize(
    "name", ["schema_broken", "values_broken", "missing_rose", "unit_changed", "categories_renamed", "columns_swapped"]
)
def test_a_hard_check_of_the_data_outweighs_what_outcomes_can_say_of_behaviour(name: str) -> None:
    weights = shipped_weights()
    assert weights.of[name]["data_fault"] > weights.of["known_customers_changed"]["concept_drift"]  # type: ignore[index]


def test_a_near_miss_counts_for_the_part_of_the_threshold_that_it_reached() -> None:
    setting = Setting(2000, 0, 0)
    strengths = [
        evidence_of(Seen([moved(auc, notable=notable)]), setting, POLICY)["population_moved"]
        for auc, notable in ((0.5, False), (0.58, False), (0.58, True), (0.9, True))
    ]
    assert strengths == sorted(strengths) and strengths[0] == 0.0 < strengths[1] < strengths[2] < strengths[3] == 1.0


def test_outcomes_that_show_no_harm_are_evidence_only_where_there_are_outcomes() -> None:
    assert evidence_of(Seen([]), Setting(2000, 0, 0), POLICY)["outcomes_show_no_harm"] == 0.0
    assert evidence_of(Seen([]), Setting(2000, 1500, 400), POLICY)["outcomes_show_no_harm"] == 1.0


def test_every_piece_of_evidence_lies_between_nothing_and_all() -> None:
    wild = [
        moved(1.0, notable=True).model_copy(update={"name": name, "z": 900.0, "share": 1.0}) for names in SOURCES.values() for name in names
    ]
    assert all(0.0 <= one <= 1.0 for one in evidence_of(Seen(wild), Setting(2000, 1500, 400), POLICY).values())


def _ruled(cause: Cause, column: str) -> Finding:
    return Finding(family="history", name="ruled_before", column=column, strength=30.0, unit="", n=0, argues_for=(cause,), said="Ruled.")


def _alone(column: str, *, share: float = 0.1) -> Finding:
    return Finding(
        family="moved_alone", name="moved_alone", column=column, strength=0.1, unit="", n=2000, z=5.0, share=share,
        argues_for=("data_fault",), said="It moved alone.",
    )  # fmt: skip


def test_a_ruling_on_the_same_column_tips_what_is_open_and_on_another_says_nothing() -> None:
    def fault(*findings: Finding) -> float:
        return weigh(evidence_of(Seen(findings), Setting(2000, 0, 0), POLICY), shipped_weights())["data_fault"]

    usual = fault(_alone("tenure"))
    assert fault(_alone("tenure"), _ruled("covariate_benign", "tenure")) < usual < fault(_alone("tenure"), _ruled("data_fault", "tenure"))
    assert fault(_alone("tenure"), _ruled("data_fault", "Contract")) == usual


@pytest.mark.parametrize("name", ["missing_column", "unit_change", "renamed_category", "swapped_columns", "more_missing"])
def test_a_wrong_ruling_does_not_turn_over_strong_evidence(name: str) -> None:
    broken = _alone("tenure", share=1.0).model_copy(update={"family": "data", "name": name})
    found = weigh(evidence_of(Seen([broken, _ruled("covariate_benign", "tenure")]), Setting(2000, 1500, 400), POLICY), shipped_weights())
    assert next(iter(found)) == "data_fault"
    assert found["data_fault"] >= POLICY.diagnosis.training_refused_from
