"""Which rows a chat looks at: the choice that commands share, in words, and as `/window` takes it."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from agent.commands.window_options import WindowChoice
from pipeline.errors import ChurnopsError

if TYPE_CHECKING:
    from pipeline.record.opened_workspace import Opened
    from tools.case_windows import WindowReader


@dataclass(frozen=True)
class WindowOf:
    """A window, said in `words`."""

    choice: WindowChoice

    @property
    def words(self) -> str:
        """The window for people."""
        choice = self.choice
        if choice.current is not None:
            return f"file {choice.current.name}"
        if choice.since:
            return f"since {choice.since}"
        if choice.since_deploy:
            return "since the deploy"
        if choice.rows:
            return f"last {choice.rows:,} predictions"
        return f"last {choice.length or '7d'}"

    def reader(self, opened: "Opened") -> "WindowReader":
        """How the tools read it."""
        return self.choice.reader(opened)

    def changed(self, text: str) -> "WindowOf":
        """The window that `/window text` asks for; outcomes given with a file stay with it.

        Raises:
            ChurnopsError: it asks for nothing that is a window.
        """
        from pipeline.windows.spans import parse_length, parse_start

        word, _, rest = text.partition(" ")
        rest = rest.strip()
        if word == "since" and rest:
            parse_start(rest)
            return WindowOf(WindowChoice(since=rest))
        if word == "since-deploy" and not rest:
            return WindowOf(WindowChoice(since_deploy=True))
        if word == "rows" and rest.isdecimal() and int(rest) > 0:
            return WindowOf(WindowChoice(rows=int(rest)))
        if word == "file" and rest:
            return WindowOf(replace(self.choice, current=Path(rest).expanduser(), length="", since="", since_deploy=False, rows=None))
        if word and not rest:
            parse_length(word)
            return WindowOf(WindowChoice(length=word))
        raise ChurnopsError(f"{text[:60]!r} names no window.", "Say 14d, since 2026-11-01, since-deploy, rows 500, or file PATH.")
