"""A workspace whose customers have changed; asynchronous tests run on asyncio, whatever else is installed."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.record.opened_workspace import Opened, open_workspace
from pipeline.worlds.simulation import simulate
from prompts import policy_text
from tests.conftest import Clock
from tests.tools.once import made_once


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def drifted_workspace(champion_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a workspace with a champion and a logged week of a changed market. Copy it, never write to it."""

    def make(root: Path) -> None:
        shutil.copytree(champion_workspace, root)
        opened = open_workspace(root, policy_text(), Clock())
        simulate(opened, "market_shift", 1500, labelled_share=0.6, seed=3)
        opened.state.close()

    return made_once(tmp_path_factory, "drifted", make)


@pytest.fixture
def drifted(drifted_workspace: Path, tmp_path: Path) -> Iterator[Opened]:
    """An opened workspace with a champion whose logged week is in band `retrain`, the test's own."""
    root = tmp_path / "drifted"
    shutil.copytree(drifted_workspace, root)
    opened = open_workspace(root, policy_text(), Clock())
    yield opened
    opened.state.close()
