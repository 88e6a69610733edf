"""Signed-in browsers at the review page."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.record.opened_workspace import Opened, open_workspace
from prompts import policy_text
from tests.conftest import Clock
from tests.reports.waiting import Waiting
from tests.reports.web.review_page.browser import Browser


@pytest.fixture
def reviewer(waiting: Waiting) -> Browser:
    """At a workspace in which two challengers wait."""
    return Browser(waiting.opened).sign_in()


@pytest.fixture
def visitor(trained: Opened) -> Browser:
    """At a workspace with a champion and no case."""
    return Browser(trained).sign_in()


@pytest.fixture(scope="module")
def reader(champion_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """At a workspace that a module's tests share: each looks at a case of its own."""
    root = tmp_path_factory.mktemp("shared") / "workspace"
    shutil.copytree(champion_workspace, root)
    opened = open_workspace(root, policy_text(), Clock())
    yield Browser(opened).sign_in()
    opened.state.close()
