"""The blocks of README and docs that are marked `run`, run as a reader would run them: page by page, in one folder, in their order."""

import json
import os
import shlex
import shutil
import subprocess
import sys
from itertools import groupby
from pathlib import Path

import pytest

from tests.conftest import Simulated
from tests.docs.blocks import Block, blocks
from tests.reports.decisions.test_approval_terminal import at_a_terminal

pytestmark = pytest.mark.slow

PATIENCE_SECONDS = 900
TYPES = "run: a person types: "
STORIES = {page: [*told] for page, told in groupby((block for block in blocks() if block.mark.startswith("run")), lambda block: block.page)}


def room(name: str, folder: Path, champion_workspace: Path, simulated: Simulated) -> None:
    """Make of `folder` what the first mark of a page says it is."""
    if name == "in a workspace with a champion":
        shutil.copytree(champion_workspace, folder)
    elif name in {"in a simulated week", "in a workspace with a challenger"}:
        shutil.copytree(simulated("market_shift", 2000, 0.5, 1), folder)
        if name.endswith("challenger"):
            answered("triage", "--operator", "rulebook", folder=folder)
    else:
        assert name in {"in an empty folder", "beside the source"}
        folder.mkdir()


def answered(*words: str, folder: Path) -> str:
    ran = subprocess.run(["churnops", *words], cwd=folder, capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL)
    return ran.stdout


def run_shell(block: Block, folder: Path) -> None:
    text = block.text
    if "CASE" in text:
        text = text.replace(
            "CASE", json.loads(answered("reports", "list", "--json", folder=folder).splitlines()[-1])["cases"][0]["case_id"]
        )
    command = ["bash", "-euo", "pipefail", "-c", text]
    if not block.mark.startswith(TYPES):
        ran = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, timeout=PATIENCE_SECONDS
        )
        assert ran.returncode == 0, f"{block}\n{ran.stdout}\n{ran.stderr}"
        return
    ended = at_a_terminal(["bash", "-euc", f"cd {shlex.quote(str(folder))}\n{text}"], {"to confirm": block.mark.removeprefix(TYPES)})
    assert ended.code == 0, ended.shown


@pytest.mark.parametrize("page", STORIES)
def test_a_page_runs_as_it_is_written(
    page: str, tmp_path: Path, champion_workspace: Path, simulated: Simulated, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("CHURNOPS_TRAINING__ESTIMATOR", "logistic_regression")  # the quickest: what is tried is the page, not the model
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    first, *_ = told = STORIES[page]
    where = first.mark.removeprefix("run: ").removeprefix("python ")
    folder = tmp_path / "reader"
    room(where, folder, champion_workspace, simulated)
    programs = [block.text for block in told if block.language == "python"]
    if programs:
        ran = subprocess.run(
            [sys.executable, "-c", "\n".join(programs)], cwd=folder, capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS
        )
        assert ran.returncode == 0, ran.stderr
    for block in told:
        if block.language != "python":
            run_shell(block, folder)
