"""The five situations as workspaces, each with a champion and a simulated week; made once."""

import shutil
from collections.abc import Callable

import anyio
import pytest

from agent.operators.chat_rulebook.operator import ChatRulebook
from pipeline.record.opened_workspace import open_workspace
from prompts import policy_text
from tests.conftest import Clock, Simulated
from tests.questions import QUESTIONS, SITUATIONS, Question, Reply, interview
from tests.tools.desk import desk

Interviews = Callable[..., list[Reply]]


@pytest.fixture(scope="session")
def asked_rulebook(simulated: Simulated, tmp_path_factory: pytest.TempPathFactory) -> Interviews:
    """Puts questions of one situation to the rulebook over the real tools."""
    copies = tmp_path_factory.mktemp("asked")

    def ask(situation: str, questions: tuple[Question, ...], *allowed: str) -> list[Reply]:
        folder = copies / "-".join((situation, *allowed))  # what was changed for one test is no other's
        if not folder.exists():
            week = SITUATIONS[situation]
            shutil.copytree(simulated(week.scenario, week.rows, week.labelled_share, 3), folder)
        opened = open_workspace(folder, policy_text(), Clock())

        async def talk() -> list[Reply]:
            async with desk(opened, operator="rulebook") as at:
                return await interview(
                    ChatRulebook(opened.policy, opened.settings.data.columns.features, opened.clock),
                    at.client,
                    questions,
                    frozenset(allowed),
                )

        try:
            return anyio.run(talk)
        finally:
            opened.state.close()

    return ask


@pytest.fixture(scope="session")
def replies(asked_rulebook: Interviews) -> list[Reply]:
    """The thirty questions, answered: one conversation a situation."""
    return [reply for name in SITUATIONS for reply in asked_rulebook(name, tuple(one for one in QUESTIONS if one.situation == name))]
