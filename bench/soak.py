"""Serving and watching at once for a long time, while every process is killed again and again: what is lost, and how memory goes.

    python bench/soak.py                   ten minutes
    python bench/soak.py --minutes 30

`churnops serve` answers 200 customers a second, 50 in each request, and `churnops watch` checks every minute. In the first half one of the
server, its worker and the watch is killed (SIGKILL) every 20 seconds, or when it answers again, and begun anew; the second half is left alone, and there memory is
measured: the resident set of the worker and of the watch at the beginning and at the end. An answer that came is acknowledged: each of
its rows has to be in the log, once. Results: bench/results/soak.json.
"""

import argparse
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import anyio  # noqa: E402
import tomlkit  # noqa: E402
from sqlalchemy import select  # noqa: E402

from agent.setup.new_workspace import set_up_synthetic  # noqa: E402
from agent.training_by_hand import train_by_hand  # noqa: E402
from pipeline.clock import utc_now  # noqa: E402
from pipeline.intake.reference import load_split  # noqa: E402
from pipeline.record.opened_workspace import Opened, open_workspace  # noqa: E402
from pipeline.state.checks import checks_between  # noqa: E402
from pipeline.state.database import predictions  # noqa: E402
from prompts import policy_text  # noqa: E402
from reports.decisions.verification import verify  # noqa: E402

RESULTS = ROOT / "bench" / "results" / "soak.json"
CHURNOPS = [sys.executable, "-m", "churnops"]
A_SECOND, TOGETHER, KILL_EVERY = 200, 50, 20.0
_MB = 1 << 20


@dataclass
class Sent:
    """What the clients sent: ids whose answer came, rows without one, and the statuses of the requests."""

    acknowledged: list[str] = field(default_factory=list)
    unanswered: int = 0
    statuses: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Soaked:
    """The figures. Rates are of acknowledged rows; memory is resident, in MB, at the beginning and end of the half without kills."""

    minutes: float
    rows_a_second: float
    rows_a_second_without_kills: float
    acknowledged: int
    lost: int
    doubled: int
    unanswered: int
    kills: dict[str, int]
    checks: int
    checks_failed: int
    verifies: bool
    worker_mb: tuple[float, float]
    watch_mb: tuple[float, float]
    statuses: dict[str, int]


class Kept:
    """A process that is begun anew whenever it is gone."""

    def __init__(self, begin: Callable[[], "subprocess.Popen[bytes]"]) -> None:
        self._begin, self.process, self._ended = begin, begin(), threading.Event()
        self._thread = threading.Thread(target=self._keep, daemon=True)
        self._thread.start()

    def end(self) -> None:
        """In order."""
        self._ended.set()
        self._thread.join()
        self.process.terminate()
        self.process.wait(60)

    def _keep(self) -> None:
        while not self._ended.wait(0.2):
            if self.process.poll() is not None:
                self.process = self._begin()


def workspace(folder: Path) -> Opened:
    """One with a champion, which is checked every minute."""
    made, _ = set_up_synthetic(folder, 4_000, 7)
    settings = tomlkit.parse(made.settings_file.read_text(encoding="utf-8"))
    for section, key, value in (("training", "estimator", "logistic_regression"), ("watch", "every", "1min")):
        settings.setdefault(section, tomlkit.table())[key] = value
    made.settings_file.write_text(tomlkit.dumps(settings), encoding="utf-8")
    opened = open_workspace(folder, policy_text(), utc_now, "soak")
    anyio.run(train_by_hand, opened, None, _silent)
    return opened


async def _silent(progress: object) -> None:
    """Nobody watches the training."""


def customers(opened: Opened) -> list[dict[str, Any]]:
    """Customers as a request has them: those of the test set."""
    columns = opened.settings.data.columns
    rows = load_split(opened).test[list(columns.features)].astype(object)
    return [dict(row) for row in rows.where(rows.notna(), None).to_dict("records")]


