"""Two watchers, two processes with a client each of one real PostgreSQL, begin to check the same window at the same moment: it gets one case."""

import multiprocessing
from collections import Counter
from datetime import timedelta
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import pytest
from sqlalchemy import update

import agent.watch.check
from agent.operators.rulebook import Rulebook
from agent.watch.check import check
from agent.watch.look import Look
from agent.watch.stopping import Stopping
from pipeline.clock import stamp
from pipeline.drift.summary import DriftSummary
from pipeline.record.cases import Case, ModelRef
from pipeline.record.opened_workspace import Opened, open_workspace
from pipeline.state.watch_tables import leases
from prompts import policy_text
from tests.agent.watch.standing_cases import diagnosis
from tests.conftest import NOON, Clock
from tests.postgres import postgres_server
from tests.state_in_postgresql import moved_to

STARTS = 200
LOST = 10  # in one start of so many the turn of whoever works expires meanwhile, as where its host was asleep


def seen(number: int) -> Look:
    """What each window looks like: another one than the day before, and broken."""
    drift = DriftSummary.model_construct(share=0.1)
    return Look(f"window-{number}", "d" * 64, NOON, drift, diagnosis(cause="concept_drift"), "needs_people")


def watch(root: str, url: str, name: str, together: Barrier, said: "Queue[tuple[str, str, int]]") -> None:
    """One watcher: begins each check when the other does, and again where that one is at it."""
    clock = Clock()
    opened = open_workspace(Path(root), policy_text(), clock, name)
    assert opened.state.place == url
    number = 0

    def triage(here: Opened, *_: Any) -> Any:
        draft = Case(
            case_id=f"case-{number}", key=f"window-{number}", kind="triage", opened_at=clock(), started_by="watch", policy_version="p",
            champion=ModelRef(version="1", digest="d" * 64),
        )  # fmt: skip
        case = here.cases.open(draft)
        if number % LOST == 0:
            with here.state.write() as connection:
                connection.execute(update(leases).values(until=stamp(NOON - timedelta(days=9_000))))
        if case.status == "open":
            case = here.cases.move(
                case.case_id, ("open", "needs_people"), status="needs_people", diagnosis=diagnosis(cause="concept_drift"), closed_at=clock()
            )
        return SimpleNamespace(stopped="finished", acknowledgement=None, status=case.status, case_id=case.case_id)

    with patch("agent.watch.look.look", lambda _: seen(number)), patch.object(agent.watch.check, "_triage", triage):
        for number in range(STARTS):
            clock.advance(days=2)
            together.wait(60)
            while (found := check(opened, lambda here: (Rulebook(here.policy), None), Stopping())).status == "busy":
                said.put((name, "busy", number))
            said.put((name, f"{found.status} {found.case_id}", number))


@pytest.mark.soak
def test_no_window_gets_two_cases(fresh: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    with postgres_server() as url:
        opened = moved_to(fresh, url, monkeypatch)
        context = multiprocessing.get_context("spawn")
        together, said = context.Barrier(2), context.Queue()
        watchers = [
            context.Process(target=watch, args=(str(fresh.workspace.root), url, name, together, said), daemon=True)
            for name in ("one", "other")
        ]
        for watcher in watchers:
            watcher.start()
        told: list[tuple[str, str, int]] = []
        while sum(what != "busy" for _, what, _ in told) < 2 * STARTS:
            told.append(said.get(timeout=120))
        for watcher in watchers:
            watcher.join(60)
        cases = opened.cases.all()
        opened.state.close()
    assert Counter(case.key for case in cases) == Counter(f"window-{number}" for number in range(STARTS))
    ended = {number: {what for _, what, of in told if of == number and what != "busy"} for number in range(STARTS)}
    assert all(found == {f"needs_people case-{number}"} for number, found in ended.items()), "both speak of the one case"
    contested = len({number for _, what, number in told if what == "busy"})
    assert contested > STARTS / 4, "they met"
