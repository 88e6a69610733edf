"""What a person sees of a run: a panel at a terminal, plain lines elsewhere, and never what data would make of the screen."""

import pty
import re
import termios
from collections.abc import Iterable
from io import StringIO

import pytest
from mcp import Client
from rich.console import Console

from agent.case.events import (
    Event,
    OperatorChanged,
    Refused,
    Spent,
    Started,
    Stopped,
    TextDelta,
    ToolCalled,
    ToolProgress,
    ToolReturned,
    TurnStarted,
)
from agent.case.loop import run, tool_specs
from agent.conversation.messages import Answer, OperatorFailed, Spend
from agent.operators.rulebook import Rulebook
from agent.views.live_view import LiveView
from pipeline.record.cases import ReportRef
from tests.agent.case_tools import CASE, CaseTools, clock_at, shipped_policy
from tests.agent.scripted import Scripted, calls
from tools.results import ReportReply

LIMITS = shipped_policy().limits
ANSI = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")
STARTED = Started(
    at=clock_at(), case_id=CASE, operator="claude", about="a model", window="6 of 19 features drifted", limits=LIMITS, tool_calls=2
)
CALLED = ToolCalled(at=clock_at(3), call_id="a", number=3, name="run_training", arguments={"case_id": CASE, "n_estimators": 250})


def console(*, terminal: bool, width: int = 60, environment: dict[str, str] | None = None) -> Console:
    environment = {"TERM": "xterm-256color", **(environment or {})}
    return Console(file=StringIO(), force_terminal=terminal, width=width, height=40, _environ=environment, color_system="auto")


def output(of: Console) -> str:
    assert isinstance(of.file, StringIO)
    return of.file.getvalue()


def show(events: Iterable[Event], on: Console) -> str:
    with LiveView(on) as view:
        for event in events:
            view(event)
    return output(on)


def panel(events: Iterable[Event], width: int = 60) -> str:
    """The live panel after `events`, as text."""
    on = console(terminal=False, width=width)
    view = LiveView(console(terminal=True, width=width))
    for event in events:
        view(event)
    on.print(view)
    return output(on)


async def play(on: Console, *, fail: bool = False) -> str:
    facts, policy = CaseTools(), shipped_policy()
    train = ("run_training", {"case_id": CASE, "estimator": "random_forest", "n_estimators": 250})
    save = ("save_remediation_report", {"case_id": CASE, "action": "retrain", "summary": "s", "reasoning": "r"})
    spend = Spend(input_tokens=6123, output_tokens=812, cached_tokens=4100, usd=0.0123)
    said = calls(train).model_copy(update={"text": "I train a candidate."})
    last = OperatorFailed("The provider could not be reached.") if fail else Answer(turn=calls(save, prefix="d"), spend=spend)
    async with Client(facts.server()) as client:
        tools = await tool_specs(client)
        with LiveView(on) as view:
            await run(
                Scripted(Answer(turn=said, spend=spend), last),
                Rulebook(policy),
                client,
                tools,
                (facts.briefing(),),
                policy.limits,
                view,
                clock_at,
                2,
            )
    return output(on)


@pytest.mark.anyio
async def test_without_a_terminal_a_run_is_plain_lines_in_order() -> None:
    text = await play(console(terminal=False))
    assert text.splitlines() == [
        f"case {CASE}",
        "operator scripted (a script)",
        "1 of 19 features drifted (share 0.316), drift level: medium; 900 rows, 400 labelled",
        "I train a candidate.",
        "3 run_training random_forest n_estimators=250 -> ROC-AUC 0.8051 (+0.0124 against the champion), gate passed",
        f"4 save_remediation_report retrain -> retrain, waits for approval; report .churnops/reports/{CASE}.md",
        "turns 2/10 · calls 4/25 · tokens 13,870/200,000 (8,200 cached) · $0.0246/0.50 · 0/300 s",
        "retrain: waits for approval",
    ]


@pytest.mark.anyio
async def test_a_dumb_terminal_gets_plain_lines_too() -> None:
    assert "\x1b" not in await play(console(terminal=True, environment={"TERM": "dumb"}))


@pytest.mark.anyio
async def test_a_terminal_of_60_columns_ends_with_calls_and_what_came_of_them_and_nothing_runs_over() -> None:
    text = ANSI.sub("", await play(console(terminal=True)))
    assert "retrain: waits for approval" in text
    assert "save_remediation_report" in text
    assert max(len(line) for line in text.splitlines()) <= 60


@pytest.mark.anyio
async def test_a_change_of_operator_is_said() -> None:
    text = await play(console(terminal=False), fail=True)
    assert "scripted failed: The provider could not be reached. rulebook goes on." in text
    assert "stopped: operator failed" in text
    assert "operator scripted+rulebook (policy" in ANSI.sub("", await play(console(terminal=True, width=100), fail=True))


@pytest.mark.anyio
async def test_no_color_is_respected() -> None:
    colours = re.compile(r"\x1b\[(?:\d+;)*(?:3[0-7]|9[0-7]|38;|4[0-7])")
    assert colours.search(await play(console(terminal=True)))
    assert not colours.search(await play(console(terminal=True, environment={"NO_COLOR": "1"})))


