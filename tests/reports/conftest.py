"""A workspace in which two challengers wait for a person, both against the same champion."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from agent.training_by_hand import train_by_hand
from tests.conftest import Clock, copied
from tests.end_to_end.command_line import CommandLine
from tests.once import made_once
from tests.reports.waiting import LATER, Waiting, waiting_in


@pytest.fixture(scope="session")
def pending_workspace(champion_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of that workspace. Copy it, never write to it."""

    def make(root: Path) -> None:
        clock = Clock()
        with copied(champion_workspace, root, clock) as opened:
            for threshold in (0.5, 0.4):  # the settings differ, so that the models do
                training = opened.settings.training.model_copy(update={"threshold": threshold})
                settings = opened.settings.model_copy(update={"training": training})
                by_bob = replace(opened, settings=settings, person="bob <bob@example.org>")
                anyio.run(train_by_hand, by_bob, "logistic_regression", _silent)
                clock.advance(hours=1)

    return made_once(tmp_path_factory, "pending", make)


@pytest.fixture
def waiting(pending_workspace: Path, tmp_path: Path) -> Iterator[Waiting]:
    """That workspace opened, the test's own, with the ids of its two cases."""
    with copied(pending_workspace, tmp_path / "pending", Clock(LATER)) as opened:
        yield waiting_in(opened)


@pytest.fixture
def churnops(waiting: Waiting, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """The command line in that workspace, at its time and without a terminal."""
    monkeypatch.setattr("pipeline.clock.utc_now", waiting.opened.clock)
    return CommandLine(waiting.opened.workspace.root, monkeypatch, capsys)


async def _silent(_stage: object) -> None:
    pass
