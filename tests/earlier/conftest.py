"""The workspace that version 0.1.0 left behind, a copy for each test, and a command line in it."""

import shutil
import tarfile
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import pytest

from pipeline.errors import IntegrityError
from pipeline.models.artifact import Artifact
from pipeline.models.library_versions import check_versions
from pipeline.record.champion import open_champion
from pipeline.record.opened_workspace import Opened, open_workspace
from prompts import policy_text
from tests.conftest import Clock
from tests.end_to_end.command_line import CommandLine

ARCHIVE = Path(__file__).parent / "workspace-0.1.0.tar.xz"
THE_DAY_AFTER = datetime(2026, 10, 16, 12, tzinfo=UTC)


@pytest.fixture(scope="session")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the workspace. Copy it, never write to it."""
    folder = tmp_path_factory.mktemp("earlier")
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(folder, filter="data")
    return folder / "churn"


@pytest.fixture
def earlier(unpacked: Path, tmp_path: Path) -> Iterator[Opened]:
    """The workspace, opened by today's code; the test's own."""
    root = tmp_path / "moved"
    shutil.copytree(unpacked, root)
    opened = open_workspace(root, policy_text(), Clock(THE_DAY_AFTER))
    yield opened
    opened.state.close()


@pytest.fixture
def churnops(earlier: Opened, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    monkeypatch.setattr("pipeline.clock.utc_now", earlier.clock)
    return CommandLine(earlier.workspace.root, monkeypatch, capsys)


@pytest.fixture
def champion(earlier: Opened) -> Artifact:
    """The champion, the recalibrated adopted model; a test that loads it is skipped under another scikit-learn than fitted it."""
    _, artifact = open_champion(earlier)
    try:
        check_versions(artifact.manifest.versions)
    except IntegrityError:
        pytest.skip(f"scikit-learn {version('scikit-learn')} cannot load what {artifact.manifest.versions['scikit-learn']} fitted")
    return artifact