def test_the_panel_shows_what_runs_now_and_how_far_it_is() -> None:
    text = panel([STARTED, CALLED, ToolProgress(at=clock_at(5), call_id="a", done=3, total=4, message="fold 3")])
    assert "run_training" in text
    assert "n_estimators=250" in text
    assert "fold 3" in text
    assert "━" * 15 in text
    assert "calls 3/25" in text
    assert "5/300 s" in text


def test_the_panel_shows_the_tail_of_what_is_said() -> None:
    words = " ".join(f"word{number}" for number in range(100))
    text = panel([STARTED, TurnStarted(at=clock_at(), turn=1, operator="claude"), TextDelta(at=clock_at(), text=words)])
    assert "word99" in text
    assert "word10 " not in text
    assert "claude is thinking" in text


def test_many_calls_leave_room_for_the_rest_of_the_panel() -> None:
    events: list[Event] = [STARTED]
    for number in range(1, 26):
        events += [
            ToolCalled(at=clock_at(), call_id=str(number), number=number, name="get_drift_summary", arguments={}),
            ToolReturned(at=clock_at(), call_id=str(number), name="get_drift_summary", is_error=False, line="long " * 12, structured=None),
        ]
    text = panel(events)
    assert len(text.splitlines()) <= 40
    assert "earlier calls" in text
    assert "calls 25/25" in text


def test_what_was_said_before_an_interrupt_is_not_lost() -> None:
    stopped = Stopped(
        at=clock_at(),
        stopped="interrupted",
        operator="claude",
        turns=1,
        tool_calls=2,
        trainings=0,
        spend=Spend(),
        report=None,
        failure=None,
    )
    text = show([STARTED, TextDelta(at=clock_at(), text="The share is"), stopped], console(terminal=False))
    assert text.splitlines()[3] == "The share is"


@pytest.mark.parametrize("terminal", [True, False])
def test_text_from_data_and_models_cannot_touch_the_screen(terminal: bool) -> None:
    evil = "[red]x[/red] [link=file:///etc]y[/link] \x1b[2J\x1b]0;title\x07 \u202egnp.exe \ud800 [/nonsense]"
    events: list[Event] = [
        STARTED.model_copy(update={"window": evil, "about": evil}),
        TextDelta(at=clock_at(), text=evil),
        CALLED.model_copy(update={"name": evil, "arguments": {"estimator": evil}}),
        ToolProgress(at=clock_at(), call_id="a", done=1, total=2, message=evil),
        ToolReturned(at=clock_at(), call_id="a", name="run_training", is_error=True, line=evil, structured=None),
        Refused(at=clock_at(), call_id="b", name=evil, rule=None, line=evil),
        OperatorChanged(at=clock_at(), failed="claude", operator="rulebook", label="claude+rulebook", about=evil, reason=evil),
        Spent(at=clock_at(), turn=1, spend=Spend(), total=Spend(input_tokens=5)),
        Stopped(
            at=clock_at(),
            stopped="interrupted",
            operator="claude",
            turns=1,
            tool_calls=3,
            trainings=0,
            spend=Spend(),
            report=None,
            failure=evil,
        ),
    ]
    text = show(events, console(terminal=terminal, width=200))
    assert "[red]x[/red]" in text
    assert "[/nonsense]" in text
    for harmful in ("\x1b[2J", "\x1b]", "\x07", "\u202e", "\ud800"):
        assert harmful not in text
    assert "no report was saved by the operator" in text
    assert "stopped: interrupted" in text
    assert "[red]x[/red]" in panel(events, width=200)


def fail_in_the_middle(on: Console) -> None:
    with LiveView(on) as view:
        view(STARTED)
        raise ZeroDivisionError


def test_an_error_in_the_run_gives_the_cursor_back() -> None:
    on = console(terminal=True)
    with pytest.raises(ZeroDivisionError):
        fail_in_the_middle(on)
    assert output(on).rindex("\x1b[?25h") > output(on).rindex("\x1b[?25l")


def test_what_is_typed_does_not_move_the_panel_and_is_shown_again_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, terminal = pty.openpty()
    with open(terminal, closefd=True) as keys, open(ours, closefd=True):  # noqa: PTH123 — a terminal has no path
        monkeypatch.setattr("sys.stdin", keys)

        def echoes() -> bool:
            return bool(termios.tcgetattr(terminal)[3] & termios.ECHO)

        assert echoes()
        with LiveView(console(terminal=True)):
            assert not echoes()
        assert echoes()
        with pytest.raises(KeyboardInterrupt), LiveView(console(terminal=True)):
            raise KeyboardInterrupt
        assert echoes()


def test_two_opinions_stand_in_the_verdict() -> None:
    report = ReportReply(
        case_id=CASE,
        action="monitor",
        report=ReportRef(path="r.md", sha256="f" * 64),
        status="needs_people",
        next_command=None,
        second_opinion="claude chose monitor, the rulebook would train (retrain, recent).",
    )
    stopped = Stopped(
        at=clock_at(9),
        stopped="finished",
        operator="claude",
        turns=1,
        tool_calls=4,
        trainings=0,
        spend=Spend(),
        report=report,
        failure=None,
    )
    said = show([STARTED, stopped], console(terminal=False, width=200))
    assert "two opinions: claude chose monitor, the rulebook would train (retrain, recent). A person must decide." in said
    closed = stopped.model_copy(update={"report": None})
    assert "another run closed this case" in show([STARTED, closed], console(terminal=False))
