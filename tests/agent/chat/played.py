"""A chat at a real terminal whose operator plays a script: `python -m tests.agent.chat.played TIME WORKSPACE [SESSION]`.

The operator says what the question asks for: `stream N` N lines one by one, `table` a table, `tool NAME JSON` a call, `claim` a number that
nobody measured, `fail` a failure. So the product needs no seam for it.
"""

import asyncio
import json
import sys
from datetime import datetime
from functools import partial
from pathlib import Path

import anyio

import pipeline.clock
from agent.chat.answering.operator_choice import Operators
from agent.commands.chat import at_terminal
from agent.conversation.messages import (
    Answer,
    Asked,
    Conversation,
    OperatorFailed,
    OperatorTurn,
    Say,
    Spend,
    ToolCall,
    ToolReturn,
    ToolSpec,
)
from agent.operators.rulebook import Rulebook
from pipeline.intake.window_choice import WindowChoice
from pipeline.record.opened_workspace import open_workspace
from prompts import policy_text

PAUSE_SECONDS = 0.02


class Player:
    """Does what the question says, and nothing else."""

    name = "player"
    about = "a script"

    def worst_case(self, conversation: Conversation, tools: tuple[ToolSpec, ...]) -> Spend:
        return Spend(input_tokens=100, output_tokens=20, usd=0.001)

    async def ask(self, conversation: Conversation, tools: tuple[ToolSpec, ...], emit: Say) -> Answer:
        question = next(message.text for message in reversed(conversation) if isinstance(message, Asked))
        word, _, rest = question.partition(" ")
        if isinstance(conversation[-1], ToolReturn):
            return await self._say(emit, f"It answered: {conversation[-1].text[:40]}")
        if word == "tool":
            name, _, given = rest.partition(" ")
            call = ToolCall(id=f"c{len(conversation)}", name=name, arguments=json.loads(given or "{}"))
            return Answer(turn=OperatorTurn(text="", calls=(call,)), spend=Spend(input_tokens=50, output_tokens=10, usd=0.0005))
        if word == "fail":
            raise OperatorFailed("The script says so.")
        if word == "stream":
            return await self._say(emit, "\n\n".join(f"Line {number} of it." for number in range(int(rest))))
        if word == "table":
            return await self._say(
                emit, "Here it is:\n\n| feature | moved |\n|---|---|\n| tenure | up |\n| Contract | down |\n\nThat was it."
            )
        if word == "claim":
            return await self._say(emit, "The ROC-AUC fell to 0.4711, I am **sure**.")
        return await self._say(emit, f"You said: {question}")

    async def _say(self, emit: Say, text: str) -> Answer:
        for piece in (text[place : place + 8] for place in range(0, len(text), 8)):
            emit(piece)
            await asyncio.sleep(PAUSE_SECONDS)
        return Answer(turn=OperatorTurn(text=text), spend=Spend(input_tokens=50, output_tokens=10, usd=0.0005))


def main(now: datetime, root: Path, stored: Path | None) -> int:
    pipeline.clock.utc_now = lambda: now
    opened = open_workspace(root, policy_text(), lambda: now)
    player = Player()
    crew = Operators(player, None, lambda name, model: (player, None), lambda: (Rulebook(opened.policy), None))
    return anyio.run(partial(at_terminal, opened, crew, WindowChoice(), stored))


if __name__ == "__main__":
    sys.exit(main(datetime.fromisoformat(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]) if len(sys.argv) > 3 else None))
