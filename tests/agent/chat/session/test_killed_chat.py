"""SIGKILL behind every event of a session: what was on disk is all there afterwards, and going on runs nothing a second time."""

import asyncio
import multiprocessing
import os
import signal
from pathlib import Path

import pytest

from agent.chat.answering.turn import end
from agent.chat.screen.screen_state import UNCHECKED
from agent.chat.session.events import CallStarted, Event, QuestionAsked
from agent.chat.session.log import SessionLog, read_log
from tests.agent.case_tools import CASE, CaseTools
from tests.agent.chat.table import check_whole, table, turn, words
from tests.agent.scripted import Scripted

TRAIN = {"case_id": CASE, "mode": "recent", "n_estimators": 200}
EVENTS = 19  # of the session below


class Counting(CaseTools):
    """Tools that leave a line on disk for every training that they begin."""

    def __init__(self, place: Path) -> None:
        super().__init__()
        self._place = place

    def trained(self) -> list[dict[str, object]]:
        done = super().trained()
        with self._place.open("a") as file:
            file.write("training\n")
        return done


async def a_session(path: Path, trainings: Path, killed_behind: int) -> None:
    with SessionLog(path) as log:
        async with table(Counting(trainings), "yes") as chat:
            written = 0

            def keep(event: Event) -> None:
                nonlocal written
                log.append(event)
                written += 1
                if written == killed_behind:
                    os.kill(os.getpid(), signal.SIGKILL)

            chat.session._keep = keep
            await chat.ask(Scripted(turn("get_drift_summary"), words("It moved.")), "What moved?")
            await chat.ask(Scripted(turn("run_training", "c2", **TRAIN), words("Trained.")), "Train.")
            await chat.ask(Scripted(turn("get_drift_summary", "c3"), words("Still.")), "And now?")


def run_and_die(path: Path, trainings: Path, killed_behind: int) -> None:
    asyncio.run(a_session(path, trainings, killed_behind))


@pytest.mark.slow
@pytest.mark.anyio
async def test_killed_behind_any_event_nothing_is_lost_and_nothing_runs_twice(tmp_path: Path) -> None:
    fork = multiprocessing.get_context("fork")
    whole: list[str] = []
    for killed_behind in range(EVENTS, 0, -1):
        path, trainings = tmp_path / f"{killed_behind}.jsonl", tmp_path / f"{killed_behind}.trainings"
        child = fork.Process(target=run_and_die, args=(path, trainings, killed_behind))
        child.start()
        await asyncio.to_thread(child.join, 60)
        assert child.exitcode == -signal.SIGKILL
        events = read_log(path)
        whole = whole or [event.kind for event in events]
        assert [event.kind for event in events] == whole[:killed_behind]
        begun = trainings.read_text().count("training") if trainings.exists() else 0
        assert begun == sum(isinstance(event, CallStarted) and event.call.name == "run_training" for event in events[:-1])
        facts = CaseTools()
        with SessionLog(path) as log:
            async with table(facts, earlier=events) as chat:
                chat.session._keep = log.append
                if chat.session.open is not None:
                    end(chat.session, "finished" if chat.session.answered else "interrupted", "", lambda text: UNCHECKED)
                assert facts.asked == []
                check_whole(chat.session)
                after = Scripted(words("Yes."))
                await chat.ask(after, "Are you there?")
                handed = " ".join(message.text for message in after.seen[0])
                assert all(event.text in handed for event in events if isinstance(event, QuestionAsked))
        assert read_log(path)[: len(events)] == events
    assert whole.count("ended") == 3
