"""The session as it stands on the terminal: every event as lines, the same for a live session and for its replay."""

import json
import re
from collections.abc import Callable
from datetime import datetime
from io import StringIO
from typing import Any, Literal

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.text import Text

from agent.chat.markdown import THEME, Block, Blocks, clean, rendered
from agent.chat.session import events
from agent.conversation.messages import Spend, ToolCall
from agent.views.theme import BAD, DETAIL, GOOD, LOOK, NAME
from pipeline.words import counted
from reports.grounding.grounding import Grounded

LEAST_WIDTH, MOST_WIDTH = 20, 110  # longer lines are hard to read
_CODES = re.compile(r"\x1b\[[\d;]*m")
_CONSENT = {"yes": "you allowed it once", "always": "you allowed it for this session", "no": "you did not allow it"}

Check = Callable[[str], Grounded]
Styling = Literal["colours", "no_colours", "plain"]  # under NO_COLOR bold and underline stay; plain is for files and pipes


class Scroll:
    """Turns events into lines for a terminal `width()` columns wide and hands them to `write`.

    `check` says which numbers of a text no tool has returned.
    """

    def __init__(self, write: Callable[[str], None], width: Callable[[], int], check: Check, styling: Styling) -> None:
        self._write = write
        self._width = width
        self._check = check
        self._styling = styling
        self._blocks = Blocks()
        self._streamed = ""
        self._calls: dict[int, ToolCall] = {}
        self._asked_at: datetime | None = None
        self._spent = Spend()
        self._turns = 0
        self._made = 0

    @property
    def tail(self) -> str:
        """What has been streamed and is no whole block yet."""
        return self._blocks.rest

    def stream(self, text: str) -> None:
        """A piece of an answer: blocks that it completes are shown."""
        self._streamed += text
        for block in self._blocks.take(text):
            self._block(block)

    def show(self, event: events.Event) -> None:
        """Show one event; a kind of event that people need not see shows nothing."""
        match event:
            case events.SessionOpened():
                word = "resumed" if event.resumed else "session"
                self.lines(Text(clean(f"{word} {event.session_id} · {event.operator} · {event.window}"), style=DETAIL))
            case events.QuestionAsked():
                self._asked_at, self._spent, self._turns, self._made = event.at, Spend(), 0, 0
                self._asked(event.text)
            case events.OperatorSaid():
                self._turns += 1
                self._spent += event.spend
                self._said(event.turn.text)
            case events.OperatorGaveUp():
                self._spent += event.spend
                self._said(event.partial)
                goes_on = f" {event.next} goes on." if event.next else ""
                self.lines(Text(clean(f"{event.by} failed: {event.reason}{goes_on}"), style=LOOK))
            case events.ConsentGiven():
                self.lines(Text(f"  {_CONSENT[event.answer]}", style=DETAIL))
            case events.CallStarted():
                self._calls[event.number] = event.call
            case events.CallEnded():
                self._made += 1
                self._called(event)
            case events.QuestionEnded():
                self._said(event.partial)
                self._ended(event)
            case events.CommandRan():
                self._asked(event.line)
                self.markdown(event.markdown)
            case events.Changed():
                self.lines(Text(clean(f"{event.what}: {event.to}"), style=DETAIL))
            case events.Folded():
                self.lines(
                    Text(
                        f"From here the first {counted(event.upto, 'question')} are handed on in short; /show reads any call again.",
                        style=DETAIL,
                    )
                )

    def markdown(self, text: str) -> None:
        """Markdown of ours, or an operator's, block by block."""
        blocks = Blocks()
        for block in (*blocks.take(text + "\n"), *blocks.finish()):
            self._print(rendered(block.text))

    def lines(self, *lines: RenderableType) -> None:
        """Lines as they are, and an empty one behind them."""
        self._print(*lines)

    def _asked(self, text: str) -> None:
        head = Text("› ", style=f"bold {NAME}")
        head.append(clean(text), style="bold")
        self._print(head)

    def _said(self, text: str) -> None:
        """The whole of what was streamed, or of an answer that was not: what has been shown of it is not shown again."""
        rest = text[len(self._streamed) :] if text.startswith(self._streamed) else "\n\n" + text
        self._streamed += rest
        for block in (*self._blocks.take(rest), *self._blocks.finish()):
            self._block(block)
        self._streamed = ""

    def _block(self, block: Block) -> None:
        # What a number means is said before it, sometimes a block before: all up to it is checked.
        end = block.start + len(block.text)
        unsourced = self._check(self._streamed[:end]).unsourced_at
        self._print(rendered(block.text, [(first - block.start, last - block.start) for first, last in unsourced if first >= block.start]))

    def _called(self, event: events.CallEnded) -> None:
        call = self._calls[event.number]
        mark, style = ("✗", BAD) if event.is_error else ("↺", DETAIL) if event.cached_from else ("✓", GOOD)
        head = Text.assemble(
            ("  "), (mark, style), (f" {event.label} ", DETAIL), (clean(call.name), "bold"), f" {arguments(call)}".rstrip()
        )
        line = f"as it was answered before: {event.line}" if event.cached_from else event.line
        left = len(event.text) + event.lost - len(event.shown)
        cut = f" ({left:,} characters not handed on)" if left > 0 else ""
        self._print(head, Padding(Text(clean(line) + cut, style=BAD if event.is_error else DETAIL), (0, 0, 0, 6)))

    def _ended(self, event: events.QuestionEnded) -> None:
        lines: list[Text] = []
        if event.stopped != "finished":
            lines.append(Text(stopped_words(event.stopped), style=LOOK))
        if event.unsourced:
            said = f"No tool result has {', '.join(dict.fromkeys(event.unsourced))}: do not rely on it."
            lines.append(Text(clean(said), style=BAD))
        parts = [counted(self._made, "call")]
        if self._spent.tokens:
            parts += [counted(self._turns, "turn"), f"{self._spent.tokens:,} tokens", f"${self._spent.usd:.4f}"]
        if self._asked_at is not None:
            parts.append(f"{(event.at - self._asked_at).total_seconds():.1f} s")
        self._print(*lines, Text(" · ".join(parts), style=DETAIL))

    def _print(self, *parts: RenderableType) -> None:
        width = max(LEAST_WIDTH, min(MOST_WIDTH, self._width()))
        console = ansi_console(width, self._styling)
        with console.capture() as captured:
            console.print(*parts, sep="\n")
        kept = [line.rstrip(" ") for line in captured.get().split("\n")]
        while kept and _is_empty(kept[-1]):
            kept.pop()
        while kept and _is_empty(kept[0]):
            kept.pop(0)
        self._write("".join(f"{line}\n" for line in (*kept, "")))


