"""The file of a session: every event on disk before it counts, and a kill at any place loses nothing and runs nothing twice."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.chat.answering.operator_choice import Operators
from agent.chat.answering.turn import end
from agent.chat.chat import open_chat
from agent.chat.commands.slash_commands import run_command
from agent.chat.screen.lines import Lines
from agent.chat.screen.screen_state import UNCHECKED
from agent.chat.session import log as log_module
from agent.chat.session.events import CallStarted, Event, OperatorGaveUp, QuestionAsked, Queued, SessionOpened
from agent.chat.session.log import SessionLog, chat_folder, find_session, new_id, read_log, stored_sessions
from agent.chat.session.session import Session
from agent.conversation.messages import Operator, Spend
from pipeline.errors import ChurnopsError, WorkspaceError
from pipeline.intake.window_choice import WindowChoice
from pipeline.record.opened_workspace import Opened
from tests.agent.case_tools import CASE, CaseTools
from tests.agent.chat.table import check_whole, table, turn, words
from tests.agent.scripted import Scripted

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
TRAIN = {"case_id": CASE, "mode": "recent", "n_estimators": 200}


def asked(text: str, number: int = 1) -> QuestionAsked:
    return QuestionAsked(at=NOON, number=number, text=text)


def test_what_was_written_is_read_and_a_line_cut_anywhere_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "chat" / "2026-11-21-120000.jsonl"
    events = (SessionOpened(at=NOON, session_id=path.stem, operator="ü", window="last 7d"), asked("wäs?"))
    with SessionLog(path) as log:
        for event in events:
            log.append(event)
    assert read_log(path) == events
    whole = path.read_bytes()
    first = whole.index(b"\n") + 1
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        assert read_log(path) == events[: 0 if size < first else 1]
        with SessionLog(path) as log:
            log.append(asked("go on"))
        assert read_log(path)[-1] == asked("go on")


def test_a_line_that_says_nothing_in_the_middle_is_named(tmp_path: Path) -> None:
    path = tmp_path / "2026-11-21-120000.jsonl"
    path.write_bytes(b'{"kind":"asked"}\n{}\n')
    with pytest.raises(WorkspaceError, match="Line 1 of"):
        read_log(path)


def test_one_process_at_a_time_writes_a_session_and_nobody_else_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "chat" / "2026-11-21-120000.jsonl"
    with SessionLog(path), pytest.raises(ChurnopsError, match="open in another terminal"), SessionLog(path):
        pass
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o077 == 0


def test_a_full_session_begins_nothing_more_and_still_writes_down_what_was_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "2026-11-21-120000.jsonl"
    monkeypatch.setattr(log_module, "MOST_BYTES", 1_000)
    with SessionLog(path) as log:
        log.append(asked("short"))
        with pytest.raises(WorkspaceError, match=r"is full.*Begin another"):
            log.append(asked("x" * 1_000))
        log.append(OperatorGaveUp(at=NOON, by="claude", reason="y" * 1_000, next=None, spend=Spend()))
        with pytest.raises(WorkspaceError, match="is full"):
            log.append(Queued(at=NOON, text="short"))
    assert [event.kind for event in read_log(path)] == ["asked", "gave_up"]


def test_sessions_are_found_by_their_beginning_and_the_newest_without_one(trained: Opened) -> None:
    workspace = trained.workspace
    with pytest.raises(ChurnopsError, match="no chat session yet"):
        find_session(workspace, "")
    for name in ("2026-11-20-090000", "2026-11-21-090000"):
        with SessionLog(chat_folder(workspace) / f"{name}.jsonl") as log:
            log.append(asked(f"asked in {name}"))
    assert find_session(workspace, "").stem == "2026-11-21-090000"
    assert find_session(workspace, "2026-11-20").stem == "2026-11-20-090000"
    with pytest.raises(ChurnopsError, match="2 sessions begin"):
        find_session(workspace, "2026-11")
    assert [(one.questions, one.first) for one in stored_sessions(workspace)][1] == (1, "asked in 2026-11-20-090000")
    assert new_id(workspace, datetime(2026, 11, 21, 9, tzinfo=UTC)) == "2026-11-21-090000-2"


async def recorded(facts: CaseTools) -> list[Event]:
    """A session with everything in it: looks, a consent, a training, a refusal, a queued question."""
    async with table(facts, "yes", "no") as chat:
        await chat.ask(Scripted(turn("get_drift_summary"), turn("get_drift_summary", "c2"), words("It moved.")), "What moved?")
        chat.session.record(Queued(at=NOON, text="And then?"))
        save = {"case_id": CASE, "action": "monitor", "summary": "s", "reasoning": "r"}
        await chat.ask(
            Scripted(turn("run_training", "c3", **TRAIN), turn("save_remediation_report", "c4", **save), words("Trained.")), "Train."
        )
        await chat.turn(Scripted(words("Then nothing."))).answer("And then?", queued=True)
        return chat.events


@pytest.mark.slow
@pytest.mark.anyio
async def test_cut_off_behind_any_event_a_session_goes_on_whole_and_runs_nothing_again() -> None:
    facts = CaseTools()
    events = await recorded(facts)
    assert len(facts.trained()) == 1
    for kept in range(1, len(events) + 1):
        again = CaseTools()
        async with table(again, "yes", earlier=events[:kept]) as chat:
            session = chat.session
            if session.open is not None:
                end(session, "finished" if session.answered else "interrupted", "", lambda text: UNCHECKED)
            assert again.asked == [], "to go on runs nothing by itself"
            check_whole(session)
            started = [event.number for event in events[:kept] if isinstance(event, CallStarted)]
            assert set(started) <= set(session.results)
            assert session.queue == (
                ["And then?"]
                if any(isinstance(event, Queued) for event in events[:kept])
                and not any(isinstance(event, QuestionAsked) and event.queued for event in events[:kept])
                else []
            )
            after = Scripted(words("Yes."))
            assert await chat.ask(after, "Are you there?") == "finished"
            questions = [event.text for event in events[:kept] if isinstance(event, QuestionAsked)]
            handed = " ".join(message.text for message in after.seen[0])
            assert all(question in handed for question in questions)


@pytest.mark.anyio
async def test_a_resumed_session_is_the_session_that_was_left() -> None:
    events = await recorded(CaseTools())
    async with table(earlier=events) as resumed:
        fresh = Session(lambda event: None, lambda: NOON)
        for event in events:
            fresh.apply(event)
        assert resumed.session.exchanges == fresh.exchanges
        assert (resumed.session.spend, resumed.session.folded) == (fresh.spend, fresh.folded)
        # What was allowed is still allowed, exactly that.
        again = Scripted(turn("run_training", "c9", **TRAIN), words("Again."))
        await resumed.ask(again)
        assert resumed.person.wishes == []


@pytest.mark.anyio
async def test_opening_a_stored_session_shows_it_and_ends_what_was_cut_off(trained: Opened) -> None:
    operator: Operator = Scripted(words("There."))
    crew = Operators(operator, None, lambda name, model: (operator, None), lambda: (operator, None))
    path = chat_folder(trained.workspace) / "2026-11-21-120000.jsonl"
    with SessionLog(path) as log:
        log.append(SessionOpened(at=NOON, session_id=path.stem, operator="o", window="w"))
        log.append(asked("Cut off?"))
    async with open_chat(trained, crew, WindowChoice(), Lines(), run_command, path) as chat:
        assert chat.session.exchanges[0].ended is not None
        assert chat.session.exchanges[0].ended.stopped == "interrupted"
        await chat.take("Go on.")
    assert [event.kind for event in read_log(path)][2:] == ["opened", "ended", "asked", "said", "ended"]
