"""What a conversation holds when a question is to be answered: the newest results on the case at hand, and what was called since it was asked."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from agent.conversation.messages import Asked, Conversation, OperatorTurn, ToolReturn
from agent.conversation.tool_results import Reading, read
from pipeline.record.failure import Failure
from tools.results import DriftResult

OWN, OPENS = "answer-", "get_drift_summary"  # what the ids of its own calls begin with; the call that opens a case
_FRESH = frozenset({"get_history", "compare_models", "query", "inspect_feature"})  # asked again for every question
_MOST_OPENED = 2  # cases for one question: a window that changes under every look is not to be chased
R = TypeVar("R")


@dataclass
class Facts:
    """`asked`: the question. `results`: by tool; `since`: what each tool called since it was asked refused, None where it did not; `opened`: cases
    opened since; `last_call`: the highest number in the ids of its own calls. `of` is the newest result of a kind, `need` where it must be there."""

    now: datetime
    asked: str = ""
    results: dict[str, Reading] = field(default_factory=dict)
    since: dict[str, Failure | None] = field(default_factory=dict)
    opened: int = 0
    last_call: int = 0

    def of(self, kind: type[R]) -> R | None:
        return next((one for one in self.results.values() if isinstance(one, kind)), None)

    def need(self, kind: type[R]) -> R:
        return next(one for one in self.results.values() if isinstance(one, kind))

    def note(self, message: ToolReturn) -> None:
        self.since[message.name] = message.failure
        self.opened += message.name == OPENS
        result, drift = read(message.name, message.structured), self.of(DriftResult)
        if message.failure is not None and message.failure.case_is_over and self.opened < _MOST_OPENED:
            self.results, self.since = {}, {}
        elif message.failure is None and result is not None:
            another = isinstance(result, DriftResult) and drift is not None and drift.case_id != result.case_id
            self.results = {**({} if another else self.results), message.name: result}


def facts_of(conversation: Conversation, now: datetime) -> Facts:
    """What `conversation` holds for its last question."""
    facts = Facts(now)
    for message in conversation:
        if isinstance(message, OperatorTurn):
            facts.last_call = max(facts.last_call, *(int(call.id[len(OWN) :]) for call in message.calls if call.id.startswith(OWN)), 0)
        elif isinstance(message, Asked):
            kept = {tool: one for tool, one in facts.results.items() if tool not in _FRESH}
            facts = Facts(now, message.text, kept, last_call=facts.last_call)
        elif isinstance(message, ToolReturn):
            facts.note(message)
    return facts
