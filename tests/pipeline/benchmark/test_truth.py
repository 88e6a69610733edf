"""Truth by doing: what is right follows from what happens, and learning from a fault never is."""

import pytest

from pipeline.benchmark.instance import Answered, Broken, Labels, Truth
from pipeline.benchmark.questioning import Questioning
from pipeline.benchmark.truth import COST, TOLERANCE
from pipeline.worlds.scenarios import KINDS, SCENARIOS
from tests.pipeline.benchmark.conftest import Ask

pytestmark = pytest.mark.slow

FAULTS = [kind for kind in KINDS if SCENARIOS[kind].truth == "data_fault"]
LEARNING = {"recalibrate", "retrain_combined", "retrain_recent"}


@pytest.fixture(scope="module")
def truth(desk: Questioning, ask: Ask) -> object:
    def find(kind: str, severity: str = "strong", labels: Labels = "full") -> Truth:
        result = desk.answer(ask(kind, severity, labels))
        assert isinstance(result, Answered), result
        return result.truth

    return find


def test_nothing_to_do_where_nothing_changed(truth) -> None:  # type: ignore[no-untyped-def]
    found = truth("none")
    assert found.cause == "none"
    assert found.acceptable == ("monitor",)
    assert found.regret("monitor") == 0
    assert found.regret("retrain_combined") > TOLERANCE


def test_every_remedy_that_asks_for_people_costs_more_than_the_tolerance() -> None:
    assert all(cost > TOLERANCE for remedy, cost in COST.items() if remedy != "monitor")


def test_reversed_drivers_are_to_be_trained_on(truth) -> None:  # type: ignore[no-untyped-def]
    found = truth("drivers_reverse")
    assert found.cause == "concept_drift"
    assert "retrain_recent" in found.acceptable
    assert "monitor" not in found.acceptable
    assert found.worth["retrain_recent"] > found.worth["monitor"] + 20
    assert not found.invisible


def test_without_outcomes_changed_behaviour_is_invisible_and_not_to_be_trained_on(truth) -> None:  # type: ignore[no-untyped-def]
    found = truth("drivers_reverse", labels="none")
    assert found.invisible
    assert found.worth["retrain_combined"] is None and found.worth["retrain_recent"] is None
    assert found.acceptable == ("collect_labels",)
    assert found.regret("retrain_combined") == found.regret("monitor") > 0


def test_a_moved_level_is_to_be_recalibrated_with_outcomes_or_without(truth) -> None:  # type: ignore[no-untyped-def]
    for labels in ("full", "none"):
        found = truth("prior_shift", labels=labels)
        assert "recalibrate" in found.acceptable
        assert not found.invisible
        assert found.worth["recalibrate"] > found.worth["monitor"]


@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_is_to_be_fixed_and_never_trained_on(truth, kind: str) -> None:  # type: ignore[no-untyped-def]
    found = truth(kind)
    assert found.cause == "data_fault"
    assert found.unsafe
    assert "fix_data" in found.acceptable
    assert not LEARNING & {*found.acceptable}
    assert found.worth["fix_data"] <= found.worth["monitor"] + 60


def test_a_fault_that_hurts_is_worth_fixing(truth) -> None:  # type: ignore[no-untyped-def]
    found = truth("unit_change")
    assert found.acceptable == ("fix_data",)
    assert found.worth["fix_data"] > found.worth["monitor"] + 5


def test_immature_outcomes_are_to_be_waited_for(truth) -> None:  # type: ignore[no-untyped-def]
    found = truth("immature_labels")
    assert found.cause == "label_fault"
    assert "collect_labels" in found.acceptable
    assert not LEARNING & {*found.acceptable}
    # What is trained on them takes churners for stayers.
    assert found.worth["retrain_recent"] < found.worth["monitor"] - 5


def test_two_causes_at_once_are_fixed_and_then_trained_on(truth) -> None:  # type: ignore[no-untyped-def]
    found = truth("missing_and_reversal")
    assert found.causes == ("data_fault", "concept_drift")
    assert found.unsafe and not LEARNING & {*found.acceptable}
    assert found.acceptable == ("fix_then_retrain",)
    assert found.regret("fix_data") > 20
    assert not found.invisible


def test_a_gradual_change_goes_on_from_where_it_ends(truth) -> None:  # type: ignore[no-untyped-def]
    assert truth("gradual_reversal").worth["monitor"] < truth("none").worth["monitor"] - 20


def test_a_failure_of_the_benchmark_is_no_answer(desk: Questioning, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("no space left")

    monkeypatch.setattr("pipeline.benchmark.questioning.make_world", fails)
    result = desk.answer(ask("clipped", labels="partial"))
    assert isinstance(result, Broken)
    assert "no space left" in result.said
