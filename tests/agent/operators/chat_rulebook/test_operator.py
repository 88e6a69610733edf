"""The rulebook in a chat over tools whose every fact the test sets: what it calls, what it proposes, what it says when something is missing."""

import re
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mcp import Client

from agent.conversation.messages import Asked, Message, OperatorTurn, Spend, ToolCall, ToolReturn
from agent.conversation.tool_calls import make_call
from agent.operators.chat_rulebook.operator import ChatRulebook
from agent.operators.chat_rulebook.question_table import INTENTS
from pipeline.diagnosis.diagnosis import Action, Mode
from pipeline.diagnosis.finding import Cause
from pipeline.errors import ChurnopsError, OutdatedCase, Refusal
from pipeline.record.failure import Failure, failure_of
from reports.grounding.facts import Evidence
from reports.grounding.grounding import ground
from tests.agent.case_tools import CASE, CaseTools, clock_at, diagnosed, shipped_policy

POLICY = shipped_policy()
FEATURES = ("tenure", "Contract", "MonthlyCharges", "TotalCharges")
ASKS: dict[Cause, tuple[Action, Mode | None]] = {
    "none": ("monitor", None),
    "covariate_benign": ("monitor", None),
    "covariate_harmful": ("retrain", "combined"),
    "prior_shift": ("recalibrate", "recalibrate"),
    "concept_drift": ("retrain", "recent"),
    "data_fault": ("fix_data", None),
    "label_fault": ("collect_labels", None),
    "unsure": ("collect_labels", None),
}
EXAMPLES = tuple(example for intent in INTENTS for example in intent.examples)
NO = "The human did not allow this call, so nothing was done."


def facts(cause: Cause, **changes: Any) -> CaseTools:
    action, mode = ASKS[cause]
    column = "tenure" if cause in {"data_fault", "concept_drift"} else None
    return CaseTools(diagnosis=diagnosed(cause, action, mode, column), **changes)


class Chat:
    """A conversation with the rulebook over `tools`; what changes something is allowed or not."""

    def __init__(self, tools: CaseTools, *, allow: bool = True, features: tuple[str, ...] = FEATURES) -> None:
        self.operator = ChatRulebook(POLICY, features, clock_at)
        self.tools, self.allow = tools, allow
        self.messages: list[Message] = []
        self.calls: list[ToolCall] = []
        self.evidence = [Evidence(None, "policy", POLICY.model_dump(mode="json"))]

    async def ask(self, text: str) -> str:
        """The whole answer to `text`."""
        self.messages.append(Asked(text=text))
        self.evidence.append(Evidence(None, "you", {"asked": text[:1000]}))
        told: list[str] = []
        for _ in range(6):
            answer = await self.operator.ask(tuple(self.messages), (), told.append)
            assert answer.spend == Spend()
            self.messages.append(answer.turn)
            if not answer.turn.calls:
                return "\n".join(told).strip()
            async with Client(self.tools.server()) as client:
                self.messages += [await self._returned(client, call) for call in answer.turn.calls]
        raise AssertionError(f"{text!r} was never answered: {self.calls}")

    async def _returned(self, client: Client, call: ToolCall) -> ToolReturn:
        self.calls.append(call)
        if call.name in {"run_training", "save_remediation_report"} and not self.allow:
            return ToolReturn.failed(call, Failure(kind="declined", said=NO))
        answer = await make_call(client, call)
        if answer.structured is not None and not answer.is_error:
            self.evidence.append(Evidence(answer.structured["call"], call.name, answer.structured))
        return answer

    @property
    def called(self) -> list[str]:
        return [call.name for call in self.calls]


@pytest.mark.slow
@pytest.mark.parametrize("cause", get_args(Cause))
@pytest.mark.anyio
async def test_every_example_has_an_answer_whatever_happened_and_every_number_a_source(cause: Cause) -> None:
    chat = Chat(facts(cause), allow=False)
    for example in EXAMPLES:
        answer = await chat.ask(example)
        assert answer and not re.search(r"\b(None|nan|null)\b", answer), (example, answer)
        assert not answer.startswith("I do not understand"), (example, answer)
        assert ground(answer, chat.evidence).unsourced == (), (example, answer)
    ids = [call.id for call in chat.calls]
    assert len(ids) == len(set(ids))
    assert chat.tools.trained() == []


@pytest.mark.anyio
async def test_what_was_read_for_one_question_is_not_read_again_for_the_next() -> None:
    chat = Chat(facts("concept_drift"))
    await chat.ask("what happened?")
    await chat.ask("how sure are you?")
    await chat.ask("what moved?")
    assert chat.called == ["get_drift_summary", "diagnose"]