def send(port: int, known: list[dict[str, Any]], until: float, sent: Sent, number: int) -> None:
    """One client: so many customers at a time, at its share of the rate, by whatever answers on the port."""
    chance, despite, asked = random.Random(number), [""], 0
    due = time.monotonic()
    while (now := time.monotonic()) < until:
        time.sleep(max(0.0, due - now))
        due = max(due + 2 * TOGETHER / A_SECOND, time.monotonic() - 1.0)  # what a kill held up is made up for, in part
        ids = [f"{number}-{asked}-{place}" for place in range(TOGETHER)]
        asked += 1
        body = json.dumps({"customers": [{**chance.choice(known), "customerID": id_} for id_ in ids]}).encode()
        asking = Request(f"http://127.0.0.1:{port}/predict/batch{despite[0]}", body, {"Content-Type": "application/json"})
        try:
            with urlopen(asking, timeout=30) as answer:
                answer.read()
            sent.acknowledged += ids
            sent.statuses["200"] += 1
        except HTTPError as error:
            sent.statuses[str(error.code)] += 1
            sent.unanswered += len(ids)
            if error.code == 409:  # a case keeps lists back; whoever sends goes on all the same
                despite[0] = "?" + "&".join(f"despite={case}" for case in json.loads(error.read())["cases"])
        except OSError as error:
            sent.statuses[type(error).__name__] += 1
            sent.unanswered += len(ids)


def children(pid: int) -> list[int]:
    """Its child processes."""
    with suppress(OSError):
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def memory(pid: int) -> float:
    """Resident set in MB; 0 where the process is gone."""
    with suppress(OSError):
        found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
        return int(found[1]) * 1024 / _MB if found else 0.0
    return 0.0


def worker_of(server: "subprocess.Popen[bytes]") -> int:
    """The process that answers: the largest of the server's."""
    return max(children(server.pid), key=memory, default=server.pid)


def kill_some(server: Kept, watch: Kept, port: int, until: float, chance: random.Random) -> Counter[str]:
    """Kill one of them every so often, once what was begun anew answers."""
    kills: Counter[str] = Counter()
    while time.monotonic() + KILL_EVERY < until:
        time.sleep(KILL_EVERY)
        _wait_for(port)
        what = chance.choice(["server", "worker", "watch"])
        pid = {"server": server.process.pid, "worker": worker_of(server.process), "watch": watch.process.pid}[what]
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            kills[what] += 1
    return kills


def soaked(minutes: float) -> Soaked:
    """Both halves, and what is in the log after them."""
    with tempfile.TemporaryDirectory(prefix="soak-") as folder, socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
        free.close()
        opened, quiet = workspace(Path(folder)), {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        began = utc_now()
        server = Kept(lambda: subprocess.Popen([*CHURNOPS, "serve", "--port", str(port), "-w", folder], **quiet))
        watch = Kept(lambda: subprocess.Popen([*CHURNOPS, "watch", folder], **quiet))
        _wait_for(port)
        start = time.monotonic()
        half, end, sent, known = start + 30 * minutes, start + 60 * minutes, Sent(), customers(opened)
        clients = [threading.Thread(target=send, args=(port, known, end, sent, number), daemon=True) for number in (1, 2)]
        for client in clients:
            client.start()
        kills = kill_some(server, watch, port, half, random.Random(1))
        _wait_for(port)
        time.sleep(min(70, 6 * minutes))  # what was begun anew has checked once
        pids, at, before = (worker_of(server.process), watch.process.pid), time.monotonic(), len(sent.acknowledged)
        first = [memory(pid) for pid in pids]
        for client in clients:
            client.join()
        last, calm = [memory(pid) for pid in pids], (len(sent.acknowledged) - before) / (time.monotonic() - at)
        watch.end()
        server.end()
        with opened.state.read() as connection:
            logged = Counter(connection.execute(select(predictions.c.id)).scalars())
        checks = checks_between(opened.state, began, utc_now())
        return Soaked(
            minutes=minutes,
            rows_a_second=len(sent.acknowledged) / (60 * minutes),
            rows_a_second_without_kills=calm,
            acknowledged=len(sent.acknowledged),
            lost=sum(id_ not in logged for id_ in sent.acknowledged),
            doubled=sum(many > 1 for many in logged.values()),
            unanswered=sent.unanswered,
            kills=dict(kills),
            checks=sum(check.status not in {"failed", "parked"} for check in checks),
            checks_failed=sum(check.status == "failed" for check in checks),
            verifies=verify(opened).ok,
            worker_mb=(first[0], last[0]),
            watch_mb=(first[1], last[1]),
            statuses=dict(sent.statuses),
        )


def _wait_for(port: int) -> None:
    for _ in range(1_200):
        with suppress(OSError), urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5):
            return
        time.sleep(0.2)
    raise SystemExit("the server does not answer")


def main() -> None:
    """Soak, print, write; exit code 1 where something was lost."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10)
    found = soaked(parser.parse_args().minutes)
    print(json.dumps(asdict(found), indent=1))
    RESULTS.write_text(json.dumps(asdict(found), indent=1) + "\n", encoding="utf-8")
    sys.exit(bool(found.lost or found.doubled or not found.verifies))


if __name__ == "__main__":
    main()
