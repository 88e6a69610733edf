"""How long other calls of an MCP client wait while a real training runs, against the same calls just before it: in one process, one
workspace of generated customers. Also how much of the event loop's time a single step takes at most, which no busy machine can blur.

    python bench/mcp_while_training.py
"""

import dataclasses
import statistics
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import anyio
from anyio import to_thread
from mcp import Client
from sqlalchemy import delete

from agent.setup.new_workspace import set_up_synthetic
from agent.training_by_hand import train_by_hand
from pipeline.clock import utc_now
from pipeline.intake.windows import logged_window
from pipeline.record.opened_workspace import Opened, open_workspace
from pipeline.state.database import calls
from pipeline.workspace.policy import load_policy
from pipeline.worlds.simulation import simulate
from prompts import policy_text
from tools.casework import Casework
from tools.server import build_server

ROWS, WINDOW_ROWS, SEED, ROUNDS = 2500, 1500, 11, 25
TRAINING = {"n_estimators": 250, "max_depth": 10}


async def silent(_stage: object) -> None:
    """Nobody watches."""


def prepared(root: Path) -> Opened:
    """A workspace with a champion and a logged week of a changed market."""
    set_up_synthetic(root, ROWS, SEED)
    opened = open_workspace(root, policy_text(), utc_now)
    anyio.run(train_by_hand, opened, None, silent)
    simulate(opened, "market_shift", WINDOW_ROWS, labelled_share=0.6, seed=3)
    return dataclasses.replace(opened, policy=load_policy(policy_text(), {"limits": {"tool_calls": 100_000, "seconds": 100_000}}))


def p95(seconds: list[float]) -> float:
    """The 95th percentile, ms."""
    return sorted(seconds)[int(0.95 * len(seconds))] * 1000


async def compare(opened: Opened) -> None:
    """Ask everything that reads, before and during a training."""
    casework = Casework(opened, partial(logged_window, opened), started_by="a benchmark", operator=lambda: "a benchmark")
    async with Client(build_server(casework, opened.policy)) as client:
        first = (await client.call_tool("get_drift_summary", {})).structured_content
        assert first is not None
        case = {"case_id": first["case_id"]}
        asks: dict[str, Callable[[], Awaitable[object]]] = {
            "tools/list": client.list_tools,
            **{
                name: partial(client.call_tool, name, {**case, **more})
                for name, more in (
                    ("get_current_model_metrics", {}),
                    ("diagnose", {}),
                    ("inspect_feature", {"feature": "tenure"}),
                    ("compare_models", {}),
                )
            },
            "a refused call": partial(client.call_tool, "run_training", {**case, "n_estimators": "5"}),
            "drift resource": partial(client.read_resource, f"churnops://drift/{first['case_id']}"),
        }

        def forget() -> None:
            # A case has 25 calls at most; hundreds on record would be measured, too.
            with opened.state.write() as connection:
                connection.execute(delete(calls).where(calls.c.number > 10))

        async def ask_all(into: dict[str, list[float]]) -> None:
            await to_thread.run_sync(forget)
            for name, ask in asks.items():
                started = time.perf_counter()
                await ask()
                into.setdefault(name, []).append(time.perf_counter() - started)

        await ask_all({})  # what is looked up once a case
        before: dict[str, list[float]] = {}
        for _ in range(ROUNDS):
            await ask_all(before)
        during, steps, done = {}, [0.0], anyio.Event()

        async def train() -> None:
            await client.call_tool("run_training", {**case, **TRAINING})
            done.set()

        async def watch_the_loop() -> None:
            while not done.is_set():
                spent = time.thread_time()
                await anyio.sleep(0.001)
                steps.append(time.thread_time() - spent)

        async with anyio.create_task_group() as group:
            group.start_soon(train)
            group.start_soon(watch_the_loop)
            while not done.is_set():
                await ask_all(during)

    print(f"{'ms':26} {'before p50':>10} {'p95':>7} {'training p50':>13} {'p95':>7} {'ratio of p95':>13}")
    everything = [(name, before[name], during[name]) for name in asks]
    everything.append(("all", *([one for part in found.values() for one in part] for found in (before, during))))
    for name, quiet, busy in everything:
        middles = statistics.median(quiet) * 1000, statistics.median(busy) * 1000
        print(f"{name:26} {middles[0]:10.1f} {p95(quiet):7.1f} {middles[1]:13.1f} {p95(busy):7.1f} {p95(busy) / p95(quiet):13.2f}")
    print(f"the event loop's own work between two looks at it: {max(steps) * 1000:.1f} ms at most")


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        anyio.run(compare, prepared(Path(folder) / "workspace"))
