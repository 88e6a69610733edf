"""What every test gets: no network, no keys, no telemetry; and a workspace with a champion, made once and copied."""

import os
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio
import pytest
from hypothesis import settings

from agent.setup.new_workspace import set_up_synthetic
from agent.training_by_hand import train_by_hand
from pipeline.intake.windows import logged_window
from pipeline.record.champion import open_champion
from pipeline.record.opened_workspace import Opened, open_workspace
from pipeline.windows.baseline import baseline_of
from pipeline.worlds.simulation import simulate
from prompts import policy_text
from tests.once import made_once

os.environ["DO_NOT_TRACK"] = "1"
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"

# pytest --hypothesis-profile=long: thirty times as many examples of each property
# How long an example takes is a matter of what else the machine does.
settings.register_profile("default", deadline=None)
settings.load_profile("default")
settings.register_profile("long", max_examples=3_000)

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
CUSTOMERS, SEED = 2500, 11

Simulated = Callable[[str, int, float, int], Path]


class Clock:
    """A clock that stands until a test moves it: set `now`, or `advance(hours=25)`."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **span: float) -> None:
        self.now += timedelta(**span)


@pytest.fixture(autouse=True)
def no_outside(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Neither the keys nor the settings of the machine reach a test, and no connection leaves it."""
    _forget_the_machine(monkeypatch)
    # No `tmp_path`: to make one looks through those of all tests before, and three tests of five need none.
    monkeypatch.setenv("ANTHROPIC_CONFIG_DIR", str(tmp_path_factory.getbasetemp() / "no-anthropic-profile"))
    connect = socket.socket.connect

    def local_only(self: socket.socket, address: object) -> None:
        if self.family != socket.AF_UNIX and not (isinstance(address, tuple) and str(address[0]) in {"127.0.0.1", "::1", "localhost"}):
            raise AssertionError(f"a test reached for the network: {address}")
        connect(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", local_only)


@pytest.fixture(scope="session")
def untrained_workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a workspace around generated customers, before any training. Copy it, never write to it."""

    def make(root: Path) -> None:
        root.mkdir()
        set_up_synthetic(root, CUSTOMERS, SEED)

    return made_once(tmp_path_factory, "untrained", make)


@pytest.fixture(scope="session")
def champion_workspace(tmp_path_factory: pytest.TempPathFactory, untrained_workspace: Path) -> Path:
    """The folder of a workspace whose champion was trained at `NOON`. Copy it, never write to it."""

    def make(root: Path) -> None:
        with pytest.MonkeyPatch.context() as patch, copied(untrained_workspace, root) as opened:
            _forget_the_machine(patch)
            anyio.run(train_by_hand, opened, None, _silent)

    return made_once(tmp_path_factory, "champion", make)


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory, champion_workspace: Path) -> Simulated:
    """The folder of a workspace with a champion and a simulated week, by scenario, rows, labelled share and seed. Copy it, never write to it.
    The days of the week are counted already, as a first look at them leaves them: that is most of what a drift summary costs."""

    def folder(scenario: str, rows: int, labelled_share: float, seed: int) -> Path:
        def make(root: Path) -> None:
            with copied(champion_workspace, root) as opened:
                simulate(opened, scenario, rows, labelled_share=labelled_share, seed=seed)
                champion, artifact = open_champion(opened)
                logged_window(opened, champion, baseline_of(artifact))

        return made_once(tmp_path_factory, f"{scenario}-{rows}-{labelled_share}-{seed}", make)

    return folder


@pytest.fixture
def fresh(untrained_workspace: Path, tmp_path: Path) -> Iterator[Opened]:
    """An opened workspace without a champion, the test's own; its clock can be moved."""
    with copied(untrained_workspace, tmp_path / "fresh") as opened:
        yield opened


@pytest.fixture
def trained(champion_workspace: Path, tmp_path: Path) -> Iterator[Opened]:
    """An opened workspace with a champion, the test's own; its clock can be moved."""
    with copied(champion_workspace, tmp_path / "trained") as opened:
        yield opened


@contextmanager
def copied(template: Path, root: Path, clock: Clock | None = None) -> Iterator[Opened]:
    """A workspace opened in `root`, a copy of the one in `template`; its clock stands at `NOON` unless another is given."""
    shutil.copytree(template, root)
    opened = open_workspace(root, policy_text(), clock or Clock())
    try:
        yield opened
    finally:
        opened.state.close()


async def _silent(_stage: object) -> None:
    pass


def _forget_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("ANTHROPIC_", "CHURNOPS_", "AWS_", "GOOGLE_")):
            monkeypatch.delenv(name)
