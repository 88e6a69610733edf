"""The folder a churn model lives in, and where everything in it lies."""

import os
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import WorkspaceError
from pipeline.workspace.shared_files import SharedFiles

SETTINGS_FILE = "churnops.toml"


class _Below:
    """A path below the workspace's folder."""

    def __init__(self, *parts: str) -> None:
        self._parts = parts

    def __get__(self, workspace: "Workspace", _: object) -> Path:
        return workspace.root.joinpath(*self._parts)


@dataclass(frozen=True)
class Workspace:
    """Paths of one workspace. Nothing is created by asking for a path. `shared`: where `artifact_url` is set, what hosts without a common disk
    share; models, reports and transcripts in the folder are then copies."""

    root: Path
    shared: SharedFiles | None = None

    settings_file = _Below(SETTINGS_FILE)
    home = _Below(".churnops")
    state_db = _Below(".churnops", "state.db")
    ledger_mirror = _Below(".churnops", "ledger.jsonl")
    mlflow_db = _Below(".churnops", "mlflow.db")
    mlflow_mirrored = _Below(".churnops", "mlflow.mirrored")
    models = _Below(".churnops", "models")
    staging = _Below(".churnops", "staging")
    champion_pointer = _Below(".churnops", "champion")
    reports = _Below(".churnops", "reports")
    comparisons = _Below(".churnops", "comparisons")
    explanations = _Below(".churnops", "explanations")
    transcripts = _Below(".churnops", "transcripts")
    profiles = _Below(".churnops", "profiles")
    ack_key = _Below(".churnops", "ack_key")
    review_mark = _Below(".churnops", "review_copy.json")

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
