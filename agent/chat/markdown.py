"""An operator's Markdown at a terminal: shown block by block as it arrives, without a control character, a link or HTML in it."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from markdown_it import MarkdownIt
from rich.markdown import Markdown

from agent.views.theme import BAD, rich_theme
from pipeline.shown_text import plain
from reports.markdown_cells import cell

# What is struck through is never shown so: the mark carries the underline of numbers without a source.
THEME = rich_theme(markdown_s=f"underline {BAD}", markdown_link="none")
_PARSER = MarkdownIt("commonmark", {"html": False}).enable(["strikethrough", "table"]).disable(["image", "link", "autolink", "reference"])
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_HEADING = re.compile(r" {0,3}#{1,6}\s+(.*?)\s*#*$")


def clean(text: str) -> str:
    """Text without control, bidirectional or other invisible characters; tabs become spaces, line ends stay."""
    unseen = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    return "".join(one for one in text.replace("\t", " ") if one == "\n" or unicodedata.category(one) not in unseen)


def rendered(block: str, unsourced: Iterable[tuple[int, int]] = ()) -> Markdown:
    """One block of Markdown, ready to be printed under `THEME`; what stands at the places `unsourced` is underlined."""
    markdown = Markdown("", hyperlinks=False, code_theme="ansi_dark")
    markdown.parsed = _PARSER.parse(_marked(block, unsourced))
    return markdown


def _marked(block: str, unsourced: Iterable[tuple[int, int]]) -> str:
    if _FENCE.match(block):
        return clean(block)
    pieces, done = [], 0
    for start, end in unsourced:
        pieces += [_plainly(block[done:start]), f"~~{clean(block[start:end])}~~"]
        done = end
    text = "".join((*pieces, _plainly(block[done:])))
    return "\n".join(f"**{found[1]}**" if (found := _HEADING.match(line)) and found[1] else line for line in text.split("\n"))


def _plainly(text: str) -> str:
    return clean(text).replace("~~", r"\~\~")


@dataclass(frozen=True)
class Block:
    """A block of Markdown, and where it begins in the stream."""

    start: int
    text: str


class Blocks:
    """Cuts a stream of Markdown into blocks that stand for themselves: paragraphs, lists, whole tables, whole fences."""

    def __init__(self) -> None:
        self.rest = ""
        self._start = 0

    def take(self, text: str) -> Iterator[Block]:
        """Take in a piece; yields the blocks that it completes."""
        self.rest += text
        while (end := _end_of_block(self.rest)) is not None:
            yield from self._cut(end)

    def finish(self) -> Iterator[Block]:
        """The stream is over: what is left is a block, too, and the next stream begins."""
        yield from self._cut(len(self.rest))
        self._start = 0

    def _cut(self, end: int) -> Iterator[Block]:
        block, self.rest, start = self.rest[:end], self.rest[end:], self._start
        self._start += end
        if block.strip():
            yield Block(start + len(block) - len(block.lstrip("\n")), block.strip("\n"))


def _end_of_block(text: str) -> int | None:
    """Where the first block of `text` ends: behind the first blank line outside a fence, or behind the fence."""
    place, fence = 0, ""
    begun = False
    for line in text.splitlines(keepends=True):
        if not line.endswith("\n"):
            return None
        place += len(line)
        found = _FENCE.match(line)
        if fence:
            if found and found[1].startswith(fence):
                return place
        elif found:
            if begun:
                return place - len(line)
            fence = found[1]
        elif not line.strip() and begun:
            return place
        begun = begun or bool(line.strip())
    return None


def sentence(text: str) -> str:
    """A sentence of ours as Markdown: the names in backticks stay code, all else is plain text."""
    # Framed, because what stands between two names keeps its spaces.
    return "".join(f"`{part}`" if place % 2 else cell(f"|{part}|")[2:-2] for place, part in enumerate(text.split("`")))


def table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A Markdown table; what stands in its cells is plain text."""
    lines = [header, tuple("---" for _ in header), *(tuple(cell(plain(value, 400)) for value in row) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
