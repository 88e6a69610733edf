"""`churnops serve` as it runs: several processes, deploys under load, an orderly end, and a sudden one."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from pipeline.record.opened_workspace import Opened
from pipeline.state.database import predictions
from tests.end_to_end.command_line import CommandLine
from tests.end_to_end.http_load import Load, versions
from tests.pipeline.serving.swaps import another_model, deploy
from tests.reports.web.test_prediction_api import customer

CHURNOPS = [sys.executable, "-m", "churnops"]


@dataclass(frozen=True)
class Server:
    """A running `churnops serve`: its process, which leads a group of its own, its port, and what it said on starting."""

    process: "subprocess.Popen[str]"
    port: int
    said: str

    def get(self, path: str) -> tuple[int, Any]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=30) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())

    def text(self, path: str) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=30) as answer:
            return str(answer.read().decode())

    def signal_group(self, number: int) -> None:
        os.killpg(self.process.pid, number)


@contextmanager
def served(opened: Opened, *options: str) -> Iterator[Server]:
    process = subprocess.Popen(
        [*CHURNOPS, "serve", "--port", "0", *options, "-w", str(opened.workspace.root)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        said = process.stdout.readline() + process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:(\d+)/predict", said)
        assert found, said
        server = Server(process, int(found[1]), said)
        deadline = time.monotonic() + 90
        while True:
            try:
                status, _ = server.get("/healthz")
                assert status == 200
                break
            except OSError:  # no worker listens yet
                assert process.poll() is None and time.monotonic() < deadline, said
                time.sleep(0.1)
        yield server
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(30)
        assert process.stdout is not None
        process.stdout.close()


def ids_logged(opened: Opened) -> list[str]:
    with opened.state.read() as connection:
        return list(connection.execute(select(predictions.c.id)).scalars())


def test_other_machines_are_let_in_only_when_that_is_said(churnops: CommandLine) -> None:
    said = churnops("serve", "--host", "0.0.0.0")
    assert said.code == 2
    assert "--allow-remote" in said.err


def test_outside_of_a_workspace_it_says_how_to_begin(churnops: CommandLine) -> None:
    said = churnops("serve")
    assert (said.code, "churnops init" in said.err) == (1, True)


@pytest.mark.slow
def test_a_worker_that_takes_long_to_load_is_waited_for(trained: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = "import sys, time\nif 'multiprocessing.spawn' in ' '.join(sys.orig_argv):\n    time.sleep(12)\n"
    (tmp_path / "sitecustomize.py").write_text(slow)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with served(trained) as server:
        assert server.get("/readyz")[0] == 200


def test_a_port_in_use_is_one_sentence(churnops: CommandLine, trained: Opened) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        said = churnops("serve", "--port", str(taken.getsockname()[1]), "-w", str(trained.workspace.root))
    assert said.code == 1
    assert said.err.count("\n") == 1
    assert "in use" in said.err


@pytest.mark.slow
def test_many_deploys_under_load_fail_no_request_and_let_no_old_champion_answer(trained: Opened) -> None:
    models = {"2": another_model(trained, 1), "3": another_model(trained, 2)}  # three in turn: every other one must be loaded anew
    moved: list[tuple[float, str]] = []

    def swap() -> None:
        load.answered(10)
        for number in range(12):
            version = str(2 + number % 2) if number % 4 else "1"
            deploy(trained, {**models, "1": first}[version], version)
            moved.append((time.monotonic(), version))
            time.sleep(0.4)
        load.answered(30)

    first = json.loads(trained.workspace.champion_pointer.read_bytes())["digest"]
    with served(trained, "--workers", "2") as server:
        load = Load(server.port, customer(trained))
        load.run(8, then=swap)
        assert load.cut == []
        assert {answer.status for answer in load.answers} == {200}
        assert len(load.answers) > 20
        for answer, version in zip(load.answers, versions(load.answers), strict=True):
            # What had been deployed when it was asked, or anything deployed before it was answered.
            before = [deployed for at, deployed in moved if at <= answer.asked_at][-1:] or ["1"]
            during = [deployed for at, deployed in moved if answer.asked_at < at <= answer.asked_at + answer.seconds + 1]
            assert version in {*before, *during}
        assert sorted(answer.id for answer in load.answers) == sorted(ids_logged(trained))
        # Both workers count into one page.
        assert f"churnops_committed_rows_total {len(load.answers)}.0" in server.text("/metrics")
        status, ready = server.get("/readyz")
        assert (status, ready["model_version"]) == (200, moved[-1][1])


@pytest.mark.slow
def test_told_to_end_it_answers_what_it_took_and_leaves(trained: Opened) -> None:
    with served(trained, "--workers", "2") as server:
        load = Load(server.port, customer(trained))

        def end() -> None:
            load.answered(20)
            server.process.send_signal(signal.SIGTERM)
            server.process.wait(40)

        load.run(8, then=end)
        assert server.process.returncode == 0
        assert len(load.answers) > 10
        assert {answer.status for answer in load.answers} == {200}
        # A connection may close while the next request is on its way; what was answered is there, and nothing is there twice.
        logged = ids_logged(trained)
        assert {answer.id for answer in load.answers} <= set(logged)
        assert len(logged) == len(set(logged))


@pytest.mark.slow
def test_killed_under_load_every_answer_that_was_given_is_in_the_log(trained: Opened) -> None:
    with served(trained, "--workers", "2") as server:
        load = Load(server.port, customer(trained))

        def kill() -> None:
            load.answered(20)
            server.signal_group(signal.SIGKILL)

        load.run(16, then=kill)
    assert len(load.answers) >= 20
    assert load.cut
    assert {answer.status for answer in load.answers} == {200}
    assert {answer.id for answer in load.answers} <= set(ids_logged(trained))


def _listens(port: int) -> bool:
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.slow
def test_workers_whose_parent_was_killed_end(trained: Opened) -> None:
    with served(trained, "--workers", "2") as server:
        server.process.kill()
        server.process.wait(30)
        deadline = time.monotonic() + 60
        while _listens(server.port) and time.monotonic() < deadline:
            time.sleep(0.2)
        assert not _listens(server.port)


@pytest.mark.slow
def test_without_a_champion_it_runs_and_says_what_to_do(fresh: Opened) -> None:
    with served(fresh) as server:
        status, said = server.get("/readyz")
        assert (status, said["ready"]) == (503, False)
        assert "churnops train" in said["problem"]
