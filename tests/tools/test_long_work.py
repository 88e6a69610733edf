"""While a training runs others are served; a client that gives up, over stdio too, leaves no child, nothing staged, and a record of it."""

import os
import signal
import threading
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError

from pipeline.record.opened_workspace import Opened
from tests.tools.desk import Desk, desk
from tests.tools.test_run_training import FAST, artifacts, nothing_is_left
from tests.tools.wire import ERAS, Era, over_stdio, stdio, trainers_of

pytestmark = pytest.mark.anyio


class Stopper:
    """Stops the child at its first word, so that a training takes as long as the test wants."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.stopped = anyio.Event()

    async def __call__(self, _progress: float, _total: float | None, _message: str | None) -> None:
        if not self.stopped.is_set():
            for pid in trainers_of(self._root):
                os.kill(pid, signal.SIGSTOP)
            self.stopped.set()


async def everything_readable(client: Client, case_id: str) -> None:
    """Every tool that reads, a resource, a prompt and the lists answer."""
    at = Desk(client)
    assert len((await client.list_tools()).tools) > 5
    assert (await at.ok("get_drift_summary"))["case_id"] == case_id
    await at.ok("get_current_model_metrics", case_id=case_id)
    await at.ok("diagnose", case_id=case_id)
    await at.ok("inspect_feature", case_id=case_id, feature="tenure")
    await at.ok("compare_models", case_id=case_id)
    assert "must be an integer" in await at.refused("run_training", case_id=case_id, n_estimators="5")
    for uri in ("churnops://cases", "churnops://window", f"churnops://drift/{case_id}"):
        assert (await client.read_resource(uri)).contents
    assert (await client.get_prompt("compare_models", {"case_id": case_id})).messages


async def left_alone(opened: Opened, case_id: str, before: set[str]) -> None:
    """The cut-off training is on record as failed, and nothing of it is left."""
    with anyio.fail_after(20):
        while opened.cases.calls(case_id)[-1].tool != "run_training" or trainers_of(opened.workspace.root):
            await anyio.sleep(0.05)
    nothing_is_left(opened, case_id, before)
    assert opened.cases.calls(case_id)[-1].outcome == "failed"


@pytest.mark.slow
async def test_everything_else_answers_before_a_training_ends(drifted: Opened) -> None:
    before, stopper = artifacts(drifted), Stopper(drifted.workspace.root)
    async with desk(drifted) as at, anyio.create_task_group() as group:
        case_id = (await at.ok("get_drift_summary"))["case_id"]

        async def train() -> None:
            await at.client.call_tool("run_training", {"case_id": case_id, **FAST}, progress_callback=stopper)

        group.start_soon(train)
        await stopper.stopped.wait()
        await everything_readable(at.client, case_id)  # the child stands still: were anything to wait for it, this would never end
        assert len(trainers_of(drifted.workspace.root)) == 1
        group.cancel_scope.cancel()
    await left_alone(drifted, case_id, before)


@pytest.mark.slow
async def test_a_write_that_waits_for_another_process_keeps_nobody_waiting(drifted: Opened) -> None:
    done: list[Any] = []
    async with desk(drifted) as at, anyio.create_task_group() as group:
        case_id = (await at.ok("get_drift_summary"))["case_id"]

        async def look() -> None:
            done.append(await at.ok("compare_models", case_id=case_id))

        with drifted.state.write():
            group.start_soon(look)
            await anyio.sleep(0.3)
            assert (await at.client.list_tools()).tools
            assert (await at.client.read_resource(f"churnops://drift/{case_id}")).contents
            assert done == []
    assert done[0]["call"] == 2


@pytest.mark.slow
async def test_judging_and_registering_stay_off_the_event_loop(drifted: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipeline.record import mlflow_mirror

    seen: list[str] = []

    def elsewhere(*_args: object, **_more: object) -> str:
        seen.append(threading.current_thread().name)
        raise RuntimeError("far enough")

    monkeypatch.setattr(mlflow_mirror, "log_run", elsewhere)
    async with desk(drifted) as at:
        case_id = (await at.ok("get_drift_summary"))["case_id"]
        await at.refused("run_training", case_id=case_id, **FAST)
    assert seen != []
    assert threading.main_thread().name not in seen


@pytest.mark.slow
@pytest.mark.parametrize("era", ERAS)
async def test_a_client_that_cancels_over_stdio_ends_the_training(drifted: Opened, era: Era) -> None:
    before, stopper = artifacts(drifted), Stopper(drifted.workspace.root)
    async with over_stdio(drifted.workspace.root, era) as client:
        case_id = (await Desk(client).ok("get_drift_summary"))["case_id"]
        async with anyio.create_task_group() as group:

            async def train() -> None:
                await client.call_tool("run_training", {"case_id": case_id, **FAST}, progress_callback=stopper)

            group.start_soon(train)
            await stopper.stopped.wait()
            assert len(trainers_of(drifted.workspace.root)) == 1
            await everything_readable(client, case_id)
            group.cancel_scope.cancel()
        await left_alone(drifted, case_id, before)
        assert await Desk(client).ok("compare_models", case_id=case_id)  # the server is still there


@pytest.mark.slow
async def test_a_client_whose_time_is_up_ends_the_training_and_a_repeated_call_trains(drifted: Opened) -> None:
    before, stopper = artifacts(drifted), Stopper(drifted.workspace.root)
    async with over_stdio(drifted.workspace.root, "2026-07-28") as client:
        case_id = (await Desk(client).ok("get_drift_summary"))["case_id"]
        await Desk(client).ok("diagnose", case_id=case_id)  # what comes before a training is done by now
        with pytest.raises(MCPError):
            await client.call_tool("run_training", {"case_id": case_id, **FAST}, read_timeout_seconds=15, progress_callback=stopper)
        assert stopper.stopped.is_set()  # the child stood still, so nothing but the time-out ended it
        await left_alone(drifted, case_id, before)
        again = await Desk(client).ok("run_training", case_id=case_id, **FAST)
    assert again["gate"]["passed"]
    assert [training.result is None for training in drifted.cases.trainings(case_id)] == [True, False]


@pytest.mark.slow
async def test_a_client_that_goes_away_takes_the_training_with_it(drifted: Opened) -> None:
    before, stopper = artifacts(drifted), Stopper(drifted.workspace.root)
    async with anyio.create_task_group() as group:

        async def train() -> None:
            async with Client(stdio(drifted.workspace.root)) as client:
                case_id = (await Desk(client).ok("get_drift_summary"))["case_id"]
                await client.call_tool("run_training", {"case_id": case_id, **FAST}, progress_callback=stopper)

        group.start_soon(train)
        await stopper.stopped.wait()
        for pid in trainers_of(drifted.workspace.root):
            os.kill(pid, signal.SIGCONT)  # a stopped process cannot see that its parent is gone
        group.cancel_scope.cancel()
    with anyio.fail_after(20):
        while trainers_of(drifted.workspace.root):
            await anyio.sleep(0.05)
    assert artifacts(drifted) == before
    (case,) = drifted.cases.all()
    assert case.challenger is None
