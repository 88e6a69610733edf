"""`churnops chat` as a person has it: a real terminal, wide and narrow, typed into and looked at."""

import re
import shutil
import sys
import time
from pathlib import Path

import pytest

from agent.views.status_view import status_lines
from pipeline.record.champion import require_champion
from pipeline.record.opened_workspace import Opened
from reports.decisions.workspace_status import workspace_status
from tests.agent.chat.conftest import changed as changed
from tests.conftest import NOON
from tests.end_to_end.tmux import Tmux
from tests.reports.conftest import pending_workspace as pending_workspace
from tests.reports.conftest import waiting as waiting
from tests.reports.waiting import LATER, Waiting

pytestmark = [pytest.mark.slow, pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")]


def played(opened: Opened, *more: str) -> list[str]:
    return [sys.executable, "-m", "tests.agent.chat.played", (LATER if more[:1] == ("later",) else NOON).isoformat(),
            str(opened.workspace.root), *(part for part in more if part != "later")]  # fmt: skip


def session_of(opened: Opened) -> Path:
    (path,) = (opened.workspace.home / "chat").glob("*.jsonl")
    return path


def conversation(screen: str) -> list[str]:
    """The words of the conversation: what is drawn anew all the time, and how long things took, are left out."""
    kept = re.sub(r"\d+\.\d s$", "", screen, flags=re.MULTILINE)
    drawn = re.compile(r"›|player \(a script\) ·.*|Ctrl-C again quits.*")
    return " ".join(line.strip() for line in kept.splitlines() if not drawn.fullmatch(line.strip())).split()


@pytest.mark.parametrize("width", [120, 60])
def test_a_session_typed_stopped_queued_and_shown_again(changed: Opened, tmp_path: Path, width: int) -> None:
    with Tmux(tmp_path / "tmux", played(changed), width, 34) as terminal:
        terminal.wait_for("champion v1")
        terminal.type("tool get_drift_summary")
        terminal.wait_for("✓ 1 get_drift_summary")
        terminal.type("stream 400")
        terminal.wait_for("Line 3 of it.")
        terminal.type("table")
        terminal.wait_for("⏳ table")
        terminal.press("C-c")
        shown = terminal.wait_for("That was it.")
        assert "Stopped." in shown
        assert "Line 399" not in shown
        assert "|---|" not in shown
        terminal.type("claim")
        terminal.wait_for("No tool result has 0.4711")
        save = '{"case_id":"x","action":"monitor","summary":"s","reasoning":"r"}'
        terminal.type(f"tool save_remediation_report {save}")
        terminal.wait_for("Allow? y/a/N ›")
        terminal.type("what?")
        terminal.wait_for("Answer y, a or n first.")
        terminal.type("n")
        terminal.wait_for("you did not allow it")
        terminal.wait_for("You said: what?")
        terminal.type("/why")
        terminal.wait_for("rests on")
        terminal.press("C-c")
        terminal.wait_for("Ctrl-C again quits")
        terminal.press("C-c")
        left = terminal.wait_for("The session is kept")
        assert max(map(len, left.splitlines())) <= width
    path = session_of(changed)
    replay = [sys.executable, "-m", "churnops", "chat", "-w", str(changed.workspace.root), "--replay", "newest"]
    with Tmux(tmp_path / "again", replay, width, 34) as terminal:
        again = terminal.wait_for_end()
    assert conversation(left[: left.index("The session is kept")]) == conversation(again.split("Pane is dead")[0])
    assert path.stem in again


@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_session_begins_with_five_lines_that_break_between_words(changed: Opened, tmp_path: Path, width: int) -> None:
    chat = [sys.executable, "-m", "churnops", "chat", "-w", str(changed.workspace.root), "--operator", "rulebook"]
    with Tmux(tmp_path / "tmux", chat, width, 30) as terminal:
        shown = " ".join(terminal.wait_for("champion v1").split())
    for line in status_lines(workspace_status(changed))[:4]:
        assert " ".join(line.split()) in shown
    assert "You have not asked before." in shown


def test_a_killed_session_is_taken_up_where_it_stood(changed: Opened, tmp_path: Path) -> None:
    with Tmux(tmp_path / "tmux", played(changed), 100, 30) as terminal:
        terminal.wait_for("champion v1")
        terminal.type("hello there")
        terminal.wait_for("You said: hello there")
        terminal.type("stream 400")
        terminal.wait_for("Line 3 of it.")
        terminal.type("and this one waits")
        terminal.wait_for("⏳ and this one waits")
        terminal.kill()
    with Tmux(tmp_path / "again", played(changed, str(session_of(changed))), 100, 30) as terminal:
        terminal.wait_for("You said: and this one waits")
        shown = terminal.screen
        assert "You said: hello there" in shown
        assert shown.index("› stream 400") < shown.index("Stopped.") < shown.index("› and this one waits")


def test_ctrl_c_stops_an_answer_at_once(changed: Opened, tmp_path: Path) -> None:
    with Tmux(tmp_path / "tmux", played(changed), 100, 30) as terminal:
        terminal.wait_for("champion v1")
        terminal.type("stream 4000")
        terminal.wait_for("Line 5 of it.")
        terminal.press("C-c")
        terminal.wait_for("Stopped.")
        before = terminal.screen
        time.sleep(0.5)
        assert before.count("Line") == terminal.screen.count("Line"), "nothing is said after it was stopped"


def test_only_the_person_approves_in_place(waiting: Waiting, tmp_path: Path) -> None:
    opened, champion = waiting.opened, require_champion(waiting.opened.workspace, waiting.opened.ledger)
    with Tmux(tmp_path / "tmux", played(opened, "later"), 100, 40) as terminal:
        terminal.wait_for("champion v1")
        terminal.type(f"/approve {waiting.ours}")
        terminal.wait_for("Reason:")
        terminal.type("The gate passed.")
        terminal.wait_for("to confirm, anything else to stop")
        terminal.type("yes")
        terminal.wait_for("Not confirmed")
        assert require_champion(opened.workspace, opened.ledger) == champion
        terminal.type(f"/approve {waiting.ours}")
        terminal.wait_for("Reason:", times=3)
        terminal.press("C-c")
        terminal.wait_for("Stopped; nothing was decided.")
        terminal.type(f"/approve {waiting.ours}")
        terminal.wait_for("Reason:", times=3)
        terminal.type("The gate passed.")
        terminal.wait_for("to confirm, anything else to stop", times=2)
        version = waiting.case.challenger.version if waiting.case.challenger else ""
        terminal.type(f"deploy {version}")
        terminal.wait_for(f"Deployed version {version}")
        terminal.wait_for(f"champion v{version}")
        terminal.type("still here?")
        terminal.wait_for("You said: still here?")
    assert require_champion(opened.workspace, opened.ledger).version == version


def test_without_colours_nothing_is_coloured(changed: Opened, tmp_path: Path) -> None:
    with Tmux(tmp_path / "tmux", played(changed), 60, 30, NO_COLOR="1") as terminal:
        terminal.wait_for("champion v1")
        terminal.type("claim")
        terminal.wait_for("No tool result has 0.4711")
        coloured = terminal._capture("-e")
    assert not re.search(r"\x1b\[[\d;]*(?<![\d])(?:3[0-7]|9[0-7]|4[0-7]|38;|48;)", coloured)
    assert re.search(r"\x1b\[[\d;]*4m0\.4711", coloured)
