"""Approvals cut off or at the same time: one challenger is deployed once, and what was begun is completed by approving again."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import pytest

from pipeline.cases import CaseFile
from pipeline.champion import require_champion
from pipeline.errors import ChurnopsError
from pipeline.ledger import Ledger
from pipeline.tracking import champion_version
from reports.approval import approve
from tests.reports.waiting import DECISION, Waiting, snapshot

PROJECT = Path(__file__).resolve().parent.parent.parent
# Where the power goes: after the ledger's rows, before the pointer, after the pointer, before the case's last word.
CUTS: list[tuple[Any, str]] = [
    (Ledger, "catch_up"),
    ("pipeline.promotion.write_atomically", ""),
    ("pipeline.tracking.set_champion", ""),
    (CaseFile, "move"),
]


class PowerCut(Exception):
    """The process ends here."""


def patch(monkeypatch: pytest.MonkeyPatch, place: tuple[Any, str], instead: Callable[..., Any]) -> None:
    owner, name = place
    if name:
        monkeypatch.setattr(owner, name, instead)
    else:
        monkeypatch.setattr(owner, instead)


def cut_at(monkeypatch: pytest.MonkeyPatch, place: tuple[Any, str], waiting: Waiting, case_id: str) -> None:
    """Approve, and have it end at `place`."""

    def cut(*_: Any, **__: Any) -> None:
        raise PowerCut

    with monkeypatch.context() as patched:
        patch(patched, place, cut)
        with pytest.raises(PowerCut):
            approve(waiting.opened, case_id, DECISION)


def deployed_once(waiting: Waiting, case_id: str) -> None:
    """The case's challenger serves, by one approval and one deployment."""
    case = waiting.opened.cases.get(case_id)
    assert case.challenger is not None
    champion = require_champion(waiting.opened.workspace, waiting.opened.ledger)
    assert (case.status, champion.digest) == ("approved", case.challenger.digest)
    assert [kind for kind in waiting.kinds() if kind in {"approved", "deployed"}] == ["deployed", "approved", "deployed"]
    assert champion_version(waiting.opened.workspace) == champion.version
    mirrored = [json.loads(line)["seq"] for line in waiting.opened.workspace.ledger_mirror.read_text().splitlines()]
    assert mirrored == [entry.seq for entry in waiting.opened.ledger.entries()]


@pytest.mark.parametrize("place", CUTS, ids=["after the rows", "before the pointer", "after the pointer", "before the status"])
def test_an_approval_cut_off_is_completed_once_by_approving_again(
    waiting: Waiting, monkeypatch: pytest.MonkeyPatch, place: tuple[Any, str]
) -> None:
    cut_at(monkeypatch, place, waiting, waiting.triaged)
    require_champion(waiting.opened.workspace, waiting.opened.ledger)  # old or new, it serves all the while
    approve(waiting.opened, waiting.triaged, DECISION)
    deployed_once(waiting, waiting.triaged)


@pytest.mark.parametrize("place", CUTS[:3], ids=["after the rows", "before the pointer", "after the pointer"])
def test_while_one_approval_is_cut_off_no_other_begins(waiting: Waiting, monkeypatch: pytest.MonkeyPatch, place: tuple[Any, str]) -> None:
    cut_at(monkeypatch, place, waiting, waiting.triaged)
    with pytest.raises(ChurnopsError, match=f"approval of case {waiting.triaged} is under way|The champion moved"):
        approve(waiting.opened, waiting.by_hand, DECISION)
    approve(waiting.opened, waiting.triaged, DECISION)
    deployed_once(waiting, waiting.triaged)


def test_a_cut_before_anything_was_recorded_leaves_everything_as_it_was(waiting: Waiting, monkeypatch: pytest.MonkeyPatch) -> None:
    before = snapshot(waiting)
    cut_at(monkeypatch, (Ledger, "append_in"), waiting, waiting.triaged)
    assert snapshot(waiting) == before


def test_bytes_changed_while_an_approval_was_cut_off_are_not_deployed(waiting: Waiting, monkeypatch: pytest.MonkeyPatch) -> None:
    cut_at(monkeypatch, ("pipeline.promotion.write_atomically", ""), waiting, waiting.triaged)
    pointer = waiting.opened.workspace.champion_pointer.read_bytes()
    with (waiting.artifact / "metrics.json").open("a") as stream:
        stream.write(" ")
    with pytest.raises(ChurnopsError, match="changed after it passed the gate"):
        approve(waiting.opened, waiting.triaged, DECISION)
    assert waiting.opened.workspace.champion_pointer.read_bytes() == pointer


@pytest.mark.parametrize("place", CUTS[:3], ids=["after the rows", "before the pointer", "after the pointer"])
def test_approving_a_case_whose_approval_is_under_way_deploys_it_once(
    waiting: Waiting, monkeypatch: pytest.MonkeyPatch, place: tuple[Any, str]
) -> None:
    reached, go_on = threading.Event(), threading.Event()
    real = getattr(*place) if place[1] else _named(place[0])

    def pause_the_first(*arguments: Any, **named: Any) -> Any:
        if not reached.is_set():
            reached.set()
            assert go_on.wait(20)
        return real(*arguments, **named)

    patch(monkeypatch, place, pause_the_first)
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(approve, waiting.opened, waiting.triaged, DECISION)
        assert reached.wait(20)
        second = threads.submit(approve, waiting.opened, waiting.triaged, DECISION)
        wait([second], timeout=1)  # it either ends, or waits for the first
        go_on.set()
        errors = [approval.exception(20) for approval in (first, second)]
    assert errors.count(None) == 1
    assert all(isinstance(error, ChurnopsError | None) for error in errors)
    deployed_once(waiting, waiting.triaged)


@pytest.mark.parametrize("cases", ["the same case", "two cases of one champion"])
def test_of_two_processes_that_approve_at_once_one_deploys(waiting: Waiting, tmp_path: Path, cases: str) -> None:
    ids = [waiting.triaged, waiting.triaged if cases == "the same case" else waiting.by_hand]
    start = tmp_path / "start"
    command = [sys.executable, "-m", "tests.reports.approve_at_once", str(waiting.opened.workspace.root), str(start)]
    processes = [
        subprocess.Popen([*command, case_id], cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for case_id in ids
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    start.touch()
    said = [process.communicate(timeout=60) for process in processes]
    assert [error for _, error in said] == ["", ""]
    answers = [out.strip() for out, _ in said]
    assert sorted(answer.split(":")[0] for answer in answers) == ["deployed", "refused"], answers
    winner = ids[next(index for index, answer in enumerate(answers) if answer.startswith("deployed"))]
    deployed_once(waiting, winner)
    assert len([case for case in waiting.opened.cases.all() if case.status == "approved"]) == 1


def _named(path: str) -> Any:
    module, _, name = path.rpartition(".")
    return getattr(__import__(module, fromlist=[name]), name)
