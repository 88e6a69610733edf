"""Claude as it talks in a chat: told otherwise than in a triage, and without its thoughts between an answer's lines."""

from typing import Any

from agent.case.briefing import system_prompt
from agent.conversation.messages import Conversation, ToolSpec
from agent.operators.claude import Claude
from pipeline.record.opened_workspace import Opened


class ChatClaude(Claude):
    """Claude under the chat's prompt. What it streams is what it answers: summaries of its thinking are not asked for."""

    thoughts = False

    def request(self, conversation: Conversation, tools: tuple[ToolSpec, ...]) -> dict[str, Any]:
        """The body of the next Messages request, all of it: what leaves the machine."""
        body = super().request(conversation, tools)
        return {**body, "thinking": {"type": "adaptive", "display": "omitted"}} if "thinking" in body else body


def chat_claude(opened: Opened, model: str | None = None) -> ChatClaude:
    """Claude for this workspace, with another model where one is named."""
    settings = opened.settings.operator
    if model is not None:
        settings = settings.model_copy(update={"model": model})
    return ChatClaude(settings, system_prompt(opened.policy, "chat"))
