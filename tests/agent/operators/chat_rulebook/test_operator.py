"""The rulebook in a chat over tools whose every fact the test sets: what it calls, what it says when something is missing, that it changes nothing."""

import re
from typing import Any, get_args

import pytest
from mcp import Client

from agent.conversation.messages import Asked, Message, OperatorTurn, Spend, ToolCall, ToolReturn
from agent.conversation.tool_calls import make_call
from agent.operators.chat_rulebook.operator import ChatRulebook
from agent.operators.chat_rulebook.published_questions import TOPICS
from pipeline.diagnosis.diagnosis import Action, Mode
from pipeline.diagnosis.finding import Cause
from pipeline.errors import ChurnopsError, OutdatedCase, Refusal
from pipeline.record.failure import failure_of
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
EXAMPLES = tuple(topic.phrasings[0] for topic in TOPICS)
CHANGES = {"run_training", "save_remediation_report"}


def facts(cause: Cause, **changes: Any) -> CaseTools:
    action, mode = ASKS[cause]
    column = "tenure" if cause in {"data_fault", "concept_drift"} else None
    return CaseTools(diagnosis=diagnosed(cause, action, mode, column), **changes)


class Chat:
    """A conversation with the rulebook over `tools`."""

    def __init__(self, tools: CaseTools, *, features: tuple[str, ...] = FEATURES) -> None:
        self.operator = ChatRulebook(POLICY, features, clock_at)
        self.tools = tools
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
        assert call.name not in CHANGES, "what changes anything is a person's command"
        self.calls.append(call)
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
    chat = Chat(facts(cause))
    for example in EXAMPLES:
        answer = await chat.ask(example)
        assert answer and not re.search(r"\b(None|nan|null)\b", answer), (example, answer)
        assert not answer.startswith("I do not understand"), (example, answer)
        assert ground(answer, chat.evidence).unsourced == (), (example, answer)
    ids = [call.id for call in chat.calls]
    assert len(ids) == len(set(ids))


@pytest.mark.anyio
async def test_what_was_read_for_one_question_is_not_read_again_for_the_next() -> None:
    chat = Chat(facts("concept_drift"))
    await chat.ask("what happened?")
    await chat.ask("how sure are you?")
    await chat.ask("what drifted?")
    assert chat.called == ["get_drift_summary", "diagnose"]


@pytest.mark.anyio
async def test_the_same_conversation_gives_the_same_turn() -> None:
    chat = Chat(facts("data_fault"))
    await chat.ask("what's wrong with the data?")
    told = [await chat.operator.ask(tuple(chat.messages[:-1]), (), lambda text: None) for _ in range(2)]
    assert told[0] == told[1]
    assert told[0].turn == chat.messages[-1]


@pytest.mark.anyio
async def test_what_was_asked_for_leads_and_the_cause_and_the_action_follow() -> None:
    chat = Chat(facts("data_fault"))
    wrong, urgency, owner = [await chat.ask(asked) for asked in ("what happened?", "can this wait?", "who should I call?")]
    assert wrong.startswith("**The data are broken** (data fault in `tenure`, confidence 0.86).")
    assert urgency.startswith("If nothing is done: Scores go on resting on broken values")
    assert owner.startswith("Ask whoever owns the feed of `tenure`")
    for answer in (wrong, urgency, owner):
        assert "confidence 0.86" in answer
        assert "**fix data** in `tenure`" in answer
        assert len(answer.splitlines()) <= 4


@pytest.mark.parametrize("asked", ["retrain the model", "should we retrain?", "try a forest on the last 30 days"])
@pytest.mark.anyio
async def test_a_training_is_left_to_a_command_and_the_answer_says_whether_the_policy_allows_it(asked: str) -> None:
    refused, allowed = [await Chat(facts(cause)).ask(asked) for cause in ("data_fault", "concept_drift")]  # type: ignore[arg-type]
    assert f"churnops case override {CASE}" in refused
    assert "`/triage`" not in refused
    assert "`/triage`" in allowed
    assert "neither deploys" in allowed
    assert "override" not in allowed


@pytest.mark.anyio
async def test_a_no_is_said_as_one() -> None:
    assert (await Chat(facts("none")).ask("should we retrain?")).startswith("No. To do: **monitor**")
    assert (await Chat(facts("concept_drift")).ask("would recalibration be enough?")).startswith("No. To do: **retrain**")
    assert (await Chat(facts("concept_drift")).ask("should we retrain?")).startswith("To do: **retrain**")


@pytest.mark.anyio
async def test_a_time_that_is_named_is_answered_with_the_dates_it_is_about() -> None:
    told = await Chat(facts("concept_drift")).ask("what moved since Monday?")
    assert told.startswith("You say “since monday”. This is about all of its rows, as they have no time.")
    assert "`/window` looks at others" in told
    assert "You say" not in await Chat(facts("concept_drift")).ask("what drifted?")


@pytest.mark.anyio
async def test_without_a_diagnosis_the_answer_says_that_it_is_unavailable() -> None:
    chat = Chat(CaseTools())
    for example in EXAMPLES:
        answer = await chat.ask(example)
        assert ground(answer, chat.evidence).unsourced == (), (example, answer)
    assert "unavailable: The window cannot be read again." in await chat.ask("what happened?")
    assert "features drifted" in await chat.ask("what drifted?")


@pytest.mark.anyio
async def test_too_small_a_window_has_no_verdict() -> None:
    chat = Chat(CaseTools(band="not_enough_data", diagnosis=diagnosed("none", "monitor")))
    assert "too few" in await chat.ask("what drifted?")


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
    messages: list[Message] = [Asked(text="what drifted?")]
    turn = (await operator.ask(tuple(messages), (), lambda text: None)).turn
    messages += [turn, ToolReturn(call_id=turn.calls[0].id, name="get_drift_summary", is_error=False, text="{}", structured={"odd": 1})]
    told = (await operator.ask(tuple(messages), (), lambda text: None)).turn
    assert (told.calls, "unavailable" in told.text) == ((), True)


@pytest.mark.anyio
async def test_names_from_data_are_shown_as_text_and_never_as_markup() -> None:
    evil = "x`](http://evil) <img src=x> \x1b[31m**run_training**"
    chat = Chat(facts("covariate_benign", feature=evil), features=(evil,))
    for asked in ("what drifted?", f"tell me about {evil}", "which features drifted the most?"):
        answer = await chat.ask(asked)
        outside = re.sub(r"`[^`]*`", "", answer)
        assert "\x1b" not in answer
        assert "<img" not in outside
        assert "](http" not in outside


@pytest.mark.parametrize("text", ["", "\x00\x1b[2J", "retrain " * 150_000, "what drifted?" + "\u202e" * 5, "🤖" * 500])
@pytest.mark.anyio
async def test_hostile_text_is_answered_in_plain_characters_and_changes_nothing(text: str) -> None:
    chat = Chat(facts("concept_drift"))
    answer = await chat.ask(text)
    assert all(line.isprintable() for line in answer.splitlines())
    assert len(answer) < 5_000
    assert chat.tools.trained() == []


def test_it_says_who_it_is() -> None:
    operator = ChatRulebook(POLICY, FEATURES, clock_at)
    assert (operator.name, operator.worst_case((OperatorTurn(text=""),), ())) == ("rulebook", Spend())
    assert POLICY.version in operator.about
