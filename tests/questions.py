"""Thirty questions that people ask an operator about five situations, written before anything answered them, each with what makes an
answer right; and the interview that puts them to any operator over the real tools."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from mcp import Client

from agent.case.loop import tool_specs
from agent.conversation.messages import Asked, Message, Operator, ToolCall, ToolReturn
from agent.conversation.tool_calls import make_call
from pipeline.record.failure import Failure
from reports.grounding.facts import Evidence

Verdict = Literal["right", "declined", "wrong"]
MUTATING = frozenset({"run_training", "save_remediation_report"})
DECLINES = re.compile(
    r"\b(cannot|can't|no tool|unavailable|is not known|not something|only a person|do(es)? not (say|show|know|understand))", re.IGNORECASE
)
GAVE_UP = "I do not understand"
BEGINNING = 200  # characters of an answer in which it declines, if it does
MOST_TURNS = 6


@dataclass(frozen=True)
class Situation:
    """A simulated week: `rows` customers under `scenario`, with outcomes for a share of them, 0-1."""

    scenario: str
    rows: int
    labelled_share: float


SITUATIONS: Mapping[str, Situation] = {
    "quiet": Situation("none", 1_200, 0.6),
    "broken": Situation("unit_change", 1_200, 0.6),
    "harmless": Situation("category_mix", 1_200, 0.6),
    "behaviour": Situation("behaviour_change", 1_500, 0.7),
    "level": Situation("high_churn", 1_200, 0.7),
}


@dataclass(frozen=True)
class Question:
    """What is `asked` in a situation. An answer is right when every pattern of `says` is found in it (whatever the case), none of `never`,
    the value at every path of `values` (tool/key/key, lists by the `name` of their items) is among its numbers as written or in percent,
    and the changing tools it asked for are `proposes` exactly. `declined`: it cannot be known or done, and right is to say so plainly."""

    situation: str
    asked: str
    says: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    proposes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    declined: bool = False


_SHARE = "get_drift_summary/drift/share"
_NOW, _THEN = "get_current_model_metrics/window/roc_auc/value", "get_current_model_metrics/gate/roc_auc/value"
_CONFIDENCE = "diagnose/diagnosis/confidence"
_FINDINGS = "diagnose/diagnosis/findings"
_FEATURES = "get_drift_summary/drift/features"
_RETRAINS = (r"needs? (a )?retrain", r"should be retrained")

QUESTIONS: tuple[Question, ...] = (
    Question("quiet", "did anything change this week?", says=("no(thing| |ne)", "reference"), values=(_SHARE,), never=_RETRAINS),
    Question("quiet", "is the champion still good?", says=("ROC-AUC",), values=(_NOW, _THEN)),
    Question("quiet", "should we retrain?", says=(r"\bno\b|not", "monitor"), never=_RETRAINS),
    Question("quiet", "why did you not retrain?", says=("nothing|no change", "monitor"), never=_RETRAINS),
    Question("quiet", "how sure are you?", says=("confidence", "concept drift"), values=(_CONFIDENCE,)),
    Question("quiet", "will churn go up next quarter?", declined=True),
    Question(
        "broken",
        "is MonthlyCharges broken or did prices change?",
        says=("MonthlyCharges", "unit", "fix"),
        values=(f"{_FINDINGS}/unit_change/strength",),
        never=("prices changed", "new prices"),
    ),
    Question("broken", "what's wrong with the data?", says=("MonthlyCharges", "unit", "fix")),
    Question("broken", "try a forest on the last 30 days", says=("data fault", r"fix[_ ]data", "churnops case override")),
    Question(
        "broken",
        "which customers are affected?",
        says=("MonthlyCharges", DECLINES.pattern),
        values=(f"{_FEATURES}/MonthlyCharges/moved_share",),
    ),
    Question("broken", "what happens if I do nothing?", says=("MonthlyCharges", "score", "trust|wrong|broken"), never=("harmless",)),
    Question("broken", "show me tenure", says=("tenure", "mean"), values=("inspect_feature/view/sampled",), never=("`tenure` drifted",)),
    Question("harmless", "what moved since Monday?", says=("Contract", "PaymentMethod", "TechSupport", "reference"), values=(_SHARE,)),
    Question(
        "harmless", "does the drift hurt us?", says=("no harm|harmless|does not hurt", "ROC-AUC"), values=(_NOW,), never=(r"\byes\b",)
    ),
    Question("harmless", "tell me about contract", says=("Contract", "Month-to-month"), values=("inspect_feature/view/sampled",)),
    Question("harmless", "why don't we train a new model if six columns drifted?", says=("harm", "monitor"), never=_RETRAINS),
    Question("harmless", "did the spring campaign of our competitor cause this?", declined=True),
    Question("harmless", "which features drifted the most?", says=("PaymentMethod",), values=(f"{_FEATURES}/PaymentMethod/moved_share",)),
    Question("behaviour", "is the champion still good?", says=(r"\bno\b|worse|not as good", "ROC-AUC"), values=(_NOW, _THEN)),
    Question("behaviour", "why did it get worse?", says=("behave|concept drift", "TotalCharges")),
    Question("behaviour", "what would you do?", says=("retrain", "recent")),
    Question(
        "behaviour",
        "try a forest on the last 30 days",
        says=("window", "/triage", "/train"),
    ),
    Question("behaviour", "can you deploy it?", says=("person", "churnops reports approve"), declined=True),
    Question("behaviour", "would recalibration be enough?", says=(r"\bno\b|not", "recent customers|retrain")),
    Question("level", "what is going on?", says=("level|prior shift|churn(ed|ers)", "recalibrat"), values=(_CONFIDENCE,)),
    Question("level", "are more customers leaving than before?", says=("yes|up|more",), values=(f"{_FINDINGS}/level_change/strength",)),
    Question("level", "does the model still rank customers properly?", says=("ROC-AUC",), values=(_NOW, _THEN)),
    Question("level", "recalibrate the model please", says=("recalibrate", "/triage")),
    Question("level", "how does the challenger compare with the champion?", says=("no (candidate|challenger)",), declined=True),
    Question("level", "what can't you see?", says=("customer mix", "outcomes"), values=("get_drift_summary/labelled_rows",)),
)


@dataclass(frozen=True)
class Reply:
    """One question as it was answered: the text, the changing calls asked for (which the human declined), and every tool result so far."""

    question: Question
    text: str
    proposed: tuple[ToolCall, ...]
    results: Mapping[str, Mapping[str, Any]]
    evidence: tuple[Evidence, ...]

    @property
    def verdict(self) -> Verdict:
        """`right`; `declined`, plainly, though an answer was to be had; or `wrong`."""
        asked, text = self.question, " ".join(self.text.split())
        asks_for = {call.name: call.arguments for call in self.proposed}
        fits = asks_for.keys() == asked.proposes.keys() and all(
            asks_for[name].get(key) == value for name, arguments in asked.proposes.items() for key, value in arguments.items()
        )
        said = all(re.search(pattern, text, re.IGNORECASE) for pattern in asked.says)
        shunned = not any(re.search(pattern, text, re.IGNORECASE) for pattern in asked.never)
        plainly = DECLINES.search(text[:BEGINNING]) is not None
        if text.startswith(GAVE_UP):
            return "right" if asked.declined else "declined"  # whatever its list of examples happens to mention
        known = all(_cited(_at(self.results, path), text) for path in asked.values)
        if fits and said and shunned and known and (plainly or not asked.declined):
            return "right"
        return "declined" if plainly and not asks_for and shunned else "wrong"


async def interview(
    operator: Operator, client: Client, questions: Sequence[Question], allowed: frozenset[str] = frozenset()
) -> list[Reply]:
    """One conversation: `questions` in order, tools called as asked for. Of those that change anything the human agrees to the `allowed` ones."""
    tools = await tool_specs(client)
    conversation: list[Message] = []
    results: dict[str, Mapping[str, Any]] = {}
    evidence: list[Evidence] = []
    replies = []
    for question in questions:
        conversation.append(Asked(text=question.asked))
        proposed: list[ToolCall] = []
        said = []
        for _ in range(MOST_TURNS):
            turn = (await operator.ask(tuple(conversation), tools, lambda text: None)).turn
            conversation.append(turn)
            said.append(turn.text)
            answers = [await _answer(client, call, allowed) for call in turn.calls]
            conversation += answers
            proposed += [call for call in turn.calls if call.name in MUTATING]
            for answer in answers:
                if answer.structured is not None and not answer.is_error:
                    results[answer.name] = answer.structured
                    evidence.append(Evidence(answer.structured["call"], answer.name, answer.structured))
            if not turn.calls and not turn.paused:
                break
        replies.append(Reply(question, "\n".join(said), tuple(proposed), dict(results), tuple(evidence)))
    return replies


async def _answer(client: Client, call: ToolCall, allowed: frozenset[str]) -> ToolReturn:
    if call.name in MUTATING - allowed:
        return ToolReturn.failed(call, Failure(kind="declined", said="The human did not allow this call, so nothing was done."))
    return await make_call(client, call)


def _at(results: Any, path: str) -> Any:
    at = results
    for key in path.split("/"):
        at = next((item for item in at if item["name"] == key), None) if isinstance(at, list) else None if at is None else at.get(key)
    return at


def _cited(value: Any, text: str) -> bool:
    if value is None:
        return False
    for match in re.finditer(r"(\d[\d,]*(?:\.\d+)?)(\s?%)?", text):
        written = match[1].replace(",", "")
        half = 0.5 * 10.0 ** -len(written.partition(".")[2])
        if abs(float(written) - abs(value) * (100 if match[2] else 1)) <= half * (1 + 1e-9):
            return True
    return False
