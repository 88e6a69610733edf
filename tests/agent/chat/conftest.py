"""A workspace whose customers behave differently than they did, so that there is something to talk about and to train on."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.record.opened_workspace import Opened, open_workspace
from pipeline.worlds.simulation import simulate
from prompts import policy_text
from tests.conftest import Clock
from tests.tools.once import made_once


@pytest.fixture(scope="session")
def changed_workspace(champion_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a workspace with a champion and a week of changed behaviour. Copy it, never write to it."""

    def make(root: Path) -> None:
        shutil.copytree(champion_workspace, root)
        opened = open_workspace(root, policy_text(), Clock())
        simulate(opened, "behaviour_change", 900, labelled_share=0.8, seed=4)
        opened.state.close()

    return made_once(tmp_path_factory, "changed", make)


@pytest.fixture
def changed(changed_workspace: Path, tmp_path: Path) -> Iterator[Opened]:
    """That workspace, the test's own."""
    root = tmp_path / "changed"
    shutil.copytree(changed_workspace, root)
    opened = open_workspace(root, policy_text(), Clock())
    yield opened
    opened.state.close()
