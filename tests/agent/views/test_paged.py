"""Long output goes through a pager only where a person can leave it."""

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from rich.console import Console
from rich.text import Text

from agent.views.paged import show


class Paging(Console):
    """A terminal of 24 lines that notes whether a pager was opened."""

    paged = False

    @contextmanager
    def pager(self, *_: object, **__: object) -> Iterator[None]:  # type: ignore[override]
        self.paged = True
        yield


@pytest.mark.parametrize(
    ("lines", "terminal", "stdin", "paged"),
    [(60, True, True, True), (5, True, True, False), (60, False, True, False), (60, True, False, False)],
)
def test_a_pager_opens_for_long_output_at_a_terminal(
    monkeypatch: pytest.MonkeyPatch, lines: int, terminal: bool, stdin: bool, paged: bool
) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: stdin)
    console = Paging(file=io.StringIO(), force_terminal=terminal, width=80, height=24, _environ={"TERM": "xterm"})
    show(console, Text("\n".join(f"line {number}" for number in range(lines))))
    assert console.paged == paged
    assert isinstance(console.file, io.StringIO)
    assert f"line {lines - 1}" in console.file.getvalue()
