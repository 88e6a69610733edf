"""A full disk, a file system that cannot be written and a clock that jumps: a command has happened or not, says why not, and nothing is lost."""

import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from pipeline.atomic_files import digest_of_folder
from pipeline.record.opened_workspace import open_workspace
from prompts import policy_text
from reports.decisions.recovery import recover
from reports.decisions.verification import verify
from tests.conftest import Clock
from tests.reports.decisions.test_killed import ACTS, Commands, _open, _serving, act, commands, template
from tests.reports.waiting import LATER, Waiting, approve_case

__all__ = ["act", "commands", "template"]  # fixtures

pytestmark = pytest.mark.slow

# Bytes left on the disk: none, a page of the database, and so on to where most of what a command writes fits.
LEFT = (0, 4 << 10, 24 << 10, 64 << 10, 160 << 10, 400 << 10)


@contextmanager
def mounted(place: Path, size: int) -> Iterator[Path]:
    """A file system of its own, of so many bytes."""
    place.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)], capture_output=True, text=True)
    if made.returncode:
        pytest.skip(f"no file system can be mounted here: {made.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(disk: Path, left: int) -> Path:
    """A file that leaves so many bytes free."""
    filler = disk / "filler"
    with filler.open("wb") as stream:
        stat = os.statvfs(disk)
        os.posix_fallocate(stream.fileno(), 0, max(1, stat.f_bavail * stat.f_frsize - left))
    return filler


def told(said: str) -> None:
    """One sentence, with what to do about it."""
    assert "Traceback" not in said, said
    assert any(word in said.lower() for word in ("space", "full", "make room", "cannot be written", "read-only", "i/o error")), said


@pytest.mark.parametrize("places", [LEFT[1::3], pytest.param(LEFT, marks=pytest.mark.soak)], ids=["some", "all"])
def test_a_disk_that_fills_at_any_write(act: str, template: Path, tmp_path: Path, commands: Commands, places: tuple[int, ...]) -> None:
    wanted = ACTS[act]
    whole = tmp_path / "whole"
    shutil.copytree(template, whole)
    before = _open(template)
    arguments, old, rows_before = wanted.arguments(before), _serving(before), Counter(row.kind for row in before.ledger.entries())
    before.state.close()
    assert commands.give(whole, arguments, 0)[0] == 0  # what a training makes is kept for the next ones
    ended: Counter[str] = Counter()
    for left in places:
        with mounted(tmp_path / f"disk-{left}", 256 << 20) as disk:
            root = disk / "workspace"
            shutil.copytree(template, root)
            filler = fill(disk, left)
            code, said, _ = commands.give(root, arguments, 0)
            if code:
                told(said)
            filler.unlink()
            opened = _open(root)
            recover(opened)
            assert verify(opened).ok, (left, verify(opened).problems)
            happened = wanted.happened(opened)
            ended[f"{'happened' if happened else 'not'}, code {code}"] += 1
            assert happened or code, (left, said)
            if not happened:
                assert _serving(opened) == old
                code, said, _ = commands.give(root, arguments, 0)
                assert code == 0, (left, said)
            assert wanted.happened(opened), left
            rows = Counter(row.kind for row in opened.ledger.entries())
            assert {kind: rows[kind] - rows_before[kind] for kind in wanted.rows} == wanted.rows, left
            assert verify(opened).ok, (left, verify(opened).problems)
            opened.state.close()
    assert any(outcome.startswith("not") for outcome in ended), ended


def test_a_file_system_that_cannot_be_written(act: str, template: Path, tmp_path: Path, commands: Commands) -> None:
    with mounted(tmp_path / "disk", 256 << 20) as disk:
        root = disk / "workspace"
        shutil.copytree(template, root)
        opened = _open(root)
        arguments = ACTS[act].arguments(opened)
        opened.state.close()
        before = digest_of_folder(root)
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        code, said, _ = commands.give(root, arguments, 0)
        assert code == 1, said
        told(said)
        assert digest_of_folder(root) == before


@pytest.mark.parametrize("jump", [timedelta(days=-400), timedelta(days=400)], ids=["back", "ahead"])
def test_a_clock_that_jumps_while_a_challenger_waits(waiting: Waiting, jump: timedelta) -> None:
    """What is on record stays in its order and verifies, whatever the clock says, and once it is right again the approval goes on."""
    serving, rows = _serving(waiting.opened), waiting.opened.ledger.lines()
    root = waiting.opened.workspace.root
    jumped = open_workspace(root, policy_text(), Clock(LATER + jump))
    recover(jumped)
    assert verify(jumped).ok, verify(jumped).problems
    assert jumped.ledger.lines()[: len(rows)] == rows
    assert _serving(jumped) == serving
    assert jumped.cases.get(waiting.ours).status == "pending_approval"
    jumped.state.close()
    right = open_workspace(root, policy_text(), Clock(LATER))
    assert approve_case(right, waiting.ours).digest == right.cases.get(waiting.ours).challenger.digest  # type: ignore[union-attr]
    assert verify(right).ok
    right.state.close()
