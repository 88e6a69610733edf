"""Which window is looked at, as a person chose it: a file, or a stretch of the prediction log; in words, and as a chat takes it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import ChurnopsError
from pipeline.tables.remote_files import is_remote

if TYPE_CHECKING:  # commands choose before they read anything
    from pipeline.record.champion import Champion
    from pipeline.record.opened_workspace import Opened
    from pipeline.windows.baseline import Baseline
    from pipeline.windows.spans import Span
    from pipeline.windows.window import Window

# Reads the window once it is known what it is compared with.
WindowReader = Callable[["Champion", "Baseline"], "Window"]


@dataclass(frozen=True)
class WindowChoice:
    """What the person asked for; nothing is the last seven days of the log. At most one of the four stretches is given, and none beside
    `current`; `outcomes` stand in for the logged ones."""

    current: Path | None = None
    outcomes: Path | None = None
    length: str = ""
    since: str = ""
    since_deploy: bool = False
    rows: int | None = None

    @property
    def words(self) -> str:
        """The window for people."""
        if self.current is not None:
            return f"file {self.current.name}"
        if self.since:
            return f"since {self.since}"
        if self.since_deploy:
            return "since the deploy"
        if self.rows:
            return f"last {self.rows:,} predictions"
        return f"last {self.length or '7d'}"

    def reader(self, here: "Opened") -> WindowReader:
        """How to read that window."""

        def read(champion: "Champion", baseline: "Baseline") -> "Window":
            from pipeline.intake.windows import file_window, logged_window

            if self.current is not None:
                return file_window(here, baseline, self.current, self.outcomes)
            return logged_window(here, champion, baseline, self._span(), self.outcomes)

        return read

    def changed(self, text: str) -> "WindowChoice":
        """The window that `/window text` asks for; outcomes given with a file stay with it.

        Raises:
            ChurnopsError: it asks for nothing that is a window.
        """
        from pipeline.windows.spans import parse_length, parse_start

        word, _, rest = text.partition(" ")
        rest = rest.strip()
        if word == "since" and rest:
            parse_start(rest)
            return WindowChoice(since=rest)
        if word == "since-deploy" and not rest:
            return WindowChoice(since_deploy=True)
        if word == "rows" and rest.isdecimal() and int(rest) > 0:
            return WindowChoice(rows=int(rest))
        if word == "file" and is_remote(rest):
            raise ChurnopsError("A chat takes its window from a file on this machine.", "Start it with --current URL.")
        if word == "file" and rest:
            return replace(self, current=Path(rest).expanduser(), length="", since="", since_deploy=False, rows=None)
        if word and not rest:
            parse_length(word)
            return WindowChoice(length=word)
        raise ChurnopsError(f"{text[:60]!r} names no window.", "Say 14d, since 2026-11-01, since-deploy, rows 500, or file PATH.")

    def _span(self) -> "Span | None":
        from pipeline.windows.spans import NewestRows, SinceDeploy, parse_length, parse_start

        if self.length:
            return parse_length(self.length)
        if self.since:
            return parse_start(self.since)
        if self.since_deploy:
            return SinceDeploy()
        return NewestRows(self.rows) if self.rows else None
