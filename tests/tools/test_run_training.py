"""Training through the tools: once per request whoever repeats it, reported as it goes, and gone without a trace when it is cut off."""

import os
import signal
from pathlib import Path
from typing import Any

import anyio
import pytest

from pipeline.record.opened_workspace import Opened
from tests.tools.desk import Desk, case_of, desk, train_on_record, under
from tools.training_lock import training_turn

FAST = {"estimator": "logistic_regression", "C": 1.0}

pytestmark = pytest.mark.anyio


def rows_of(opened: Opened, kind: str, case_id: str | None = None) -> int:
    """How many rows of one kind the ledger holds, of a case or of all."""
    return sum(entry.kind == kind for entry in opened.ledger.entries(case_id))


def artifacts(opened: Opened) -> set[str]:
    """Digests of the published artifacts."""
    return {path.name for path in opened.workspace.models.iterdir()}


def trainers() -> list[int]:
    """Process ids of the training children this process has."""
    children = [pid for task in Path("/proc/self/task").iterdir() for pid in (task / "children").read_text().split()]
    return [int(pid) for pid in children if b"pipeline.training.child" in Path("/proc", pid, "cmdline").read_bytes()]


async def open_case(client: Desk) -> str:
    """The id of the case of the logged window."""
    return str((await client.ok("get_drift_summary"))["case_id"])


def nothing_is_left(opened: Opened, case_id: str, before: set[str]) -> None:
    """No child, no artifact, no staged file, no finished training, no word of one in the ledger."""
    assert trainers() == []
    assert artifacts(opened) == before
    assert [path for path in opened.workspace.staging.iterdir() if path.is_dir()] == []
    assert [training.result for training in opened.cases.trainings(case_id)] == [None]
    assert rows_of(opened, "trained", case_id) == 0


@pytest.mark.slow
async def test_a_request_is_trained_once_whoever_repeats_it_and_whenever(drifted: Opened) -> None:
    replies: list[dict[str, Any]] = []
    said: list[tuple[float, float | None, str | None]] = []

    async def heard(progress: float, total: float | None, message: str | None) -> None:
        said.append((progress, total, message))

    async def ask(client: Desk, case_id: str) -> None:
        replies.append(await client.ok("run_training", case_id=case_id, **FAST))

    champion = drifted.workspace.champion_pointer.read_bytes()
    async with desk(drifted) as one, desk(drifted) as other:
        case_id = await open_case(one)
        async with anyio.create_task_group() as group:
            group.start_soon(one.client.call_tool, "run_training", {"case_id": case_id, **FAST}, None, heard)
            while not said:  # progress goes to whoever trains; the others join
                await anyio.sleep(0.01)
            group.start_soon(ask, one, case_id)
            group.start_soon(ask, other, case_id)
        await ask(one, case_id)
        case = drifted.cases.get(case_id)
        closed = await one.close(case_id, "retrain")

    assert rows_of(drifted, "trained", case_id) == rows_of(drifted, "gated", case_id) == rows_of(drifted, "challenged", case_id) == 1
    assert len(drifted.cases.trainings(case_id)) == 1
    first, *rest = ({key: value for key, value in reply.items() if key != "call"} for reply in replies)
    assert all(reply == first for reply in rest)
    assert [(call.number, call.outcome) for call in drifted.cases.calls(case_id)] == [(number, "ok") for number in range(1, 7)]
    assert max(reply["call"] for reply in replies) == 5

    assert first["gate"]["passed"]
    assert case.challenger is not None
    assert first["candidate"] == {"digest": case.challenger.digest, "version": case.challenger.version}
    assert first["metrics"]["n"] == first["champion_metrics"]["n"] == first["held_out_rows"]
    assert first["trainings_left"] == 0
    assert closed["status"] == "pending_approval"
    assert closed["next_command"] == f"churnops reports approve {case_id}"

    heard_by_one = [(fraction, total) for fraction, total, _ in said]
    assert heard_by_one == sorted(heard_by_one)
    assert heard_by_one[-1] == (1.0, 1.0)
    assert all(message for _, _, message in said)
    assert [name for name in ("log loss", "ROC-AUC") if any(name in str(message) for _, _, message in said)] == ["log loss", "ROC-AUC"]
    assert drifted.workspace.champion_pointer.read_bytes() == champion
    assert rows_of(drifted, "deployed") == 1


