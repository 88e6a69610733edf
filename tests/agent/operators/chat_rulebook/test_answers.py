"""What an answer of the rulebook adds where a plain one would mislead: other dates, a challenger that waits, small shares, whose label it is."""

from datetime import UTC, datetime, timedelta

import pytest

from agent.operators.chat_rulebook.answers_on_candidates import why_not_retrained
from agent.operators.chat_rulebook.answers_on_cause import what_to_do
from agent.operators.chat_rulebook.answers_on_drift import the_window, what_moved
from agent.operators.chat_rulebook.facts import Facts
from agent.operators.chat_rulebook.feature_lines import closely
from agent.operators.chat_rulebook.named_times import other_time
from agent.operators.chat_rulebook.question_table import INTENTS
from agent.operators.chat_rulebook.recognition import Question, recognise
from pipeline.diagnosis.feature_inspection import FeatureView, Slice
from pipeline.errors import Refusal
from reports.grounding.facts import Evidence
from reports.grounding.grounding import ground
from tests.agent.case_tools import CASE, CHAMPION, CaseTools, diagnosed, shipped_policy
from tests.agent.operators.chat_rulebook.test_operator import Chat, facts
from tools.results import ComparedModels, DiagnosisResult, FeatureResult

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)  # a Friday
COOLDOWN = Refusal("Another case trained at 2026-11-20 08:00 UTC.", "training.cooldown_hours", "wait.")


def held(*, until: datetime = NOW, days: int = 7) -> Facts:
    """What is known of a window of so many days: the diagnosis asks for a training."""
    result = CaseTools().drift_result()
    dated = result.drift.model_copy(update={"since": until - timedelta(days=days), "until": until})
    found = DiagnosisResult(case_id=CASE, call=3, diagnosis=diagnosed("concept_drift", "retrain", "recent", "tenure"))
    return Facts(shipped_policy(), NOW, drift=result.model_copy(update={"drift": dated}), diagnosis=found)


def asked(text: str) -> Question:
    return recognise(text, ("tenure", "Contract"), INTENTS)


@pytest.mark.parametrize(
    ("text", "words", "since"),
    [
        ("what moved since Monday?", "since monday", "2026-11-16"),
        ("what moved since Friday?", "since friday", "2026-11-13"),
        ("what moved since 2026-11-02?", "since 2026-11-02", "2026-11-02"),
        ("did anything change in the last 30 days?", "last 30 days", "2026-10-21"),
        ("what changed yesterday?", "yesterday", "DATE"),
        ("did anything change this week?", "this week", "2026-11-16"),
        ("what moved since 2026-99-99?", "since 2026-99-99", "DATE"),
    ],
)
def test_a_time_that_the_window_is_not_is_answered_with_the_dates_it_is_about(text: str, words: str, since: str) -> None:
    told = other_time(held(days=9), asked(text))
    assert told == f"You say “{words}”; this is about the window from 2026-11-11 to 2026-11-20, `/window since {since}` looks at others."


@pytest.mark.parametrize(
    "text", ["what moved?", "tenure day by day", "what moved since 2026-11-13?", "did anything change in the last week?"]
)
def test_no_time_or_the_windows_own_needs_no_word(text: str) -> None:
    assert other_time(held(), asked(text)) is None


@pytest.mark.parametrize(("hours", "said"), [(23, False), (25, True)])
def test_a_log_that_ended_earlier_is_said(hours: int, said: bool) -> None:
    known = held(until=NOW - timedelta(hours=hours))
    for answer in (what_moved(known, asked("what moved?")), the_window(known, asked("which window is this?"))):
        assert ("The log ends 2026-11-19." in answer) is said


@pytest.mark.anyio
async def test_rows_without_a_time_are_said_to_have_none() -> None:
    assert "the window's rows have no time" in await Chat(facts("concept_drift")).ask("what moved since Monday?")


@pytest.mark.parametrize("answer", [what_to_do, why_not_retrained])
def test_a_challenger_that_waits_is_named_before_another_is_asked_for(answer: object) -> None:
    known = held()
    command = f"churnops reports approve {CASE}"
    known.compared = ComparedModels(
        case_id=CASE, call=4, status="pending_approval", champion=CHAMPION, candidates=(), waiting="4", next_command=command
    )
    told = answer(known, asked("why did you not retrain?" if answer is why_not_retrained else "should we retrain?"))  # type: ignore[operator]
    assert "version 4 (call 4)" in told
    assert command in told
    assert not told.startswith("Yes")
    assert "Nothing stands against it" not in told
    assert "Retrain the model" not in told


@pytest.mark.anyio
async def test_after_a_refused_training_the_refusal_stands_in_the_advice() -> None:
    chat = Chat(facts("concept_drift", refuse_training=COOLDOWN))
    assert (await chat.ask("should we retrain?")).startswith("Yes. ")
    await chat.ask("retrain the model")
    for question in ("should we retrain?", "why did you not retrain?"):
        told = await chat.ask(question)
        assert "Another case trained at 2026-11-20 08:00 UTC" in told
        assert not told.startswith("Yes")
        assert "Nothing stands against it" not in told


@pytest.mark.anyio
async def test_a_training_that_the_human_declined_is_no_refusal() -> None:
    chat = Chat(facts("concept_drift"), allow=False)
    await chat.ask("retrain the model")
    assert (await chat.ask("should we retrain?")).startswith("Yes. ")


@pytest.mark.anyio
async def test_a_decline_is_three_lines_with_the_nearest_questions_and_help_is_the_list() -> None:
    chat = Chat(facts("concept_drift"))
    strange = await chat.ask("what is the weather in Paris?")
    assert len(strange.splitlines()) <= 3
    assert "“what moved since Monday?”" in strange
    assert "“help”" in strange
    near = await chat.ask("customers sailing Mediterranean yachts expensively forever")
    assert near.startswith("I do not understand")
    assert "which customers are affected?" in near
    helped = await chat.ask("help")
    assert all(intent.examples[0] in helped for intent in INTENTS)


@pytest.mark.parametrize("kind", ["numerical", "categorical"])
@pytest.mark.parametrize("missing", [round(1 / 2007, 4), 0.0001, 0.0035, 0.0125, 0.2512])
@pytest.mark.parametrize("days", [True, False])
def test_small_shares_and_parts_of_the_base_have_a_source_and_the_right_label(kind: str, missing: float, days: bool) -> None:
    level = "mean" if kind == "numerical" else "share"
    before, now = (2300.5, 2200.0) if level == "mean" else (0.504, 0.275)
    view = FeatureView.model_validate(
        {
            "feature": "Contract",
            "kind": kind,
            "sampled": 2007,
            "missing_reference": 0.0015,
            "missing_window": missing,
            "importance": 0.1,
            "level": level,
            "level_of": None if level == "mean" else "Month-to-month",
            "bins": (),
            "by_day": [
                Slice(label=f"2026-11-{day}", rows=300, missing=missing if day % 2 else 0.0, level=now + day / 1000, level_reference=None)
                for day in range(14, 21)
            ],
            "by": "MultipleLines",
            "by_segment": [Slice(label=name, rows=900, missing=missing, level=now, level_reference=before) for name in ("Yes", "No")],
        }
    )
    seen = FeatureResult(case_id=CASE, call=3, view=view)
    told = "\n".join(closely(seen, days=days))
    assert ground(told, (Evidence(3, "inspect_feature", seen.model_dump(mode="json")),)).unsourced == ()
    assert f"{missing:.2%}" in told
    if not days:
        assert "- `Contract` for `MultipleLines` “Yes” from " in told
