"""What every test gets: no network, no keys, no telemetry; and a workspace with a champion, made once and copied."""

import fcntl
import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio
import pytest

from agent.setup.new_workspace import set_up_synthetic
from agent.training_by_hand import train_by_hand
from pipeline.record.opened_workspace import Opened, open_workspace
from prompts import policy_text

os.environ["DO_NOT_TRACK"] = "1"
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
CUSTOMERS, SEED = 2500, 11


class Clock:
    """A clock that stands until a test moves it: set `now`, or `advance(hours=25)`."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **span: float) -> None:
        self.now += timedelta(**span)


@pytest.fixture(autouse=True)
def no_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither the keys nor the settings of the machine reach a test, and no connection leaves it."""
    _forget_the_machine(monkeypatch)
    monkeypatch.setenv("ANTHROPIC_CONFIG_DIR", str(tmp_path / "no-anthropic-profile"))
    connect = socket.socket.connect

    def local_only(self: socket.socket, address: object) -> None:
        if self.family != socket.AF_UNIX and not (isinstance(address, tuple) and str(address[0]) in {"127.0.0.1", "::1", "localhost"}):
            raise AssertionError(f"a test reached for the network: {address}")
        connect(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", local_only)


@pytest.fixture(scope="session")
def untrained_workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a workspace around generated customers, before any training. Copy it, never write to it."""
    root = tmp_path_factory.mktemp("untrained")
    set_up_synthetic(root, CUSTOMERS, SEED)
    return root


@pytest.fixture(scope="session")
def champion_workspace(tmp_path_factory: pytest.TempPathFactory, untrained_workspace: Path) -> Path:
    """The folder of a workspace whose champion was trained at `NOON`. Copy it, never write to it."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent  # one training for all processes: the first trains, the others wait for it
    root, made = shared / "champion", shared / "champion-made"
    with (shared / "champion.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            shutil.rmtree(root, ignore_errors=True)
            shutil.copytree(untrained_workspace, root)
            with pytest.MonkeyPatch.context() as patch:
                _forget_the_machine(patch)
                _train(root)
            made.touch()
    return root


@pytest.fixture
def fresh(untrained_workspace: Path, tmp_path: Path) -> Iterator[Opened]:
    """An opened workspace without a champion, the test's own; its clock can be moved."""
    with _copied(untrained_workspace, tmp_path / "fresh") as opened:
        yield opened


@pytest.fixture
def trained(champion_workspace: Path, tmp_path: Path) -> Iterator[Opened]:
    """An opened workspace with a champion, the test's own; its clock can be moved."""
    with _copied(champion_workspace, tmp_path / "trained") as opened:
        yield opened


@contextmanager
def _copied(template: Path, root: Path) -> Iterator[Opened]:
    shutil.copytree(template, root)
    opened = open_workspace(root, policy_text(), Clock())
    try:
        yield opened
    finally:
        opened.state.close()


def _train(root: Path) -> None:
    async def silent(_stage: object) -> None:
        pass

    opened = open_workspace(root, policy_text(), Clock())
    anyio.run(train_by_hand, opened, None, silent)
    opened.state.close()


def _forget_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("ANTHROPIC_", "CHURNOPS_", "AWS_", "GOOGLE_")):
            monkeypatch.delenv(name)
