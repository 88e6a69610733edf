"""Which question it is: by its likeness to published phrasings; what is like none is declined, never guessed."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.operators.chat_rulebook.published_questions import OUTSIDE, TOPICS, Topic
from agent.operators.chat_rulebook.recognition import LONGEST, Question, fit, likeness, recognise

FEATURES = ("gender", "tenure", "Contract", "TechSupport", "MonthlyCharges", "TotalCharges", "PaymentMethod", "monthly_fee_2")
CALLED = {"whynot": "advice"}  # what the fresh questions call a topic, where the published one holds it
FRESH = Path(__file__).with_name("fresh_questions.txt")
SIXTEEN = {
    "what is wrong?": "wrong",
    "why did AUC go down?": "health",
    "can this wait until Monday?": "urgency",
    "is TotalCharges ok?": "column",
    "how many predictions did we log yesterday?": "predictions",
    "is anything waiting for my approval?": "waiting",
    "who approved the last model?": "approver",
    "how does the challenger compare to the champion?": "compare",
    "when did we last retrain?": "retrained",
    "which model is in production right now?": "production",
    "what was the churn rate last week versus the week before?": "churn",
    "did prices change?": "drift",
    "did something break last night?": "onset",
    "who should I call first?": "owner",
    "stop delivering the data to marketing": "decline",
    "write a message to my boss": "report",
}


def read(text: str) -> Question:
    return recognise(text, FEATURES)


def topic(text: str) -> str:
    found = read(text).topic
    return found.name if found else "decline"


def counted(expected: dict[str, str]) -> tuple[int, int, list[str]]:
    """Rightly told, declined though an answer is to be had, and the wrong ones."""
    told = {text: topic(text) for text in expected}
    right = sum(told[text] == CALLED.get(wanted, wanted) for text, wanted in expected.items())
    wrong = [text for text, wanted in expected.items() if told[text] not in {CALLED.get(wanted, wanted), "decline"}]
    return right, len(expected) - right - len(wrong), wrong


def test_fresh_questions_are_mostly_answered_and_hardly_ever_misread() -> None:
    lines = [line for line in FRESH.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    right, _, wrong = counted({text: wanted for wanted, text in (line.split("\t") for line in lines)})
    assert len(lines) == 40
    assert right >= 24
    assert len(wrong) <= 2, wrong


def test_of_sixteen_questions_of_others_ten_are_answered_and_none_is_misread() -> None:
    right, _, wrong = counted(SIXTEEN)
    assert right >= 10
    assert wrong == []


@pytest.mark.slow
def test_phrasings_that_are_left_out_are_declined_rather_than_misread() -> None:
    """The bounds of likeness are chosen here: each phrasing is judged by those of the other nine tenths."""
    told = [(topic, phrasing) for topic in (*TOPICS, OUTSIDE) for phrasing in topic.phrasings]
    right = wrong = 0
    for part in range(10):
        fitted = fit([one for place, one in enumerate(told) if place % 10 != part])
        for wanted, phrasing in told[part::10]:
            found, _ = likeness(phrasing.casefold(), fitted, about_a_feature="tenure" in phrasing)
            right += found is not None and found.kind == wanted.kind
            wrong += found is not None and found.kind != wanted.kind
    assert right >= 0.4 * len(told)
    assert wrong <= 0.05 * len(told)


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_every_published_phrasing_is_recognised(topic: Topic) -> None:
    found = {phrasing: read(phrasing).topic for phrasing in topic.phrasings}
    assert {phrasing: other for phrasing, other in found.items() if other is None or other.kind != topic.kind} == {}
    shown = found[topic.phrasings[0]]
    assert shown is not None and shown.name == topic.name


@pytest.mark.parametrize("written", ["TotalCharges", "totalcharges", "total charges", "TOTAL_CHARGES", "total-charges", "`TotalCharges`"])
def test_a_feature_is_found_however_it_is_spelt(written: str) -> None:
    found = read(f"tell me about {written}")
    assert (found.features, found.topic and found.topic.name) == (("TotalCharges",), "column")


def test_a_word_of_a_question_that_is_a_feature_as_well_stays_the_word() -> None:
    found = recognise("what is the churn rate?", ("churn", "rate"))
    assert (found.features, found.topic and found.topic.name) == ((), "churn")


def test_a_question_about_a_feature_that_names_none_is_declined() -> None:
    assert topic("is the wombat ok?") == "decline"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ?!",
        "what is the weather in Paris?",
        "did the spring campaign of our competitor cause this?",
        "was hat sich geändert?",
        "¿qué cambió esta semana?",
        "何が変わりましたか",
        "что изменилось?",
        "\x1b[2J\x1b]0;owned\x07",
        "'; DROP TABLE cases; --",
        "a" * 1_000_000,
        "retrain " * 200_000,
    ],
)
def test_what_it_does_not_know_it_declines_with_three_that_are_near(text: str) -> None:
    found = read(text)
    assert (found.topic, len(found.nearest)) == (None, 3)
    assert len(found.text) <= LONGEST


@given(st.text(max_size=60))
@settings(max_examples=20)
def test_any_text_is_read_without_error_and_always_alike(text: str) -> None:
    found = read(text)
    assert found == read(text)
    assert found.text.isprintable()
