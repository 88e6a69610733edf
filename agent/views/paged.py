"""Long output at a terminal goes through the pager that the person has chosen, as git's does."""

import os
import sys

from rich.console import Console, RenderableType


def show(console: Console, *parts: RenderableType) -> None:
    """Print `parts`; through a pager where they are higher than the terminal and a person can leave it."""
    if not (console.is_terminal and sys.stdin.isatty()) or console.is_dumb_terminal or _height(console, parts) < console.height:
        console.print(*parts, sep="\n")
        return
    os.environ.setdefault("LESS", "-RFX")  # colours, no pager for a page, and the text stays on the screen
    with console.pager(styles=not console.no_color):
        console.print(*parts, sep="\n")


def _height(console: Console, parts: tuple[RenderableType, ...]) -> int:
    return sum(len(console.render_lines(part, pad=False)) for part in parts)
