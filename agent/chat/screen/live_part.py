"""What is going on right now, above the prompt: the answer's last lines, the running tool, what waits, and what the human is asked."""

import json
import time
from dataclasses import dataclass, field

from rich.console import RenderableType
from rich.text import Text

from agent.chat.answering.turn import Wish
from agent.chat.markdown import clean, rendered
from agent.chat.screen.scroll import LEAST_WIDTH, MOST_WIDTH, Styling, ansi_console, arguments
from agent.conversation.messages import ToolCall
from agent.views.theme import DETAIL, LOOK, NAME

_DOTS = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_BAR = 16
_QUEUED = 3  # waiting lines that are shown; the rest is counted
_SHOWN_VALUE = 500  # characters of one argument that the human is asked about
_CHANGES = {
    "run_training": "It trains a candidate and judges it; nothing is deployed.",
    "save_remediation_report": "It writes the report and closes the case; nothing is deployed.",
}


@dataclass
class LivePart:
    """The state of what is going on. `began` is the time of the question, in seconds of a steady clock."""

    doing: str = ""
    began: float = 0.0
    call: ToolCall | None = None
    share: float | None = None
    message: str = ""
    wish: Wish | None = None
    hint: str = ""
    queue: list[str] = field(default_factory=list)

    def begin(self, doing: str) -> None:
        """Something begins that the human waits for."""
        self.doing, self.began = doing, time.monotonic()
        self.call, self.share, self.message, self.hint = None, None, "", ""

    def calling(self, call: ToolCall) -> None:
        """A tool is running."""
        self.doing, self.call, self.share, self.message = call.name, call, None, ""

    def finish(self) -> None:
        """There is nothing to wait for."""
        self.doing, self.call, self.share, self.wish = "", None, None, None

    def lines(self, tail: str, width: int, height: int, styling: Styling) -> list[str]:
        """At most `height` lines for a terminal `width` columns wide."""
        width = max(LEAST_WIDTH, min(MOST_WIDTH, width - 1))
        below = self._shown(self._parts(), width, styling)[: max(1, height)]
        above = self._shown([rendered(tail)], width, styling) if tail.strip() else []
        room = max(0, height - len(below))
        return [*(above[-room:] if room else ()), *below]

    def _parts(self) -> list[RenderableType]:
        if self.wish is not None:
            return [*_asked(self.wish), *self._waiting(), *self._hinted()]
        parts: list[RenderableType] = []
        if self.doing:
            seconds = time.monotonic() - self.began
            spinner = _DOTS[int(seconds * 8) % len(_DOTS)]
            words = f"{self.doing} {arguments(self.call, 60) if self.call else ''}".strip()
            line = Text.assemble((f"{spinner} ", NAME), clean(words), (f"  {seconds:.0f} s", DETAIL))
            if self.share is not None:
                full = round(_BAR * min(1.0, max(0.0, self.share)))
                line.append(f"\n  {'━' * full}", style=NAME).append(f"{'─' * (_BAR - full)} {self.share:.0%} ", style=DETAIL)
                line.append(clean(self.message).replace("\n", " ")[:80], style=DETAIL)
            parts.append(line)
        return [*parts, *self._waiting(), *self._hinted()]

    def _waiting(self) -> list[Text]:
        shown = [Text(f"⏳ {clean(text).replace(chr(10), ' ')[:200]}", style=DETAIL) for text in self.queue[:_QUEUED]]
        more = len(self.queue) - _QUEUED
        return [*shown, *([Text(f"⏳ … and {more} more", style=DETAIL)] if more > 0 else [])]

    def _hinted(self) -> list[Text]:
        return [Text(self.hint, style=LOOK)] if self.hint else []

    def _shown(self, parts: list[RenderableType], width: int, styling: Styling) -> list[str]:
        if not parts:
            return []
        console = ansi_console(width, styling)
        with console.capture() as captured:
            console.print(*parts, sep="\n")
        lines = captured.get().split("\n")
        while lines and not lines[-1].strip():
            lines.pop()
        return lines


def _asked(wish: Wish) -> list[RenderableType]:
    call = wish.call
    lines: list[RenderableType] = [Text.assemble(("? ", f"bold {LOOK}"), (clean(call.name), "bold"), " wants to run")]
    for name, value in call.arguments.items():
        text = clean(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)).replace("\n", " ")
        cut = f"… ({len(text) - _SHOWN_VALUE:,} more characters)" if len(text) > _SHOWN_VALUE else ""
        lines.append(Text.assemble((f"    {clean(str(name))[:60]} ", DETAIL), text[:_SHOWN_VALUE] + cut))
    changes = _CHANGES.get(call.name, "It may change something.")
    lines.append(Text(f"  {changes} y: this call · a: all of this kind in this case and session · n: no", style=LOOK))
    return lines
