"""A terminal or a log that knows few characters gets every command's answer, and no case stays open for want of an arrow."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.views.output_encoding import never_fail_on_characters
from tests.conftest import Simulated, copied
from tests.end_to_end.command_line import CommandLine

ALSO = ["drift", "diagnose", "doctor", "reports list", "case list", "window list", "train --help"]


@pytest.fixture
def workspace(simulated: Simulated, tmp_path: Path) -> Iterator[Path]:
    with copied(simulated("none", 2000, 0.5, 1), tmp_path / "größe") as opened:
        yield opened.workspace.root


def ran(folder: Path, encoding: str, *words: str) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "TERM": "dumb"}
    command = [sys.executable, "-P", "-m", "churnops", *words]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False, timeout=120)


def assert_closed(case: dict[str, object]) -> None:
    assert case["status"] not in (None, "partial", "open"), case


@pytest.mark.slow
def test_a_triage_in_ascii_ends_with_its_report(workspace: Path) -> None:
    done = ran(workspace, "ascii", "triage", "--json")
    assert (done.returncode, b"Traceback" in done.stderr) == (0, False), done.stderr
    done.stderr.decode("ascii")
    answer = json.loads(done.stdout.decode("ascii").splitlines()[-1])
    assert_closed(answer)
    assert Path(answer["report"]["path"]).is_file()  # the folder's name is whole, though ASCII lacks one of its letters


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_every_command_answers_in_any_encoding(workspace: Path, encoding: str) -> None:
    for words in ("triage", *ALSO):
        done = ran(workspace, encoding, *words.split())
        assert (done.returncode, b"Traceback" in done.stderr) == (0, False), (words, done.stderr)
        assert done.stdout.decode(encoding)
    (listed,) = json.loads(ran(workspace, encoding, "reports", "list", "--json").stdout.splitlines()[-1])["cases"]
    assert_closed(listed)
    shown = ran(workspace, encoding, "reports", "show", listed["case_id"])
    assert (shown.returncode, shown.stderr) == (0, b"")


def test_what_an_encoding_lacks_is_replaced_by_what_can_be_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii"))
    never_fail_on_characters()
    sys.stdout.write("“größe” ≥ 3 → a–b ± 2… 客 ☂")
    sys.stdout.flush()
    assert written.getvalue() == rb"'gr\xf6\xdfe' >= 3 -> a-b +/- 2... \u5ba2 ?"


def test_a_refusal_in_latin_1_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, churnops: CommandLine) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(written, encoding="latin-1", errors="strict"))
    assert churnops("drift", "--workspace", "客").code == 1
    sys.stderr.flush()
    assert written.getvalue().startswith(rb"churnops: No churnops.toml in ")
    assert rb"\u5ba2" in written.getvalue()
