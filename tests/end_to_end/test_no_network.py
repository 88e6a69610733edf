"""Nothing leaves the machine while the rulebook works: no name is looked up and no address called, by us or by a library."""

import subprocess
import sys
from pathlib import Path

import pytest

LISTENING = """
import runpy, socket, sys
asked = []
def look_up(host, *rest, **named):
    asked.append(str(host))
    raise socket.gaierror("no network")
socket.getaddrinfo = socket.gethostbyname = look_up
connect = socket.socket.connect
def called(self, address):
    if self.family != socket.AF_UNIX:
        asked.append(str(address))
    return connect(self, address)
socket.socket.connect = called
sys.argv = ["churnops", *sys.argv[1:]]
try:
    runpy.run_module("churnops", run_name="__main__")
finally:
    print("asked for", asked, file=sys.stderr)
"""


@pytest.mark.slow
@pytest.mark.parametrize("command", [("demo",), ("bench", "--seeds", "1", "--kinds", "unit_change", "--severities", "strong")])
def test_a_command_calls_nobody(command: tuple[str, ...], tmp_path: Path) -> None:
    run = subprocess.run([sys.executable, "-c", LISTENING, *command], cwd=tmp_path, capture_output=True, text=True, timeout=600)
    assert run.returncode == 0, run.stderr[-2000:]
    assert run.stderr.strip().splitlines()[-1] == "asked for []"
