"""A workspace in which two challengers wait for a person: one from a triage, one trained by hand, both against the same champion."""

import shutil
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import anyio
import pytest

from agent.operators.rulebook import Rulebook
from agent.training_run import train_by_hand
from agent.triage import triage
from pipeline.opened import Opened, open_workspace
from pipeline.windows import logged_window
from prompts import policy_text
from tests.conftest import NOON, Clock
from tests.reports.waiting import Waiting
from tests.tools.conftest import drifted_workspace  # noqa: F401 — a fixture
from tests.tools.once import made_once


@pytest.fixture(scope="session")
def pending_workspace(drifted_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:  # noqa: F811
    """The folder of that workspace. Copy it, never write to it."""

    def make(root: Path) -> None:
        shutil.copytree(drifted_workspace, root)
        clock = Clock()
        opened = open_workspace(root, policy_text(), clock)
        outcome = anyio.run(triage, opened, partial(logged_window, opened), Rulebook(opened.policy), None, lambda _: None)
        assert outcome.status == "pending_approval"
        clock.advance(hours=1)
        anyio.run(train_by_hand, opened, "logistic_regression", _silent)
        opened.state.close()

    return made_once(tmp_path_factory, "pending", make)


@pytest.fixture
def waiting(pending_workspace: Path, tmp_path: Path) -> Iterator[Waiting]:
    """That workspace opened, the test's own, with the ids of its two cases."""
    root = tmp_path / "pending"
    shutil.copytree(pending_workspace, root)
    opened = open_workspace(root, policy_text(), Clock(NOON + timedelta(hours=2)))
    yield waiting_in(opened)
    opened.state.close()


def waiting_in(opened: Opened) -> Waiting:
    """The two cases by how they came about."""
    ids = {case.kind: case.case_id for case in opened.cases.all()}
    return Waiting(opened, triaged=ids["triage"], by_hand=ids["manual"])


async def _silent(_stage: object) -> None:
    pass
