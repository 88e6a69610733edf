"""The thirty questions over five situations, put to the rulebook over the real tools."""

import re

import pytest

from pipeline.workspace.policy import load_policy
from prompts import policy_text
from reports.grounding.facts import Evidence
from reports.grounding.grounding import ground
from tests.agent.operators.chat_rulebook.conftest import Interviews
from tests.paraphrases import PARAPHRASES
from tests.questions import QUESTIONS, SITUATIONS, Reply

ENOUGH = 27


def unsourced(replies: list[Reply]) -> dict[str, tuple[str, ...]]:
    """Numbers without a source by question, checked as a chat does: the policy and the question are evidence too."""
    policy = Evidence(None, "policy", load_policy(policy_text(), {}).model_dump(mode="json"))
    asked = [(one, (*one.evidence, policy, Evidence(None, "you", {"asked": one.question.asked}))) for one in replies]
    missed = {one.question.asked: ground(one.text, evidence).unsourced for one, evidence in asked}
    return {question: numbers for question, numbers in missed.items() if numbers}


def test_there_are_thirty_questions_over_all_situations() -> None:
    assert len(QUESTIONS) == 30
    assert {one.situation for one in QUESTIONS} == set(SITUATIONS)


@pytest.mark.slow
def test_enough_are_answered_rightly_or_plainly_declined_and_no_number_is_without_a_source(replies: list[Reply]) -> None:
    verdicts = {f"{one.question.situation}: {one.question.asked}": one.verdict for one in replies}
    wrong = [name for name, verdict in verdicts.items() if verdict == "wrong"]
    assert len(verdicts) - len(wrong) >= ENOUGH, wrong
    assert unsourced(replies) == {}
    assert [one.question.asked for one in replies if re.search(r"\b(None|nan|null)\b", one.text)] == []


@pytest.mark.slow
def test_other_words_for_the_same_questions_are_answered_too(asked_rulebook: Interviews) -> None:
    replies = [reply for name in SITUATIONS for reply in asked_rulebook(name, tuple(one for one in PARAPHRASES if one.situation == name))]
    assert [one.question.asked for one in replies if one.verdict == "wrong"] == []
    assert sum(one.verdict == "right" for one in replies) >= 18
    assert unsourced(replies) == {}
