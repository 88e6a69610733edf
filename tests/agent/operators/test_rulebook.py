"""The rulebook follows the policy to the letter, over the same loop and tools as any operator, and invents nothing."""

from typing import Any

import pytest
from mcp import Client

from agent.case.ending import Ending
from agent.case.loop import run, tool_specs
from agent.conversation.messages import Briefing, Conversation, OperatorFailed, OperatorTurn, ToolCall, ToolReturn
from agent.operators.rulebook import Rulebook
from pipeline.diagnosis.diagnosis import Action, Mode
from pipeline.errors import Refusal
from pipeline.tables.schema import Kind
from pipeline.workspace.policy import Band, Policy
from reports.grounding.facts import Evidence
from reports.grounding.grounding import ground
from tests.agent.case_tools import CASE, CaseTools, clock_at, diagnosed, shipped_policy
from tests.agent.scripted import Scripted, calls

POLICY = shipped_policy()


async def follow(facts: CaseTools, policy: Policy = POLICY, conversation: Conversation | None = None, operator: Any = None) -> Ending:
    async with Client(facts.server()) as client:
        return await run(
            operator or Rulebook(policy),
            None if operator is None else Rulebook(policy),
            client,
            await tool_specs(client),
            conversation or (facts.briefing(),),
            policy.limits,
            lambda event: None,
            clock_at,
        )


@pytest.mark.parametrize("band", ["monitor", "retrain"])
@pytest.mark.parametrize("action", ["monitor", "fix_data", "collect_labels"])
@pytest.mark.anyio
async def test_a_diagnosis_that_asks_for_no_training_decides_whatever_the_share(band: Band, action: Action) -> None:
    facts = CaseTools(band=band, diagnosis=diagnosed("data_fault", action, column="tenure"))
    ending = await follow(facts)
    assert (ending.turns, facts.saved()["action"], facts.trained()) == (1, action, [])
    assert "data fault in `tenure`" in facts.saved()["reasoning"]
    assert "400 outcomes show large changes only" in facts.saved()["reasoning"]


@pytest.mark.parametrize("mode", ["combined", "recent"])
@pytest.mark.parametrize("band", ["monitor", "retrain"])
@pytest.mark.anyio
async def test_it_retrains_in_the_mode_that_the_diagnosis_names(band: Band, mode: Mode) -> None:
    facts = CaseTools(band=band, diagnosis=diagnosed("concept_drift", "retrain", mode), gates=(False, True))
    await follow(facts)
    assert (facts.modes, facts.trained()) == ([mode, mode], [{"n_estimators": 250}, {"n_estimators": 300}])
    assert facts.saved()["action"] == "retrain"


@pytest.mark.anyio
async def test_it_recalibrates_once_and_without_hyperparameters() -> None:
    facts = CaseTools(band="monitor", diagnosis=diagnosed("prior_shift", "recalibrate", "recalibrate"))
    await follow(facts)
    assert (facts.modes, facts.trained(), facts.saved()["action"]) == (["recalibrate"], [{}], "recalibrate")


@pytest.mark.parametrize(("mode", "trials"), [("combined", 3), ("recalibrate", 1)])
@pytest.mark.anyio
async def test_where_no_candidate_of_that_mode_passes_people_must_look(mode: Mode, trials: int) -> None:
    facts = CaseTools(diagnosis=diagnosed("concept_drift", "retrain", mode), gates=(False,) * 3)
    await follow(facts)
    assert (len(facts.trained()), facts.saved()["action"]) == (trials, "collect_labels")


@pytest.mark.parametrize("band", ["monitor", "not_enough_data"])
@pytest.mark.anyio
async def test_without_a_diagnosis_small_drift_or_a_small_window_is_monitored_without_training(band: Band) -> None:
    facts = CaseTools(band=band)
    ending = await follow(facts)
    assert (ending.stopped, ending.operator, ending.turns) == ("finished", "rulebook", 2)
    assert facts.saved()["action"] == "monitor"
    assert facts.trained() == []


