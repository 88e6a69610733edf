"""What a whole process costs: wall and CPU seconds, and memory at its peak."""

import json
import os
import platform
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

LIMIT_SECONDS = 3600


@dataclass(frozen=True)
class Cost:
    """Medians of the runs of one process: wall and CPU seconds, peak memory in MB, and the columns it called drifted."""

    runs: int
    wall_s: float
    cpu_s: float
    rss_mb: float
    drifted: int | None


def measure(command: list[str], drifted: Callable[[str], int | None] = lambda said: json.loads(said.split()[-1])) -> Cost | str:
    """Run one process; what it cost, or the last line of what it said when it failed. `drifted` reads its output."""
    environment = {**os.environ, "DO_NOT_TRACK": "1", "NML_DISABLE_USAGE_LOGGING": "1", "PYTHONWARNINGS": "ignore"}
    began = time.monotonic()
    with TemporaryDirectory() as folder, (Path(folder) / "out").open("w+") as out, (Path(folder) / "err").open("w+") as err:
        child = subprocess.Popen(command, stdout=out, stderr=err, env=environment, cwd=Path(__file__).parent.parent)
        while True:
            pid, status, used = os.wait4(child.pid, os.WNOHANG)
            if pid:
                break
            if time.monotonic() - began > LIMIT_SECONDS:
                child.kill()
                os.wait4(child.pid, 0)
                return f"not done after {LIMIT_SECONDS} s"
            time.sleep(0.005)
        wall = time.monotonic() - began
        for stream in (out, err):
            stream.seek(0)
        said, complaint = out.read(), err.read().strip().splitlines()
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        return f"failed ({child.returncode}): {complaint[-1] if complaint else 'no word'}"
    return Cost(1, wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, drifted(said))


def medians(runs: list[Cost]) -> Cost:
    """Several runs of one process as one."""
    return Cost(len(runs), *(median(getattr(run, part) for run in runs) for part in ("wall_s", "cpu_s", "rss_mb")), runs[0].drifted)


def machine() -> dict[str, object]:
    """Where the figures come from."""
    return {"cpus": os.cpu_count(), "system": platform.system(), "load": round(os.getloadavg()[0], 1)}
