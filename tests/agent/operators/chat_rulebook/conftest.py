"""The five situations as workspaces, each with a champion and a simulated week; made once."""

import shutil
from collections.abc import Callable
from pathlib import Path

import anyio
import pytest

from agent.operators.chat_rulebook.operator import ChatRulebook
from pipeline.record.opened_workspace import open_workspace
from pipeline.worlds.simulation import simulate
from prompts import policy_text
from tests.conftest import Clock
from tests.questions import QUESTIONS, SITUATIONS, Question, Reply, interview
from tests.tools.desk import desk
from tests.tools.once import made_once

Interviews = Callable[..., list[Reply]]


@pytest.fixture(scope="session")
def situations(champion_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a workspace for each situation."""

    def make(root: Path) -> None:
        for name, week in SITUATIONS.items():
            shutil.copytree(champion_workspace, root / name)
            opened = open_workspace(root / name, policy_text(), Clock())
            simulate(opened, week.scenario, week.rows, labelled_share=week.labelled_share, seed=3)
            opened.state.close()

    return made_once(tmp_path_factory, "situations", make)


@pytest.fixture(scope="session")
def asked_rulebook(situations: Path, tmp_path_factory: pytest.TempPathFactory) -> Interviews:
    """Puts questions of one situation to the rulebook over the real tools."""
    copies = tmp_path_factory.mktemp("asked")

    def ask(situation: str, questions: tuple[Question, ...], *allowed: str) -> list[Reply]:
        folder = copies / "-".join((situation, *allowed))  # what was changed for one test is no other's
        if not folder.exists():
            shutil.copytree(situations / situation, folder)
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
