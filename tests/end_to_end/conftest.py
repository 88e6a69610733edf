"""A command line in an empty folder."""

from pathlib import Path

import pytest

from tests.end_to_end.command_line import CommandLine


@pytest.fixture
def churnops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    folder = tmp_path / "here"
    folder.mkdir()
    return CommandLine(folder, monkeypatch, capsys)
