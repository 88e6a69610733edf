"""The rulebook as the operator of a chat: deterministic, free, and plain about what it does not understand. What changes anything is a command."""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

from agent.conversation.messages import Answer, Conversation, OperatorTurn, Say, Spend, ToolCall, ToolSpec
from agent.operators.chat_rulebook.answers import answered, measure_by_day, source
from agent.operators.chat_rulebook.facts import OPENS, OWN, Facts, facts_of
from agent.operators.chat_rulebook.published_questions import Topic
from agent.operators.chat_rulebook.recognition import Question, recognise
from pipeline.workspace.policy import Policy
from tools.results import DiagnosisResult, DriftResult

WITH_A_KEY = "Free conversation takes Claude: set ANTHROPIC_API_KEY and start `churnops chat --operator claude`."
_TIMES = re.compile(r"\b(?:today|yesterday|(?:last|this|past) (?:night|week|month|\w+day)|since [\w-]{3,12}|(?:last|past) \d+ \w+)\b")
_OF_THE_WINDOW = frozenset({"case", "report", "column", "drift", "health"})
_QUERIES = {"churn": {"measure": "churn_rate", "bucket": "week"}, "onset": {"measure": "calibration_gap", "bucket": "week"}}


class ChatRulebook:
    """Answers the published questions from tool results. It keeps no state: all it knows stands in the conversation."""

    name = "rulebook"

    def __init__(self, policy: Policy, features: Sequence[str], clock: Callable[[], datetime]) -> None:
        self._policy, self._features, self._clock = policy, tuple(features), clock

    @property
    def about(self) -> str:
        """Which policy it follows, and that it does not converse."""
        return f"policy {self._policy.version}; answers a list of questions: ask “help”"

    def worst_case(self, conversation: Conversation, tools: tuple[ToolSpec, ...]) -> Spend:
        """Nothing."""
        return Spend()

    async def ask(self, conversation: Conversation, tools: tuple[ToolSpec, ...], emit: Say) -> Answer:
        """The calls that the last question needs, or its answer."""
        facts = facts_of(conversation, self._clock())
        question = recognise(facts.asked, self._features)
        if question.topic is None:
            nearest = ", ".join(f"“{topic.phrasings[0]}”" for topic in question.nearest)
            turn = OperatorTurn(text=f"I do not understand that. Nearest: {nearest}. Ask “help” for the rest.\n{WITH_A_KEY}")
        elif needed := list(_needed(facts, question, question.topic)):
            calls = (ToolCall(id=f"{OWN}{at}", name=tool, arguments=given) for at, (tool, given) in enumerate(needed, facts.last_call + 1))
            turn = OperatorTurn(text="", calls=tuple(calls))
        else:
            turn = OperatorTurn(text=_other_time(facts, question, question.topic) + answered(facts, question, question.topic))
        emit(turn.text)
        return Answer(turn=turn)


def _needed(facts: Facts, question: Question, topic: Topic) -> Iterator[tuple[str, dict[str, Any]]]:
    """Tools that the answer still needs, each once for a question, with their arguments."""
    drift, known = facts.of(DriftResult), facts.of(DiagnosisResult)
    column = question.features[0] if question.features else known.diagnosis.column if known else None
    for tool in (tool for tool in topic.needs if tool not in facts.since and tool not in facts.results):
        if tool in {OPENS, "get_history"}:
            yield tool, {}
        elif drift is not None and tool == "query" and (topic.name == "churn" or (known is not None and column is None)):
            yield tool, {"case_id": drift.case_id, **_QUERIES[topic.name]}
        elif drift is not None and tool == "query" and column is not None:
            yield (
                tool,
                {"case_id": drift.case_id, "rows": "window", "measure": measure_by_day(facts, column), "column": column, "bucket": "day"},
            )
        elif drift is not None and tool == "inspect_feature" and column is not None:
            yield tool, {"case_id": drift.case_id, "feature": column}
        elif drift is not None and tool not in {"query", "inspect_feature"}:
            yield tool, {"case_id": drift.case_id}


def _other_time(facts: Facts, question: Question, topic: Topic) -> str:
    """Which dates the answer is about, where the question names a time: the window is what it is, whatever was asked."""
    drift, time = facts.of(DriftResult), _TIMES.search(question.text)
    if drift is None or time is None or topic.kind not in _OF_THE_WINDOW:
        return ""
    since, until = drift.drift.since, drift.drift.until
    window = (
        f"the window from {since:%Y-%m-%d} to {until:%Y-%m-%d}{source(drift)}"
        if since and until
        else "all of its rows, as they have no time"
    )
    return f"You say “{time[0]}”. This is about {window}. `/window` looks at others.\n\n"