@pytest.mark.slow
async def test_a_candidate_that_fails_the_gate_is_discarded_and_the_next_one_may_be_tried(drifted: Opened) -> None:
    strict = under(drifted, gate={"min_roc_auc": 0.999})
    before, champion = artifacts(drifted), drifted.workspace.champion_pointer.read_bytes()
    async with desk(strict) as client:
        case_id = await open_case(client)
        reply = await client.ok("run_training", case_id=case_id, **FAST)
        again = await client.ok("run_training", case_id=case_id, **FAST)
        assert reply["gate"]["passed"] is False
        assert [check["rule"] for check in reply["gate"]["checks"] if not check["passed"]] == ["gate.min_roc_auc"]
        assert reply["candidate"] == {"digest": None, "version": None}
        assert reply["trainings_left"] == again["trainings_left"] == 2
        assert "`gate`" in await client.refused("save_remediation_report", case_id=case_id, action="retrain", summary="s", reasoning="r")
        assert "200 to 300" in await client.refused("run_training", case_id=case_id, n_estimators=1)  # not the retries: two are left
    assert rows_of(drifted, "trained", case_id) == 1
    assert artifacts(drifted) == before
    assert drifted.workspace.champion_pointer.read_bytes() == champion


@pytest.mark.slow
async def test_a_cancelled_call_kills_the_child_and_leaves_nothing(drifted: Opened) -> None:
    before = artifacts(drifted)
    async with desk(drifted) as client:
        case_id = await open_case(client)
        with anyio.CancelScope() as scope:

            async def cancel(_progress: float, _total: float | None, _message: str | None) -> None:
                assert len(trainers()) == 1
                scope.cancel()

            await client.client.call_tool("run_training", {"case_id": case_id, **FAST}, progress_callback=cancel)
        assert scope.cancelled_caught
        with anyio.fail_after(10):
            while drifted.cases.calls(case_id)[-1].tool != "run_training":  # the server hears of it a moment later
                await anyio.sleep(0.02)
    nothing_is_left(drifted, case_id, before)
    last = drifted.cases.calls(case_id)[-1]
    assert (last.outcome, last.arguments) == ("failed", {"case_id": case_id, "mode": "combined", **FAST})
    assert "cut off" in last.result["said"]
    another = case_of(drifted, "another")
    async with desk(drifted) as client:
        assert "`training.cooldown_hours`" in await client.refused("run_training", case_id=another.case_id)


@pytest.mark.slow
async def test_a_training_killed_from_outside_is_an_error_a_person_can_act_on(drifted: Opened) -> None:
    before = artifacts(drifted)

    async def kill(_progress: float, _total: float | None, _message: str | None) -> None:
        for pid in trainers():
            os.kill(pid, signal.SIGKILL)

    async with desk(drifted) as client:
        case_id = await open_case(client)
        result = await client.client.call_tool("run_training", {"case_id": case_id, **FAST}, progress_callback=kill)
    assert result.is_error
    assert "killed by signal 9" in result.content[0].text  # type: ignore[union-attr]
    nothing_is_left(drifted, case_id, before)
    assert drifted.cases.calls(case_id)[-1].outcome == "failed"


async def test_a_case_waiting_for_its_turn_meets_the_cooldown_that_began_meanwhile(trained: Opened) -> None:
    case, another = case_of(trained, "this one"), case_of(trained, "another")
    said: list[str] = []

    async def ask() -> None:
        async with desk(trained) as client:
            said.append(await client.refused("run_training", case_id=case.case_id))

    async with anyio.create_task_group() as group, training_turn(trained):
        group.start_soon(ask)
        await anyio.sleep(0.3)
        assert said == []
        train_on_record(trained, another)
    assert "`training.cooldown_hours`" in said[0]


async def test_a_failed_training_too_is_returned_again_but_only_to_its_own_case(trained: Opened) -> None:
    first, second = case_of(trained, "first"), case_of(trained, "second")
    train_on_record(trained, first)
    async with desk(trained) as client:
        again = await client.ok("run_training", case_id=first.case_id, n_estimators=200)
        assert again["gate"]["passed"] is False
        assert "`training.cooldown_hours`" in await client.refused("run_training", case_id=second.case_id, n_estimators=200)
    assert rows_of(trained, "trained") == 1  # the champion's own
