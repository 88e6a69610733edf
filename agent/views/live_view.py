"""A person's view of a run: a live panel at a terminal, plain lines anywhere else. It reads events and nothing else."""

import json
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.rule import Rule
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from agent.case import events
from agent.views.theme import BAD, DETAIL, GOOD, LOOK
from pipeline.words import STATUSES, action_name

TAIL_LINES = 4  # of what the operator says while it says it
FRAME_LINES = 16  # everything of the panel but the calls
CALL_WIDTH = len("save_remediation_report")  # at least, so that no name is broken


@contextmanager
def silent_keys() -> Iterator[None]:
    """Keep the terminal from printing what is typed, `^C` above all: it moves the cursor, and a border of the panel stays behind."""
    try:
        import termios
    except ImportError:  # a system whose terminals are of another kind
        yield
        return
    try:
        terminal = sys.stdin.fileno()
        before = termios.tcgetattr(terminal)
    except (OSError, ValueError, termios.error):  # nobody types here
        yield
        return
    quiet = before.copy()
    quiet[3] &= ~termios.ECHO
    termios.tcsetattr(terminal, termios.TCSANOW, quiet)
    try:
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSANOW, before)


@dataclass
class _Row:
    number: int | None
    name: str
    arguments: str
    result: str = ""
    style: str = DETAIL