@pytest.mark.parametrize(("rows", "churners"), [(199, 60), (400, 39), (400, 361), (0, 0)])
@pytest.mark.parametrize("band", ["evaluate", "retrain"])
@pytest.mark.anyio
async def test_too_few_outcomes_of_either_class_are_collected_first(band: Band, rows: int, churners: int) -> None:
    facts = CaseTools(band=band, labelled_rows=rows, labelled_churners=churners)
    await follow(facts)
    assert facts.saved()["action"] == "collect_labels"
    assert facts.trained() == []


@pytest.mark.parametrize(
    ("kinds", "start"),
    [
        (("numerical",), {"n_estimators": 250}),
        (("categorical",), {"max_depth": 12}),
        (("numerical", "categorical"), {"n_estimators": 200, "max_depth": 10}),
    ],
)
@pytest.mark.parametrize("band", ["evaluate", "retrain"])
@pytest.mark.anyio
async def test_training_starts_where_the_policy_says_by_the_kinds_that_drifted(
    band: Band, kinds: tuple[Kind, ...], start: dict[str, int]
) -> None:
    facts = CaseTools(band=band, kinds=kinds)
    ending = await follow(facts)
    assert facts.trained() == [start]
    assert facts.saved()["action"] == "retrain"
    assert ending.report is not None
    assert ending.report.status == "pending_approval"


@pytest.mark.parametrize(
    ("kinds", "tried"),
    [
        (("numerical",), [{"n_estimators": 250}, {"n_estimators": 300}, {"n_estimators": 200}]),
        (("categorical",), [{"max_depth": 12}, {"max_depth": 10}, {"max_depth": 11}]),
        (
            ("numerical", "categorical"),
            [{"n_estimators": 200, "max_depth": 10}, {"n_estimators": 300, "max_depth": 12}, {"n_estimators": 250, "max_depth": 11}],
        ),
    ],
)
@pytest.mark.anyio
async def test_a_failed_gate_is_answered_with_other_values_until_the_retries_are_used(
    kinds: tuple[Kind, ...], tried: list[dict[str, int]]
) -> None:
    facts = CaseTools(kinds=kinds, gates=(False, False, False))
    ending = await follow(facts)
    assert facts.trained() == tried
    assert ending.trainings == 3
    assert facts.saved()["action"] == "monitor"
    assert "the champion stays" in facts.saved()["summary"]


@pytest.mark.anyio
async def test_in_band_retrain_nothing_but_failed_gates_calls_people() -> None:
    facts = CaseTools(band="retrain", gates=(False, False, False))
    await follow(facts)
    assert facts.saved()["action"] == "collect_labels"
    assert "people must look" in facts.saved()["summary"]


@pytest.mark.anyio
async def test_a_retry_that_passes_is_the_last_training() -> None:
    facts = CaseTools(gates=(False, True))
    await follow(facts)
    assert len(facts.trained()) == 2
    assert facts.saved()["action"] == "retrain"


@pytest.mark.anyio
async def test_the_policy_object_decides_not_the_shipped_file() -> None:
    policy = shipped_policy(training={"retries": 0, "min_labelled_rows": 50}, start={"numerical": {"n_estimators": 220}})
    facts = CaseTools(labelled_rows=120, labelled_churners=50, gates=(False,))
    await follow(facts, policy)
    assert facts.trained() == [{"n_estimators": 220}]


@pytest.mark.anyio
async def test_a_refused_training_is_quoted_and_not_tried_again() -> None:
    refusal = Refusal("Another case trained at 2026-11-20 08:00 UTC.", "training.cooldown_hours", "wait.")
    facts = CaseTools(refuse_training=refusal)
    await follow(facts)
    assert len(facts.trained()) == 1
    assert facts.saved()["action"] == "monitor"
    assert str(refusal) in facts.saved()["reasoning"]


@pytest.mark.anyio
async def test_without_results_in_the_briefing_it_reads_them_itself() -> None:
    facts = CaseTools()
    await follow(facts, conversation=(Briefing(case_id=CASE, text="A case."),))
    assert [name for name, _ in facts.asked] == [
        "get_drift_summary", "get_current_model_metrics", "diagnose", "run_training", "save_remediation_report",
    ]  # fmt: skip


