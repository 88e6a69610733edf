"""The thirty questions of tests/questions.py put to an operator over five simulated situations: how many are answered rightly or plainly declined.

The rulebook's score is held by a test; for Claude, which takes a key and costs money, this is the way to the same score. What changes
something is declined throughout.

    python bench/chat_answers.py [--operator rulebook|claude]
"""

import argparse
import shutil
import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import anyio

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from agent.chat.answering.claude import chat_claude
from agent.conversation.messages import Operator
from agent.operators.chat_rulebook.operator import ChatRulebook
from agent.setup.new_workspace import set_up_synthetic
from agent.training_by_hand import train_by_hand
from pipeline.clock import utc_now
from pipeline.record.opened_workspace import Opened, open_workspace
from pipeline.training.job import Progress
from pipeline.worlds.simulation import simulate
from prompts import policy_text
from tests.questions import QUESTIONS, SITUATIONS, Reply, Situation, interview
from tests.tools.desk import desk

CUSTOMERS, SEED = 2500, 11


async def silent(_: Progress) -> None:
    """Training's progress, unread."""


def champion(folder: Path) -> None:
    """A workspace of generated customers with its champion."""
    set_up_synthetic(folder, CUSTOMERS, SEED)
    opened = open_workspace(folder, policy_text(), utc_now)
    anyio.run(train_by_hand, opened, None, silent)
    opened.state.close()


async def answered(situation: str, week: Situation, name: str, folder: Path) -> list[Reply]:
    """The questions of one situation, answered in one conversation."""
    opened = open_workspace(folder, policy_text(), utc_now)
    try:
        simulate(opened, week.scenario, week.rows, labelled_share=week.labelled_share, seed=3)
        async with desk(opened, operator=name) as at:
            return await interview(operator_for(opened, name), at.client, tuple(one for one in QUESTIONS if one.situation == situation))
    finally:
        opened.state.close()


def operator_for(opened: Opened, name: str) -> Operator:
    """The operator that a chat would have."""
    return chat_claude(opened) if name == "claude" else ChatRulebook(opened.policy, opened.settings.data.columns.features, opened.clock)


def main() -> None:
    """Print a line for each question, and the score."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--operator", choices=["rulebook", "claude"], default="rulebook")
    name = parser.parse_args().operator
    counts: Counter[str] = Counter()
    with TemporaryDirectory() as folder:
        champion(Path(folder) / "champion")
        for situation, week in SITUATIONS.items():
            shutil.copytree(Path(folder) / "champion", Path(folder) / situation)
            for reply in anyio.run(answered, situation, week, name, Path(folder) / situation):
                counts[reply.verdict] += 1
                print(f"{reply.verdict:9} {situation:10} {reply.question.asked}")
    print(f"{name}: {counts['right']} right, {counts['declined']} plainly declined, {counts['wrong']} wrong, of {len(QUESTIONS)}")


if __name__ == "__main__":
    main()
