"""Turns a terminal screen into an SVG: `tmux capture-pane -ep | python docs/pictures.py docs/images/NAME.svg`."""

import sys
from pathlib import Path

from rich.ansi import AnsiDecoder
from rich.console import Console


def main() -> None:
    """Read a screen with its colour codes from stdin; write the picture of it."""
    screen = list(AnsiDecoder().decode(sys.stdin.read().rstrip()))  # one decoder: colours last until they are changed
    console = Console(record=True, width=max(line.cell_len for line in screen), file=open("/dev/null", "w"))  # noqa: PTH123, SIM115
    for line in screen:
        console.print(line, soft_wrap=True)
    console.save_svg(sys.argv[1], title=Path(sys.argv[1]).stem.replace("-", " "))


if __name__ == "__main__":
    main()