@pytest.mark.anyio
async def test_it_takes_over_after_a_training_without_repeating_it() -> None:
    facts = CaseTools(gates=(False, False, True))
    failing = Scripted(calls(("run_training", {"case_id": CASE, "n_estimators": 250})), OperatorFailed("The provider is gone."))
    ending = await follow(facts, operator=failing)
    assert facts.trained() == [{"n_estimators": 250}, {"n_estimators": 300}, {"n_estimators": 200}]
    assert (ending.trainings, facts.saved()["action"]) == (3, "retrain")


@pytest.mark.anyio
async def test_a_refusal_another_operator_met_does_not_bind_it() -> None:
    facts = CaseTools()
    bad = calls(("run_training", {"case_id": CASE, "n_estimators": "many"}))
    await follow(facts, operator=Scripted(bad, OperatorFailed("The provider is gone.")))
    assert facts.saved()["action"] == "retrain"


@pytest.mark.parametrize("action", ["retrain", "recalibrate"])
@pytest.mark.anyio
async def test_a_challenger_from_before_the_conversation_is_handed_to_people(action: Action) -> None:
    waits = Refusal("Challenger version 4 waits in this case.", "gate", "close it: a person decides.", instead=action)
    facts = CaseTools(refuse_training=Refusal("Two are used.", "training.retries", "close it."), refuse_report=waits)
    ending = await follow(facts)
    assert ending.stopped == "finished"
    assert facts.saved()["action"] == action


@pytest.mark.parametrize("tool", ["get_drift_summary", "save_remediation_report"])
@pytest.mark.anyio
async def test_it_fails_with_the_reason_when_a_tool_it_needs_does_not_answer(tool: str) -> None:
    briefing = CaseTools(band="monitor").briefing() if tool == "save_remediation_report" else Briefing(case_id=CASE, text="A case.")
    turn = OperatorTurn(text="", calls=(ToolCall(id="rulebook-1", name=tool, arguments={"action": "monitor"}),))
    answer = ToolReturn(call_id="rulebook-1", name=tool, is_error=True, text="The disk is full.")
    with pytest.raises(OperatorFailed, match="The disk is full"):
        await Rulebook(POLICY).ask((briefing, turn, answer), (), lambda text: None)


@pytest.mark.parametrize(
    "facts",
    [
        CaseTools(),
        CaseTools(diagnosis=diagnosed("concept_drift", "retrain", "recent")),
        CaseTools(band="monitor"),
        CaseTools(labelled_rows=10),
        CaseTools(gates=(False,) * 3),
    ],
)
@pytest.mark.anyio
async def test_every_number_it_writes_has_a_source_in_the_results(facts: CaseTools) -> None:
    ending = await follow(facts)
    results = [message for message in ending.conversation if isinstance(message, ToolReturn) and message.structured]
    briefed = [facts.drift_result(), facts.metrics_result(), *([facts.diagnosis] if facts.diagnosis else [])]
    evidence = [
        *(Evidence(None, type(result).__name__, result.model_dump(mode="json")) for result in briefed),
        *(Evidence(4, message.name, message.structured or {}) for message in results),
    ]
    words = f"{facts.saved()['summary']}\n{facts.saved()['reasoning']}"
    assert ground(words, evidence).unsourced == ()


@pytest.mark.anyio
async def test_the_same_case_gives_the_same_conversation() -> None:
    first, second = await follow(CaseTools(gates=(False, True))), await follow(CaseTools(gates=(False, True)))
    assert first.conversation == second.conversation


@pytest.mark.anyio
async def test_what_could_not_be_measured_reads_unavailable() -> None:
    facts = CaseTools(band="not_enough_data", labelled_rows=3)
    briefing = facts.briefing()
    assert briefing.metrics is not None
    unmeasured = briefing.model_copy(update={"metrics": briefing.metrics.model_copy(update={"window": None})})
    await follow(facts, conversation=(unmeasured,))
    words = facts.saved()["summary"] + facts.saved()["reasoning"]
    assert "share of drifted features is unavailable" in words
    assert "ROC-AUC on the window is unavailable" in words
    assert not {"None", "nan", "null"} & set(words.replace(".", " ").split())