def _is_empty(line: str) -> bool:
    return not _CODES.sub("", line).strip()


def ansi_console(width: int, styling: Styling) -> Console:
    """A console whose output is captured as text for a terminal `width` columns wide."""
    return Console(
        file=StringIO(),
        width=width,
        force_terminal=True,
        color_system=None if styling == "plain" else "256",
        no_color=styling != "colours",
        theme=THEME,
        highlight=False,
        legacy_windows=False,
    )


def stopped_words(stopped: str) -> str:
    """Why a question ended, as people are told."""
    told = {
        "interrupted": "Stopped.",
        "operator_failed": "There is no answer.",
        "turn_limit": "All turns of one question are used (`limits.turns`).",
        "tool_limit": "All tool calls of one question are used (`limits.tool_calls`).",
        "token_limit": "The next answer could exceed the tokens of this question (`limits.tokens`) or session (`chat.tokens`).",
        "cost_limit": "The next answer could exceed the cost of this question (`limits.usd`) or session (`chat.usd`).",
        "time_limit": "The time for one question was up (`limits.seconds`).",
    }
    return told.get(stopped, stopped.replace("_", " "))


def arguments(call: ToolCall, most: int = 160) -> str:
    """A call's arguments in a few words: the case, which every call carries, is left out."""
    words = (f"{name}={_value(value)}" for name, value in call.arguments.items() if name != "case_id")
    line = clean(" ".join(words)).replace("\n", " ")
    return line if len(line) <= most else line[: most - 1] + "…"


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