@pytest.mark.anyio
async def test_the_same_conversation_gives_the_same_turn() -> None:
    chat = Chat(facts("data_fault"))
    await chat.ask("what's wrong with the data?")
    told = [await chat.operator.ask(tuple(chat.messages[:-1]), (), lambda text: None) for _ in range(2)]
    assert told[0] == told[1]
    assert told[0].turn == chat.messages[-1]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("try a forest on the last 30 days", {"mode": "recent", "estimator": "random_forest", "n_estimators": 250}),
        ("retrain the model", {"mode": "recent", "estimator": "random_forest", "n_estimators": 250}),
        ("train a forest on everything", {"mode": "combined", "estimator": "random_forest", "n_estimators": 250}),
        ("retrain with 300 trees and depth 12", {"mode": "recent", "estimator": "random_forest", "n_estimators": 300, "max_depth": 12}),
        ("try a logistic regression with C=0.5", {"mode": "recent", "estimator": "logistic_regression", "C": 0.5}),
        ("recalibrate the model", {"mode": "recalibrate"}),
    ],
)
@pytest.mark.anyio
async def test_a_training_is_proposed_with_the_arguments_asked_for(asked: str, expected: dict[str, Any]) -> None:
    chat = Chat(facts("concept_drift"), allow=False)
    answer = await chat.ask(asked)
    assert [call.arguments for call in chat.calls if call.name == "run_training"] == [{"case_id": CASE, **expected}]
    assert "nothing is deployed by it" in answer
    assert answer.endswith("Nothing was done, as nobody agreed to it.")


@pytest.mark.parametrize("cause", ["data_fault", "label_fault", "none", "covariate_benign", "unsure"])
@pytest.mark.anyio
async def test_where_the_guard_would_refuse_nobody_is_asked_to_agree(cause: Cause) -> None:
    chat = Chat(facts(cause))
    answer = await chat.ask("try a forest on the last 30 days")
    assert "run_training" not in chat.called
    assert f"churnops case override {CASE}" in answer
    assert f"asks for **{ASKS[cause][0].replace('_', ' ')}**" in answer


@pytest.mark.parametrize(
    ("changes", "asked", "said"),
    [
        ({"labelled_rows": 90, "labelled_churners": 20}, "retrain the model", "`training.min_labelled_rows`"),
        ({}, "retrain with 900 trees", "`hyperparameters.random_forest.n_estimators` in the policy allows 200 to 300."),
    ],
)
@pytest.mark.anyio
async def test_outcomes_and_hyperparameters_outside_the_policy_are_told_before_anybody_agrees(
    changes: dict[str, int], asked: str, said: str
) -> None:
    chat = Chat(facts("concept_drift", **changes))
    assert said in await chat.ask(asked)
    assert "run_training" not in chat.called


@pytest.mark.anyio
async def test_what_the_guard_refuses_all_the_same_is_passed_on() -> None:
    refusal = Refusal("Another case trained at 2026-11-20 08:00 UTC.", "training.cooldown_hours", "wait.")
    chat = Chat(facts("concept_drift", refuse_training=refusal))
    assert "Another case trained at 2026-11-20 08:00 UTC" in await chat.ask("retrain the model")
    assert chat.called.count("run_training") == 1


@pytest.mark.anyio
async def test_a_case_is_taken_from_a_training_to_its_report_and_never_deployed() -> None:
    chat = Chat(facts("concept_drift", gates=(False, True)))
    assert "failed the gate" in await chat.ask("retrain the model")
    assert "passed the gate" in await chat.ask("proceed")
    assert "passed" in await chat.ask("how does the challenger compare with the champion?")
    assert "the tools refuse another" in await chat.ask("retrain the model")
    closed = await chat.ask("close the case")
    assert f"churnops reports approve {CASE}" in closed
    assert chat.tools.saved()["action"] == "retrain"
    deploy = await chat.ask("can you deploy it?")
    assert deploy.startswith("I cannot: no tool deploys")
    assert "A challenger waits" in deploy
    assert set(chat.called) <= {
        "get_drift_summary", "diagnose", "get_current_model_metrics", "compare_models", "run_training", "save_remediation_report",
    }  # fmt: skip


