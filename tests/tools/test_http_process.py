"""Servers as processes: several over one workspace, and how they end."""

import os
import signal
from collections import Counter
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import anyio
import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters

from pipeline.record.opened_workspace import Opened
from tests.tools.desk import Desk
from tests.tools.served import CONSOLE_SCRIPT, ERAS, as_a_process, book, churnops_mcp, http_desk, issue
from tests.tools.test_http_server import list_tools, no_way_to_deploy
from tests.tools.test_run_training import FAST, artifacts, rows_of

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


@pytest.mark.parametrize("servers", [1, 2])
async def test_sixteen_clients_lose_and_double_nothing(servers: int, drifted: Opened) -> None:
    """One case for the one window, its calls numbered without a gap, whichever process took them."""
    found: list[dict[str, Any]] = []
    secret = issue(drifted, "train")
    root = drifted.workspace.root

    async def work(address: str, era: str) -> None:
        async with http_desk(address, secret, era) as desk:
            found.append(await desk.ok("get_drift_summary"))

    with ExitStack() as running:
        addresses = [running.enter_context(as_a_process(churnops_mcp(root))).address for _ in range(servers)]
        async with anyio.create_task_group() as group:
            for number in range(16):
                group.start_soon(work, addresses[number % servers], ERAS[number // 2 % 2])
    (case,) = drifted.cases.all()
    assert Counter(answer["case_id"] for answer in found) == {case.case_id: 16}
    assert sorted(answer["call"] for answer in found) == list(range(1, 17))
    assert [call.number for call in drifted.cases.calls(case.case_id)] == list(range(1, 17))


async def test_two_servers_train_once(drifted: Opened) -> None:
    secret, before = issue(drifted, "train"), artifacts(drifted)
    replies: list[dict[str, Any]] = []

    async def train(address: str, case_id: str) -> None:
        async with http_desk(address, secret) as desk:
            replies.append(await desk.ok("run_training", case_id=case_id, **FAST))

    root = drifted.workspace.root
    with as_a_process(churnops_mcp(root)) as one, as_a_process(churnops_mcp(root)) as other:
        async with http_desk(one.address, secret) as desk:
            case_id = (await desk.ok("get_drift_summary"))["case_id"]
        async with anyio.create_task_group() as group:
            for served in (one, other, one, other):
                group.start_soon(train, served.address, case_id)
    assert len({reply["candidate"]["digest"] for reply in replies}) == 1
    assert len(drifted.cases.trainings(case_id)) == 1
    assert len(artifacts(drifted) - before) == 1


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_when_told_to_and_a_revoked_token_is_out_at_once(how: signal.Signals, fresh: Opened) -> None:
    secret = issue(fresh, "read")
    with as_a_process(churnops_mcp(fresh.workspace.root)) as served:
        assert list_tools(served.address, secret).status_code == 200
        book(fresh).revoke("ann")
        assert list_tools(served.address, secret).status_code == 401
        assert served.stop(how) == (0, "", "")


async def test_told_to_end_while_it_trains_it_leaves_no_child_and_the_call_on_record(drifted: Opened) -> None:
    secret, before = issue(drifted, "train"), artifacts(drifted)
    with as_a_process(churnops_mcp(drifted.workspace.root)) as served:
        async with http_desk(served.address, secret) as desk:
            case_id = (await desk.ok("get_drift_summary"))["case_id"]
        async with anyio.create_task_group() as group:
            group.start_soon(partial(_cut_off, served.address, secret, case_id))
            children = await anyio.to_thread.run_sync(_wait_for_trainer, served.process.pid)
            code, out, _ = await anyio.to_thread.run_sync(served.stop)
            group.cancel_scope.cancel()
    assert (code, out) == (0, "")
    assert [pid for pid in children if _is_trainer(pid)] == []
    assert artifacts(drifted) == before
    assert [call.outcome for call in drifted.cases.calls(case_id) if call.tool == "run_training"] == ["failed"]
    assert rows_of(drifted, "trained", case_id) == 0


@pytest.mark.parametrize("era", ERAS)
async def test_nothing_on_stdio_deploys_either(era: str, trained: Opened) -> None:
    server = StdioServerParameters(command=str(CONSOLE_SCRIPT), args=["mcp", "--workspace", str(trained.workspace.root)])
    async with Client(server, mode=era) as client:
        await no_way_to_deploy(Desk(client))


async def _cut_off(address: str, secret: str, case_id: str) -> None:
    try:
        async with http_desk(address, secret) as desk:
            await desk.client.call_tool("run_training", {"case_id": case_id})
    except Exception:  # whatever the client makes of a server that goes away
        pass


def _wait_for_trainer(server: int) -> list[int]:
    until = monotonic() + 60
    while monotonic() < until:
        children = [int(pid) for task in Path(f"/proc/{server}/task").iterdir() for pid in (task / "children").read_text().split()]
        if found := [pid for pid in children if _is_trainer(pid)]:
            return found
        sleep(0.05)
    raise AssertionError("no training began")


def _is_trainer(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return b"pipeline.training.child" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except (ProcessLookupError, FileNotFoundError):
        return False
