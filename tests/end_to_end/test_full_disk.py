"""The disk is full while a model is trained, in the process that trains or the one that waits for it: one sentence, nothing left behind, and once there
is room it trains."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.atomic_files import digest_of_folder
from pipeline.record.opened_workspace import Opened, open_workspace
from prompts import policy_text
from reports.decisions.verification import verify
from tests.conftest import Clock
from tests.end_to_end.command_line import CommandLine
from tests.reports.decisions.test_hurt_machine import fill, mounted, told

pytestmark = pytest.mark.slow

# Bytes: too few for the rows that are handed over, for the model, for what is noted of it. How much it all takes differs between machines, so
# only the first must fail.
LEFT = (0, 64 << 10, 128 << 10, 192 << 10)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with mounted(tmp_path / "disk", 256 << 20) as place:
        yield place


def test_a_disk_that_is_full_while_a_model_is_trained(
    champion_workspace: Path, disk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root = disk / "workspace"
    shutil.copytree(champion_workspace, root)
    churnops = CommandLine(root, monkeypatch, capsys)
    champion = json.loads((root / ".churnops" / "champion").read_bytes())["digest"]
    for left in LEFT:
        filler = fill(disk, left)
        said = churnops("train", "--estimator", "logistic_regression")
        filler.unlink()
        if left and said.code == 0:
            return
        assert said.code == 1
        told(said.err)
        assert digest_of_folder(root / ".churnops" / "models" / champion) == champion
        assert not [path for path in (root / ".churnops" / "staging").iterdir() if path.is_dir()]
        opened: Opened = open_workspace(root, policy_text(), Clock())
        assert verify(opened).ok
        opened.state.close()
    assert churnops("train", "--estimator", "logistic_regression").code == 0
