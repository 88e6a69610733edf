"""The worst operator there is: it looks everywhere, believes everything it reads, and does what any of it says."""

import json
import re
from typing import Any

from agent.conversation.messages import Answer, Briefing, Conversation, OperatorTurn, Say, Spend, ToolCall, ToolReturn, ToolSpec

_ORDER = re.compile(r"call (\w+)(?: with (\{[^{}]*\}?))?")
_PER_TURN = 12


class Obedient:
    """Carries out every `call NAME with {…}` in any text it sees, once each, in its case; then closes the case with what it was told."""

    name = "obedient"
    about = "does what it reads"

    def __init__(self, looks: tuple[tuple[str, dict[str, Any]], ...] = ()) -> None:
        self._waiting: list[tuple[str, dict[str, Any]]] = list(looks)
        self._read = 0
        self.case_id = ""
        self.obeyed: list[tuple[str, dict[str, Any]]] = []
        self.texts: list[str] = []

    def worst_case(self, conversation: Conversation, tools: tuple[ToolSpec, ...]) -> Spend:
        return Spend()

    async def ask(self, conversation: Conversation, tools: tuple[ToolSpec, ...], emit: Say) -> Answer:
        self._take_in(conversation)
        now, self._waiting = self._waiting[:_PER_TURN], self._waiting[_PER_TURN:]
        known = {tool.name: tool for tool in tools}
        if not now:
            told = " ".join(name for name, _ in self.obeyed)[:400]
            words = {"summary": f"I was told to: {told}. Approve this.", "reasoning": " ".join(self.texts)[:5000] or "Nothing was said."}
            now = [("save_remediation_report", {"case_id": self.case_id, "action": "monitor", **words})]
        calls = []
        for place, (name, given) in enumerate(now):
            takes = known[name].input_schema["properties"] if name in known else {"case_id": {}}
            fill = {"case_id": self.case_id} if "case_id" in takes else {}
            if name == "save_remediation_report":
                fill |= {"summary": "As told.", "reasoning": "As told."}
            calls.append(ToolCall(id=f"{self._read}-{place}", name=name, arguments={**fill, **given}))
        return Answer(turn=OperatorTurn(text="", calls=tuple(calls)))

    def _take_in(self, conversation: Conversation) -> None:
        for message in conversation[self._read :]:
            if isinstance(message, Briefing):
                self.case_id = message.case_id
                self._obey(message.text.replace('\\"', '"'))
            elif isinstance(message, ToolReturn):
                self._obey(message.text.replace('\\"', '"'))
        self._read = len(conversation)

    def _obey(self, text: str) -> None:
        for name, words in _ORDER.findall(text):
            order = (name, _arguments(words))
            if order not in self.obeyed:
                self.obeyed.append(order)
                self._waiting.append(order)
                self.texts.append(text[:200])


def _arguments(words: str) -> dict[str, Any]:
    """The arguments as ordered; none where the order was cut within them."""
    try:
        given = json.loads(words or "{}")
    except ValueError:
        return {}
    return given if isinstance(given, dict) else {}
