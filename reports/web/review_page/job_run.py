"""`python -m reports.web.review_page.job_run ROOT LOCK`: one job of the page, under the turn that `churnops watch` takes for its checks.

It holds the turn and the lock for as long as its command runs, and ends that when it is cancelled, told to end, or lost the turn.
"""

import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path

from pipeline.atomic_files import write_atomically
from pipeline.code_folder import CODE
from pipeline.errors import ChurnopsError
from pipeline.state.database import open_state
from pipeline.state.leases import held
from pipeline.workspace.folder import Workspace
from pipeline.workspace.settings import read_settings
from reports.web.review_page.job_process import ABOUT, CANCEL, END, Ended, Started

BUSY = 75  # exit code (EX_TEMPFAIL) where another process works on the workspace
_TURN = "watch"  # the turn of a check
_LOOK_SECONDS = 0.2
_GRACE_SECONDS = 20.0  # a triage writes its partial report in a few; a training ends its child


def run(root: Path, lock: int) -> int:
    """The exit code of the job in the workspace at `root`; `lock` is the descriptor that says it runs, and its command's as well, so that it
    counts as running for as long as any of both lives."""
    folder = Workspace(root).home / "page"
    started = Started.model_validate_json((folder / ABOUT).read_bytes())
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        # In a thread: a handler that sets an event for which its own thread waits may lock up.
        signal.signal(number, lambda *_: threading.Thread(target=stop.set, daemon=True).start())
    code = 1
    try:
        code = _under_its_turn(root, folder, started, stop, lock)
    except ChurnopsError as error:
        sys.stderr.write(f"churnops: {error}\n")  # as the commands say it
    finally:
        write_atomically(folder / END, Ended(job_id=started.job_id, exit_code=code).model_dump_json().encode(), mode=0o600)
    return code


def _under_its_turn(root: Path, folder: Path, started: Started, stop: threading.Event, lock: int) -> int:
    settings = read_settings(Workspace(root).settings_file)
    state = open_state(settings.database_url or Workspace(root).state_db)
    with held(state, _TURN, f"page:{uuid.uuid4().hex}", on_lost=stop.set) as free:
        if not free:
            sys.stderr.write("churnops: Another process works on this workspace, perhaps `churnops watch`. Try again when it is done.\n")
            return BUSY
        command = [sys.executable, "-P", str(CODE / "churnops.py"), *started.job.words, "--workspace", str(root)]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, cwd=root, pass_fds=(lock,), start_new_session=True)
        while process.poll() is None:
            if stop.wait(_LOOK_SECONDS) or _cancelled(folder / CANCEL, started.job_id):
                return _ended(process)
        return process.returncode


def _cancelled(path: Path, job_id: str) -> bool:
    try:
        return path.read_text(encoding="ascii") == job_id
    except (FileNotFoundError, UnicodeDecodeError):
        return False


def _ended(process: "subprocess.Popen[bytes]") -> int:
    """End a command as Ctrl-C does, and by force when that takes too long, which loses nothing."""
    process.send_signal(signal.SIGINT)
    until = time.monotonic() + _GRACE_SECONDS
    while process.poll() is None and time.monotonic() < until:
        time.sleep(_LOOK_SECONDS)
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    return process.wait()


if __name__ == "__main__":
    sys.exit(run(Path(sys.argv[1]), int(sys.argv[2])))
