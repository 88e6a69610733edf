"""What was tried stands on the diagnosis, and a diagnosis without repairs is written as before."""

from pipeline.diagnosis.diagnose import diagnose, examine
from pipeline.diagnosis.diagnosis import Diagnosis
from pipeline.workspace.policy import load_policy
from pipeline.workspace.value_settings import ValueSettings
from prompts import policy_text
from tests.pipeline.seen_customers import drawn, seen

POLICY = load_policy(policy_text(), {})


def test_a_diagnosis_carries_its_repairs_and_reads_them_back() -> None:
    window = drawn(1000, 1)
    found = diagnose(seen(window.assign(tenure=-window["tenure"])), POLICY, {"challengers"}, value=ValueSettings())
    (repair,) = found.repairs
    assert (repair.column, repair.repair, repair.returned) == ("tenure", "turned_round", True)
    assert (repair.roc_auc_before, repair.roc_auc_after) == (None, None)
    assert found.cause == "data_fault"
    assert "repair_returns" in {finding.name for finding in found.findings}
    assert Diagnosis.model_validate_json(found.model_dump_json()) == found
    assert "repairs" not in found.model_copy(update={"repairs": ()}).model_dump(mode="json")


def test_without_the_family_nothing_is_tried() -> None:
    window = drawn(1000, 1)
    assert examine(seen(window.assign(tenure=-window["tenure"])), POLICY, ValueSettings(), {"repairs"}).repairs == ()
