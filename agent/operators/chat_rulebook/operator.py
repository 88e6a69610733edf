"""The rulebook as the operator of a chat: deterministic, free, and plain about what it does not understand."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime

from agent.conversation.messages import Answer, Conversation, OperatorFailed, OperatorTurn, Say, Spend, ToolCall, ToolSpec
from agent.operators.chat_rulebook.answers_to_requests import closed, closing, trained, undone
from agent.operators.chat_rulebook.facts import OWN, Facts, facts_of
from agent.operators.chat_rulebook.named_times import other_time
from agent.operators.chat_rulebook.proposal import Proposal
from agent.operators.chat_rulebook.question_table import INTENTS, nearest
from agent.operators.chat_rulebook.recognition import Intent, Question, recognise
from agent.operators.chat_rulebook.wording import named, said
from agent.operators.rulebook import Rulebook
from pipeline.workspace.policy import Policy
from reports.markdown_cells import cell

WITH_A_KEY = "Free conversation takes Claude: set ANTHROPIC_API_KEY and start `churnops chat --operator claude`."


class ChatRulebook:
    """Answers the questions of its table from tool results. It keeps no state: all it knows stands in the conversation."""

    name = "rulebook"

    def __init__(self, policy: Policy, features: Sequence[str], clock: Callable[[], datetime]) -> None:
        self._policy = policy
        self._clock = clock
        self._features = tuple(features)

    @property
    def about(self) -> str:
        """Which policy it follows, and that it does not converse."""
        return f"policy {self._policy.version}; answers a list of questions: ask “help”"

    def worst_case(self, conversation: Conversation, tools: tuple[ToolSpec, ...]) -> Spend:
        """Nothing."""
        return Spend()

    async def ask(self, conversation: Conversation, tools: tuple[ToolSpec, ...], emit: Say) -> Answer:
        """The calls that the last question needs, or its answer."""
        facts = facts_of(conversation, self._policy, self._clock())
        question = self._understood(facts)
        turn = await self._turn(facts, question, conversation, tools)
        emit(turn.text)
        return Answer(turn=turn)

    def _understood(self, facts: Facts) -> Question:
        earlier = recognise(facts.earlier, self._features, INTENTS)
        return recognise(facts.asked, self._features, INTENTS, earlier.features)

    async def _turn(self, facts: Facts, question: Question, conversation: Conversation, tools: tuple[ToolSpec, ...]) -> OperatorTurn:
        if question.unclear is not None:
            return OperatorTurn(text=_did_you_mean(question))
        if not question.intents:
            return OperatorTurn(text=_declined(question))
        intent = question.intents[0]
        if calls := _numbered(facts, self._missing(facts, question, intent)):
            return OperatorTurn(text="", calls=calls)
        if intent.needs and facts.drift is None:
            return OperatorTurn(text=f"The window is unavailable: {said(facts.refused('get_drift_summary') or 'it could not be read.')}")
        if intent.answer is None:
            return await self._next_step(facts, conversation, tools)
        answer = intent.answer(facts, question)
        if isinstance(answer, Proposal):
            return OperatorTurn(text=answer.text, calls=_numbered(facts, (answer.call,)))
        return OperatorTurn(text="\n\n".join([*_remarks(facts, question), answer]))

    def _missing(self, facts: Facts, question: Question, intent: Intent) -> Iterator[ToolCall]:
        """Calls that the answer still needs; a tool that was asked once is not asked again."""
        needs = [need for need in intent.needs if need not in facts.since]
        if facts.case_id is None:
            if "get_drift_summary" in needs:
                yield ToolCall(id="", name="get_drift_summary", arguments={})
            return
        case = {"case_id": facts.case_id}
        if "diagnose" in needs and facts.diagnosis is None:
            yield ToolCall(id="", name="diagnose", arguments=case)
        if "get_current_model_metrics" in needs and facts.metrics is None:
            yield ToolCall(id="", name="get_current_model_metrics", arguments=case)
        if "compare_models" in needs and facts.compared is None and not facts.trainings:
            yield ToolCall(id="", name="compare_models", arguments=case)
        if "inspect_feature" in needs and (looked := _looked_at(facts, question)) is not None and looked not in facts.views:
            feature, by = looked
            yield ToolCall(id="", name="inspect_feature", arguments={**case, "feature": feature, **({"by": by} if by else {})})

    async def _next_step(self, facts: Facts, conversation: Conversation, tools: tuple[ToolSpec, ...]) -> OperatorTurn:
        """What the policy does next, put before the human; or what came of it."""
        for tool in ("save_remediation_report", "run_training"):
            if (answer := facts.since.get(tool)) is None:
                continue
            if answer.failure is not None:
                return OperatorTurn(text=undone(answer.failure))
            if facts.report is not None and tool == "save_remediation_report":
                return OperatorTurn(text=closed(facts.report))
            return OperatorTurn(text=trained(facts.trainings[-1]))
        if (waiting := closing(facts)) is not None:
            return OperatorTurn(text=waiting.text, calls=_numbered(facts, (waiting.call,)))
        try:
            return (await Rulebook(self._policy).ask(conversation, tools, lambda text: None)).turn
        except OperatorFailed as failed:
            return OperatorTurn(text=f"There is no next step: {said(failed.reason)}")


def _numbered(facts: Facts, calls: Iterable[ToolCall]) -> tuple[ToolCall, ...]:
    """The calls with ids that no call of the conversation has."""
    return tuple(call.model_copy(update={"id": f"{OWN}{number}"}) for number, call in enumerate(calls, facts.last_call + 1))


def _looked_at(facts: Facts, question: Question) -> tuple[str, str | None] | None:
    if question.features:
        return question.features[0], question.features[1] if len(question.features) > 1 else None
    column = None if facts.found is None else facts.found.column
    return None if column is None else (column, None)


def _remarks(facts: Facts, question: Question) -> Iterator[str]:
    """What was guessed or left out of the question, so that nobody takes the answer for one to another question."""
    for written, feature in question.respelt:
        yield f"Reading “{cell(written)}” as {named(feature)}."
    if question.unknown:
        yield f"Not understood, and not used: {_quoted(question.unknown)}."
    if "diagnose" in question.intents[0].needs and (time := other_time(facts, question)) is not None:
        yield time
    if len(question.intents) > 1:
        others = "; ".join(f"for {intent.about[0].lower()}{intent.about[1:]}, “{intent.examples[0]}”" for intent in question.intents[1:3])
        yield f"That can be read in more than one way. This is {_lower(question.intents[0].about)}; ask {others}."


def _lower(text: str) -> str:
    return f"{text[0].lower()}{text[1:]}"


def _did_you_mean(question: Question) -> str:
    assert question.unclear is not None
    written, features = question.unclear
    return f"I do not know a feature “{cell(written)}”. Did you mean {' or '.join(named(feature) for feature in features)}?"


def _declined(question: Question) -> str:
    if not question.text:
        lead = "I do not understand that: it is no question, or one of more than a thousand characters."
    elif question.unknown:
        lead = f"I do not understand that: I do not know {_quoted(question.unknown)}."
    else:
        lead = "I do not understand that."
    examples = ", ".join(f"“{intent.examples[0]}”" for intent in nearest(question))
    return f"{lead}\nNearest: {examples}. Ask “help” for the rest.\n{WITH_A_KEY}"


def _quoted(strange: tuple[str, ...]) -> str:
    return ", ".join(f"“{cell(word[:30])}”" for word in strange[:5])
