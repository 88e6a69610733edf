"""A workspace whose customers have changed; asynchronous tests run on asyncio, whatever else is installed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.record.opened_workspace import Opened
from tests.conftest import Simulated, copied


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def drifted_workspace(simulated: Simulated) -> Path:
    """The folder of a workspace with a champion and a logged week of a changed market. Copy it, never write to it."""
    return simulated("market_shift", 1500, 0.6, 3)


@pytest.fixture
def drifted(drifted_workspace: Path, tmp_path: Path) -> Iterator[Opened]:
    """An opened workspace with a champion whose logged week is in band `retrain`, the test's own."""
    with copied(drifted_workspace, tmp_path / "drifted") as opened:
        yield opened