class LiveView:
    """Shows a run on `console`; a context manager and a reader of events for `run`.

    Texts of operators and tools are shown as they are, without markup and without control characters.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._animated = console.is_terminal and not console.is_dumb_terminal
        self._live = Live(self, console=console, refresh_per_second=8, transient=True)
        self._quiet = ExitStack()
        self._spinner = Spinner("dots")
        self._started: events.Started | None = None
        self._operator = ""
        self._rows: dict[str, _Row] = {}
        self._said = ""
        self._doing = "starting"
        self._progress: events.ToolProgress | None = None
        self._spent: events.Spent | None = None
        self._turns = 0
        self._calls = 0
        self._seconds = 0.0

    def __enter__(self) -> "LiveView":
        if self._animated:
            self._quiet.enter_context(silent_keys())
            self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._animated:
            self._live.stop()
            self._quiet.close()

    def __call__(self, event: events.Event) -> None:
        """Take in one event and show it."""
        if self._started:
            self._seconds = (event.at - self._started.at).total_seconds()
        match event:
            case events.Started():
                self._started, self._operator, self._calls = event, f"{event.operator} ({event.about})", event.tool_calls
                self._print(*self._head())
            case events.TurnStarted():
                self._turns, self._said, self._doing = event.turn, "", f"{event.operator} is thinking"
            case events.TextDelta():
                self._said += event.text
            case events.ToolCalled():
                self._print_said()
                self._calls, self._doing, self._progress = event.number, f"{event.name} is running", None
                self._rows[event.call_id] = _Row(event.number, event.name, _arguments(event.arguments))
            case events.ToolProgress():
                self._progress = event
            case events.ToolReturned():
                self._answered(event.call_id, event.name, event.line, BAD if event.is_error else "")
            case events.Refused():
                self._answered(event.call_id, event.name, f"refused: {event.line}", LOOK)
            case events.Spent():
                self._print_said()
                self._spent = event
            case events.OperatorChanged():
                self._operator = f"{event.label} ({event.about})"
                self._print(_plain(f"{event.failed} failed: {event.reason} {event.operator} goes on.", LOOK))
            case events.Stopped():
                self._print_said()
                self._finish(event)

    def _answered(self, call_id: str, name: str, result: str, style: str) -> None:
        row = self._rows.setdefault(call_id, _Row(None, name, ""))
        row.result, row.style = result, style
        self._progress, self._doing = None, "going on"
        if not self._animated:
            line = f"{row.number or '–'} {row.name} {row.arguments}".rstrip() + f" -> {row.result}"
            self._console.print(_plain(line, row.style), soft_wrap=True)

    def _finish(self, event: events.Stopped) -> None:
        if not self._animated:
            self._console.print(self._spend_line(), *_ending_lines(event), sep="\n", soft_wrap=True)
            return
        self._live.stop()
        self._console.print(Group(*self._head(), self._table(len(self._rows)), self._spend_line(), *_ending_lines(event)))

    def _print(self, *lines: Text) -> None:
        if not self._animated:
            self._console.print(*lines, sep="\n", soft_wrap=True)

    def _print_said(self) -> None:
        if said := self._said.strip():
            self._print(_plain(said, "italic"))
        if not self._animated:
            self._said = ""

    def _head(self) -> list[Text]:
        if self._started is None:  # the case is being opened
            return []
        lines = [_plain(f"case {self._started.case_id}", "bold"), _plain(f"operator {self._operator}")]
        return [*lines, _plain(self._started.window)] if self._started.window else lines

    def __rich__(self) -> RenderableType:
        """The panel as it stands now."""
        width = max(20, self._console.width - 4)
        lines_a_call = 3 if width < 80 else 2 if width < 120 else 1
        room = max(2, (self._console.height - FRAME_LINES) // lines_a_call)
        tail = _plain(self._said.strip(), "italic").wrap(self._console, width)[-TAIL_LINES:]
        parts: list[RenderableType] = [*self._head(), Rule(style=DETAIL), self._table(room), *tail, self._busy(), self._spend_line()]
        return Panel(Group(*parts), title="churnops triage", title_align="left")

    def _busy(self) -> RenderableType:
        if self._progress is None or not self._progress.total:
            self._spinner.update(text=_plain(self._doing))
            return self._spinner
        bar = Table.grid(padding=(0, 1))
        bar.add_row(
            ProgressBar(total=self._progress.total, completed=self._progress.done, width=20), _plain(self._progress.message or self._doing)
        )
        return bar

    def _table(self, room: int) -> Table:
        table = Table.grid(padding=(0, 1), expand=True)
        table.add_column(justify="right", style=DETAIL, width=2)
        table.add_column(ratio=2, width=CALL_WIDTH, overflow="fold")
        table.add_column(ratio=3, overflow="fold")
        rows = list(self._rows.values())
        if len(rows) > room:
            table.add_row("", _plain(f"{len(rows) - room} earlier calls", DETAIL), "")
        for row in rows[-room:]:
            call = _plain(f"{row.name} {row.arguments}".strip())
            table.add_row(str(row.number or "–"), call, _plain(row.result or "running", row.style))
        return table

    def _spend_line(self) -> Text:
        if self._started is None:
            return Text("")
        limits = self._started.limits
        parts = [f"turns {self._turns}/{limits.turns}", f"calls {self._calls}/{limits.tool_calls}"]
        if self._spent and self._spent.total.tokens:
            total = self._spent.total
            parts += [f"tokens {total.tokens:,}/{limits.tokens:,} ({total.cached_tokens:,} cached)", f"${total.usd:.4f}/{limits.usd:.2f}"]
        return _plain(" · ".join([*parts, f"{self._seconds:.0f}/{limits.seconds:.0f} s"]), DETAIL)


def _ending_lines(event: events.Stopped) -> list[Text]:
    lines = []
    if event.report:
        style = f"bold {GOOD if event.stopped == 'finished' else LOOK}"
        lines.append(_plain(f"{action_name(event.report.action)}: {STATUSES[event.report.status]}", style))
        if event.report.second_opinion:
            lines.append(_plain(f"two opinions: {event.report.second_opinion} A person must decide.", LOOK))
    elif event.stopped == "finished":
        lines.append(_plain("another run closed this case", "bold"))
    else:
        lines.append(_plain("no report was saved by the operator", "bold"))
    if event.stopped != "finished":
        lines.append(_plain(f"stopped: {event.stopped.replace('_', ' ')}"))
    if event.failure:
        lines.append(_plain(event.failure))
    return lines


def _arguments(arguments: dict[str, Any]) -> str:
    """Arguments in a few words: what every call carries and the long texts of the report are left out."""
    shown = {name: value for name, value in arguments.items() if name not in {"case_id", "summary", "reasoning"}}
    words = (value if isinstance(value, str) else f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in shown.items())
    return " ".join(words)[:120]


def _plain(text: str, style: str = "") -> Text:
    """Text without markup, control, bidirectional or other invisible characters."""
    kept = (character for character in text if character == "\n" or unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co", "Cn"})
    return Text("".join(kept), style=style)
