"""The folder a churn model lives in, and where everything in it lies."""

import os
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import WorkspaceError

SETTINGS_FILE = "churnops.toml"


@dataclass(frozen=True)
class Workspace:
    """Paths of one workspace. Nothing is created by asking for a path."""

    root: Path

    @property
    def settings_file(self) -> Path:
        return self.root / SETTINGS_FILE

    @property
    def home(self) -> Path:
        return self.root / ".churnops"

    @property
    def state_db(self) -> Path:
        return self.home / "state.db"

    @property
    def ledger_mirror(self) -> Path:
        return self.home / "ledger.jsonl"

    @property
    def mlflow_db(self) -> Path:
        return self.home / "mlflow.db"

    @property
    def mlflow_mirrored(self) -> Path:
        return self.home / "mlflow.mirrored"

    @property
    def models(self) -> Path:
        return self.home / "models"

    @property
    def staging(self) -> Path:
        return self.home / "staging"

    @property
    def champion_pointer(self) -> Path:
        return self.home / "champion"

    @property
    def reports(self) -> Path:
        return self.home / "reports"

    @property
    def transcripts(self) -> Path:
        return self.home / "transcripts"

    @property
    def profiles(self) -> Path:
        return self.home / "profiles"

    def require_writable(self) -> None:
        """Fail early, before anything has been computed.

        Raises:
            WorkspaceError: the workspace's folder cannot be written.
        """
        for folder in (self.root, self.home):
            if folder.exists() and not os.access(folder, os.W_OK):
                raise WorkspaceError(f"The workspace {folder} is read-only.", "Give your user write access to it, or copy it elsewhere.")


def find_workspace(start: Path) -> Workspace:
    """The workspace `start` lies in: the nearest folder upwards that holds `churnops.toml`.

    Raises:
        WorkspaceError: there is none.
    """
    folder = start.resolve()
    for candidate in (folder, *folder.parents):
        if (candidate / SETTINGS_FILE).is_file():
            return Workspace(candidate)
    raise WorkspaceError(
        f"No {SETTINGS_FILE} in {folder} or above it.",
        "Run `churnops init --data FILE --target COLUMN` there, or `churnops demo` to see one at work.",
    )
