"""The code blocks of README and docs, each with the mark that stands in front of it.

`<!-- run: in an empty folder -->` (or another of `ROOMS`) begins a story, `<!-- run -->` goes on with it in the same folder, and
`<!-- not run: why -->` says what keeps a block from being run. `text` is output of a block before it, not for running.
"""

import re
from dataclasses import dataclass

from tests.checkout import ROOT

GENERATED = ("reference.md", "questions.md")
PAGES = (ROOT / "README.md", *sorted(page for page in (ROOT / "docs").glob("*.md") if page.name not in GENERATED))
_BLOCK = re.compile(r"(?:^<!-- ((?:not )?run.*?) -->\n\n?)?^(```+|~~~+)([^\n]*)\n(.*?)^\2$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block: its page, the line it begins at, its language, its text; `mark` is "" where nothing is said."""

    page: str
    line: int
    language: str
    text: str
    mark: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks() -> list[Block]:
    """Every block of every page that is written by hand, in the order of the pages."""
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for match in _BLOCK.finditer(text):
            mark, _, language, body = match.groups()
            found.append(Block(page.name, text[: match.start(2)].count("\n") + 1, language.strip(), body, mark or ""))
    return found
