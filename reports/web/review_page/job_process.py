"""The job that was started from the page: a command of `churnops` as a process of its own, one at a time, followed by whoever looks.

The process holds a lock on a file for as long as it lives, so every worker of the server sees whether one runs, and a server that was killed
leaves no stale word and no half-done job. It is told to end by a file too: whoever cancels sends no signal to a number that may be another's.
"""

import fcntl
import json
import os
import re
import secrets
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ValidationError

from pipeline.atomic_files import write_atomically
from pipeline.clock import Clock
from pipeline.code_folder import CODE
from pipeline.workspace.folder import Workspace
from reports.web.review_page.jobs import Job

ABOUT, CANCEL, END = "job.json", "job.cancel", "job.end"  # read or written by both sides
_SHOWN_BYTES = 48 << 10  # of what a job printed
_SHOWN_LINES = 300
_COLUMNS = 100
_TRIES, _BETWEEN_TRIES = 5, 0.02  # seconds
_CASE = re.compile(r"[A-Za-z0-9-]{1,64}")


class Started(BaseModel, frozen=True):
    """What the process reads of itself: its job, who started it (empty: the machine's own user), and the name by which it is cancelled."""

    job_id: str
    job: Job
    by: str
    started_at: datetime


class Ended(BaseModel, frozen=True):
    """What the process leaves behind."""

    job_id: str
    exit_code: int


@dataclass(frozen=True)
class JobRun:
    """How the newest job goes or went. `exit_code` is None while it runs, and where it was cut off; `text` is what it printed for people."""

    started: Started
    running: bool
    cancelled: bool
    exit_code: int | None
    case_id: str
    text: str


class JobProcess:
    """Starts jobs of one workspace, cancels them, and knows how the newest went. Its files lie in `.churnops/page/`."""

    def __init__(self, workspace: Workspace, clock: Clock) -> None:
        self._workspace = workspace
        self._clock = clock
        self._folder = workspace.home / "page"
        self._about = self._folder / ABOUT
        self._files = {name: self._folder / f"job.{name}" for name in ("lock", "out", "errors")}

    def start(self, job: Job, by: str) -> bool:
        """Start one in the name of `by`; False where one runs already."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = self._turn()
        if lock is None:
            return False
        try:
            started = Started(job_id=secrets.token_hex(8), job=job, by=by, started_at=self._clock())
            write_atomically(self._about, started.model_dump_json().encode(), mode=0o600)
            command = [sys.executable, "-P", "-m", "reports.web.review_page.job_run", str(self._workspace.root), str(lock)]
            with self._files["out"].open("wb") as out, self._files["errors"].open("wb") as errors:
                process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=errors,
                    cwd=CODE,
                    env=environment(by),
                    pass_fds=(lock,),  # the lock is the child's from here on
                    start_new_session=True,  # Ctrl-C ends the server, not a job half-way
                )
        finally:
            os.close(lock)
        threading.Thread(target=process.wait, daemon=True).start()
        return True

    def cancel(self, job_id: str) -> None:
        """Ask the job of this name to end; another one, or one that has ended, is left alone."""
        newest = self.newest()
        if newest is not None and newest.running and newest.started.job_id == job_id:
            write_atomically(self._folder / CANCEL, job_id.encode(), mode=0o600)

    def newest(self) -> JobRun | None:
        """How the newest one goes or went; None where none was started."""
        try:
            lock = self._locked(fcntl.LOCK_SH)  # shared: two who look do not take each other for a job
            if lock is not None:
                os.close(lock)
            started = Started.model_validate_json(self._about.read_bytes())
        except (FileNotFoundError, ValidationError):
            return None
        running = lock is None
        return JobRun(
            started=started,
            running=running,
            cancelled=_text(self._folder / CANCEL) == started.job_id,
            exit_code=None if running else _exit_code(self._folder / END, started.job_id),
            case_id="" if running else _case_id(_text(self._files["out"])),
            text="\n".join(line.rstrip() for line in _text(self._files["errors"]).splitlines()[-_SHOWN_LINES:]).strip("\n"),
        )

    def _locked(self, how: int) -> int | None:
        handle = os.open(self._files["lock"], os.O_RDWR | (os.O_CREAT if how == fcntl.LOCK_EX else 0), 0o600)
        try:
            fcntl.flock(handle, how | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return None
        return handle

    def _turn(self) -> int | None:
        """The lock of a new job. Whoever looks holds it for a moment, so it is asked for a few times."""
        for _ in range(_TRIES):
            lock = self._locked(fcntl.LOCK_EX)
            if lock is not None:
                return lock
            time.sleep(_BETWEEN_TRIES)
        return None


def environment(by: str) -> dict[str, str]:
    """The server's variables; `by` works as the person the command asks the machine for, and what is printed is plain text."""
    named = {"LOGNAME": by, "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "user.email", "GIT_CONFIG_VALUE_0": ""} if by else {}
    plain = {"NO_COLOR": "1", "TERM": "dumb", "COLUMNS": str(_COLUMNS), "PYTHONUNBUFFERED": "1"}
    path = os.pathsep.join(filter(None, (str(CODE), os.environ.get("PYTHONPATH"))))
    return {**os.environ, **named, **plain, "PYTHONPATH": path}


def _text(path: Path) -> str:
    """The end of a file's text; empty where there is none."""
    try:
        with path.open("rb") as stream:
            stream.seek(max(0, path.stat().st_size - _SHOWN_BYTES))
            return stream.read().decode("utf-8", errors="replace")
    except FileNotFoundError:
        return ""


def _exit_code(path: Path, job_id: str) -> int | None:
    try:
        ended = Ended.model_validate_json(path.read_bytes())
    except (FileNotFoundError, ValidationError):
        return None
    return ended.exit_code if ended.job_id == job_id else None


def _case_id(printed: str) -> str:
    """The case that a command's JSON names, in itself or as its `case`."""
    try:
        answer = json.loads(printed.splitlines()[-1])
        found = answer.get("case_id") or (answer.get("case") or {}).get("case_id") or ""
    except (ValueError, IndexError, AttributeError):
        return ""
    return found if isinstance(found, str) and _CASE.fullmatch(found) else ""