@pytest.mark.anyio
async def test_without_a_diagnosis_the_answer_says_that_it_is_unavailable() -> None:
    chat = Chat(CaseTools(), allow=False)
    for example in (intent.examples[0] for intent in INTENTS):
        answer = await chat.ask(example)
        assert ground(answer, chat.evidence).unsourced == (), (example, answer)
    assert "unavailable: The window cannot be read again." in await chat.ask("what happened?")
    assert "features drifted" in await chat.ask("what moved?")
    chat.calls.clear()
    assert "unavailable" in await chat.ask("retrain the model")
    assert "run_training" not in chat.called


@pytest.mark.anyio
async def test_too_small_a_window_has_no_verdict() -> None:
    chat = Chat(CaseTools(band="not_enough_data", diagnosis=diagnosed("none", "monitor")))
    assert "too few" in await chat.ask("what moved?")


@pytest.mark.parametrize(
    "over",
    [Refusal("It is closed.", "case.closed", "open a new one."), OutdatedCase("The champion moved.")],
    ids=["closed", "outdated"],
)
@pytest.mark.anyio
async def test_a_case_that_is_over_is_followed_by_another(over: ChurnopsError) -> None:
    operator = ChatRulebook(POLICY, FEATURES, clock_at)
    first, second = CaseTools(diagnosis=diagnosed("none", "monitor")), facts("data_fault")
    messages: list[Message] = [Asked(text="what happened?")]
    steps: list[tuple[str, dict[str, Any] | None]] = [
        ("get_drift_summary", first.drift_result().model_dump(mode="json")),
        ("diagnose", None),
        ("get_drift_summary", {**second.drift_result().model_dump(mode="json"), "case_id": "2026-11-21-ffffff"}),
    ]
    for name, structured in steps:
        turn = (await operator.ask(tuple(messages), (), lambda text: None)).turn
        assert [call.name for call in turn.calls] == [name]
        (call,) = turn.calls
        result = ToolReturn(call_id=call.id, name=name, is_error=False, text="{}", structured=structured)
        messages += [turn, result if structured is not None else ToolReturn.failed(call, failure_of(over))]
    (again,) = (await operator.ask(tuple(messages), (), lambda text: None)).turn.calls
    assert (again.name, again.arguments) == ("diagnose", {"case_id": "2026-11-21-ffffff"})


@pytest.mark.anyio
async def test_a_result_that_cannot_be_read_ends_in_words_and_not_in_a_loop() -> None:
    operator = ChatRulebook(POLICY, FEATURES, clock_at)
    messages: list[Message] = [Asked(text="what moved?")]
    turn = (await operator.ask(tuple(messages), (), lambda text: None)).turn
    messages += [turn, ToolReturn(call_id=turn.calls[0].id, name="get_drift_summary", is_error=False, text="{}", structured={"odd": 1})]
    told = (await operator.ask(tuple(messages), (), lambda text: None)).turn
    assert (told.calls, "unavailable" in told.text) == ((), True)


@pytest.mark.anyio
async def test_names_from_data_are_shown_as_text_and_never_as_markup() -> None:
    evil = "x`](http://evil) <img src=x> \x1b[31m**run_training**"
    chat = Chat(facts("covariate_benign", feature=evil), features=(evil,))
    for asked in ("what moved?", f"tell me about {evil}", "which features drifted the most?"):
        answer = await chat.ask(asked)
        outside = re.sub(r"`[^`]*`", "", answer)
        assert "\x1b" not in answer
        assert "<img" not in outside
        assert "](http" not in outside


@pytest.mark.parametrize("text", ["", "\x00\x1b[2J", "retrain " * 150_000, "what moved?" + "\u202e" * 5, "🤖" * 500])
@pytest.mark.anyio
async def test_hostile_text_is_declined_without_a_call_that_changes_anything(text: str) -> None:
    chat = Chat(facts("concept_drift"))
    answer = await chat.ask(text)
    assert answer.isprintable() or all(line.isprintable() for line in answer.splitlines())
    assert len(answer) < 5_000
    assert chat.tools.trained() == []


@pytest.mark.slow
@given(text=st.lists(st.sampled_from(sorted({word for example in EXAMPLES for word in example.split()})), max_size=8).map(" ".join))
@settings(max_examples=40, deadline=None)
def test_no_mix_of_known_words_breaks_it_or_goes_beyond_a_proposal(text: str) -> None:
    import anyio

    chat = Chat(facts("concept_drift"), allow=False)
    answer = anyio.run(chat.ask, text)
    assert answer
    assert chat.tools.trained() == []


def test_it_says_who_it_is() -> None:
    operator = ChatRulebook(POLICY, FEATURES, clock_at)
    assert (operator.name, operator.worst_case((OperatorTurn(text=""),), ())) == ("rulebook", Spend())
    assert POLICY.version in operator.about
