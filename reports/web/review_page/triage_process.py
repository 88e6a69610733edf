"""A triage started from the page: `churnops triage` as a process of its own, with the bounds it always has, one at a time.

The process holds a lock on a file for as long as it lives, so every worker of the server sees whether one runs, and a server that was
killed leaves no stale word. Nobody sits at its terminal, so it asks nothing; it cannot approve.
"""

import fcntl
import json
import os
import subprocess
import sys
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pipeline.code_folder import CODE
from pipeline.shown_text import plain
from pipeline.workspace.folder import Workspace

_SCRIPT = CODE / "churnops.py"
_SAID = 300  # characters of an error


@dataclass(frozen=True)
class TriageRun:
    """The newest triage that was started from the page. Ended well it names its `case_id`, else `said` tells why not."""

    running: bool
    started_at: datetime
    case_id: str = ""
    said: str = ""


class TriageProcess:
    """Starts triages of one workspace and knows how the newest went."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._folder = workspace.home / "page"
        self._lock, self._out, self._errors = (self._folder / f"triage.{name}" for name in ("lock", "out", "errors"))

    def start(self) -> bool:
        """Start one; False where one runs already."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = self._locked(fcntl.LOCK_EX)
        if lock is None:
            return False
        os.utime(lock)
        command = [sys.executable, "-P", str(_SCRIPT), "triage", "--operator", "auto", "--json", "--workspace", str(self._workspace.root)]
        try:
            with self._out.open("wb") as out, self._errors.open("wb") as errors:
                process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=errors,
                    cwd=self._workspace.root,
                    pass_fds=(lock,),  # the lock is the child's from here on
                    start_new_session=True,  # Ctrl-C ends the server, not a case half-way
                )
        finally:
            os.close(lock)
        threading.Thread(target=process.wait, daemon=True).start()
        return True

    def newest(self) -> TriageRun | None:
        """How the newest one goes or went; None where none was started."""
        try:
            started = datetime.fromtimestamp(self._lock.stat().st_mtime, UTC)
            lock = self._locked(fcntl.LOCK_SH)  # shared: two who look do not take each other for a triage
        except FileNotFoundError:
            return None
        if lock is None:
            return TriageRun(True, started)
        os.close(lock)
        return _ended(self._out, self._errors, started)

    def _locked(self, how: int) -> int | None:
        handle = os.open(self._lock, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, how | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return None
        return handle


def _ended(out: Path, errors: Path, started: datetime) -> TriageRun:
    try:
        answer = json.loads(out.read_text(encoding="utf-8").splitlines()[-1])
        return TriageRun(False, started, case_id=str(answer["case_id"]))
    except (OSError, ValueError, IndexError, KeyError, TypeError):
        lines = errors.read_text(encoding="utf-8", errors="replace").split("\n") if errors.is_file() else []
        said = next((line for line in reversed(lines) if line.strip()), "it ended without a word")
        return TriageRun(False, started, said=plain(said, _SAID))
