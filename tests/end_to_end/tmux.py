"""A terminal of a given size to type into and to look at: tmux, on a socket of its own."""

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from tests.checkout import ROOT

PATIENCE_SECONDS = 90.0


class Tmux:
    """Runs one command in a terminal; a context manager. `screen` is everything it shows, what has scrolled away included."""

    def __init__(self, socket: Path, command: Sequence[str], width: int, height: int, **environment: str) -> None:
        self._tmux = [shutil.which("tmux") or "tmux", "-S", str(socket), "-f", os.devnull]
        settings = [f"{name}={value}" for name, value in {"TERM": "tmux-256color", **environment}.items()]
        line = ["env", *settings, *command]
        size = ["-x", str(width), "-y", str(height)]
        self._start = [*self._tmux, "new-session", "-d", *size, *line, ";", "set", "remain-on-exit", "on"]
        self.project = ROOT

    def __enter__(self) -> "Tmux":
        subprocess.run(self._start, check=True, cwd=self.project, timeout=30)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        subprocess.run([*self._tmux, "kill-server"], check=False, capture_output=True, timeout=30)

    def type(self, text: str) -> None:
        """Type `text` and Enter."""
        self._send("-l", text)
        self._send("Enter")

    def press(self, key: str) -> None:
        """Press one key, by tmux's name."""
        self._send(key)

    @property
    def screen(self) -> str:
        """What is and was on the screen, without trailing spaces."""
        return self._capture("-S", "-")

    def wait_for(self, text: str, times: int = 1) -> str:
        """The screen once it shows `text`, so many times."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while re.sub(r"\s+", " ", shown := self.screen).count(text) < times:
            assert time.monotonic() < deadline, f"waited in vain for {text!r} on\n{shown}"
            time.sleep(0.02)
        return shown

    def kill(self) -> None:
        """SIGKILL the command."""
        os.kill(int(self._panes("#{pane_pid}")), signal.SIGKILL)
        self.wait_for_end()

    def wait_for_end(self) -> str:
        """The screen once the command has ended."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self._panes("#{pane_dead}") != "1":
            assert time.monotonic() < deadline, f"waited in vain for the end of\n{self.screen}"
            time.sleep(0.05)
        return self.screen

    def _panes(self, wanted: str) -> str:
        found = subprocess.run([*self._tmux, "list-panes", "-F", wanted], check=True, capture_output=True, text=True, timeout=30)
        return found.stdout.strip()

    def _capture(self, *more: str) -> str:
        taken = subprocess.run([*self._tmux, "capture-pane", "-p", *more], check=True, capture_output=True, text=True, timeout=30)
        return "\n".join(line.rstrip() for line in taken.stdout.splitlines()).rstrip()

    def _send(self, *keys: str) -> None:
        subprocess.run([*self._tmux, "send-keys", *keys], check=True, timeout=30)
