"""What an operator may do that the diagnosis does not ask for: anything more cautious, and nothing that trains, whatever it believes."""

import pytest

from pipeline.record.opened_workspace import Opened
from tests.standing import standing
from tests.tools.desk import case_of, desk, diagnosis_of

STATED = [{"cause": "concept_drift", "checked": "Everything says so."}, {"cause": "data_fault", "checked": "Nothing."}]

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("cause", "action"),
    [("concept_drift", "wait_for_outcomes"), ("concept_drift", "fix_data"), ("prior_shift", "rollback"), ("none", "wait_for_outcomes")],
)
async def test_caution_closes_a_case_whatever_the_diagnosis_and_asks_people(trained: Opened, cause: str, action: str) -> None:
    case, before = case_of(trained, diagnosis=diagnosis_of(cause)), standing(trained)  # type: ignore[arg-type]
    words = {"summary": "s", "reasoning": "r", "hypotheses": STATED}
    async with desk(trained) as client:
        closed = await client.ok("save_remediation_report", case_id=case.case_id, action=action, **words)
    assert (closed["action"], closed["status"], closed["next_command"]) == (action, "needs_people", None)
    assert trained.cases.get(case.case_id).action == action
    assert standing(trained) == before


@pytest.mark.parametrize("cause", ["data_fault", "label_fault", "none"])
async def test_no_belief_trains_against_the_diagnosis(trained: Opened, cause: str) -> None:
    case, before = case_of(trained, diagnosis=diagnosis_of(cause)), standing(trained)  # type: ignore[arg-type]
    words = {"case_id": case.case_id, "summary": "s", "reasoning": "It is concept drift.", "hypotheses": STATED}
    async with desk(trained) as client:
        assert "asks for" in await client.refused("run_training", case_id=case.case_id)
        for action in ("retrain", "recalibrate"):
            assert "needs a challenger" in await client.refused("save_remediation_report", **words, action=action)
    assert trained.cases.trainings(case.case_id) == ()
    assert standing(trained) == before


@pytest.mark.parametrize(
    "stated",
    [
        [STATED[0]] * 4,
        [{"cause": "the moon", "checked": ""}],
        [{"cause": "none"}],
        [{**STATED[0], "call": 1}],
        [{**STATED[0], "checked": "x" * 401}],
        "none",
    ],
)
async def test_hypotheses_are_few_and_typed(trained: Opened, stated: object) -> None:
    case = case_of(trained)
    async with desk(trained) as client:
        said = await client.refused(
            "save_remediation_report", case_id=case.case_id, action="monitor", summary="s", reasoning="r", hypotheses=stated
        )
    assert "hypotheses" in said
    assert len(said) < 400
    assert trained.cases.get(case.case_id).status == "open"
