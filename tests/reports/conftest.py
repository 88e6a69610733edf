"""A workspace in which two challengers wait for a person, both against the same champion."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from agent.training_by_hand import train_by_hand
from pipeline.record.opened_workspace import open_workspace
from prompts import policy_text
from tests.conftest import Clock
from tests.reports.waiting import LATER, Waiting, waiting_in
from tests.tools.once import made_once


@pytest.fixture(scope="session")
def pending_workspace(champion_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of that workspace. Copy it, never write to it."""

    def make(root: Path) -> None:
        shutil.copytree(champion_workspace, root)
        clock = Clock()
        opened = open_workspace(root, policy_text(), clock, "bob <bob@example.org>")
        for threshold in (0.5, 0.4):  # the settings differ, so that the models do
            training = opened.settings.training.model_copy(update={"threshold": threshold})
            settings = opened.settings.model_copy(update={"training": training})
            anyio.run(train_by_hand, replace(opened, settings=settings), "logistic_regression", _silent)
            clock.advance(hours=1)
        opened.state.close()

    return made_once(tmp_path_factory, "pending", make)


@pytest.fixture
def waiting(pending_workspace: Path, tmp_path: Path) -> Iterator[Waiting]:
    """That workspace opened, the test's own, with the ids of its two cases."""
    root = tmp_path / "pending"
    shutil.copytree(pending_workspace, root)
    opened = open_workspace(root, policy_text(), Clock(LATER))
    yield waiting_in(opened)
    opened.state.close()


async def _silent(_stage: object) -> None:
    pass
