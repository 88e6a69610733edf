"""A text as its words and numbers in order, with the places where a sentence or a part of one ends."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.?"
_DIGITS = r"(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|(?<![\w.])\.\d+)(?:[eE][-+]?\d{1,2})?"
_DAY = r"(?:[0-2]?\d|3[01])"
_PERCENT = r"\s?(?:%|per\s?cent\b|percentage\b|pp\b|points?\b)"
# Read from left to right: what is no measurement is passed over first, so that what is left of digits is a number.
_TOKEN = re.compile(
    rf"""
      (?P<skipped>
        (?:19|20)\d{{2}}-(?:0[1-9]|1[0-2])(?:-\d{{2}})?(?:[T-][\w:.+-]*)?(?!\w)    # date, time, or an id that begins with one
      | {_DAY}\.?\s{_MONTH}(?:,?\s\d{{4}})? | {_MONTH}\s{_DAY}(?:,?\s\d{{4}})?(?![\w%]) | {_MONTH}\s\d{{4}}
      | (?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?(?!\w)                              # clock
      | v?\d+(?:\.\d+){{2,}}                                                       # version
      | \[\d+\](?=[.\[])                                                           # index within a JSON path
      )
    | (?P<sign>(?<![\w)\]])[-+−])?(?P<digits>{_DIGITS})(?P<percent>{_PERCENT})?(?:(?:ms|min|[xkhs])(?!\w)|(?!\w))
    | (?P<word>\w+(?:-\w+)*)                                                       # word, name, digest, id
    | (?P<stop>[.!?](?=\s|$)|\n)
    | (?P<pause>[,;:()|/–—])
    """,
    re.VERBOSE,
)
_RULE = re.compile(r"[|:\s-]+")  # between a table's head and its rows
_LIST_MARK = re.compile(r"\d{1,2}[.)]\s")
_RANGE_OF_PERCENT = re.compile(rf"\s?(?:[-–→]|to|and)\s?[-+−]?{_DIGITS}{_PERCENT}")
_HALVES = re.compile(r"[_-]|(?<=[a-z])(?=[A-Z])")
_JOINING = frozenset({"and", "but", "while", "against", "versus", "vs", "then"})
NUMBER, SKIPPED = "#", "·"


@dataclass(frozen=True)
class WrittenNumber:
    """A number as it stands in a text, from `start` to `end` (unit included), at `place` among the tokens of its sentence."""

    start: int
    end: int
    sign: str
    digits: str
    percent: bool
    place: int

    @property
    def written(self) -> str:
        """The number without its unit; a percentage keeps its sign."""
        return f"{self.sign}{self.digits}{'%' if self.percent else ''}"

    @property
    def value(self) -> float:
        """Its magnitude, without the sign."""
        return float(self.digits.replace(",", ""))

    @property
    def half_a_digit(self) -> float:
        """Half a unit of the last digit written, and a little for floating point."""
        mantissa, _, exponent = self.digits.lower().partition("e")
        return 0.5 * 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2])) * (1 + 1e-9)

    @property
    def figures(self) -> int:
        """How many digits it is told by: zeros at either end do not count, round numbers are common."""
        mantissa = self.digits.lower().partition("e")[0]
        return len(re.sub(r"\D", "", mantissa).strip("0"))

    @property
    def whole(self) -> bool:
        """Whether it is written without decimals."""
        return "." not in self.digits and "e" not in self.digits.lower()


@dataclass(frozen=True)
class Sentence:
    """Tokens of one sentence: lower-case words, NUMBER and SKIPPED. `parts` says for each token which part of the sentence it is in."""

    tokens: tuple[str, ...]
    parts: tuple[int, ...]
    numbers: tuple[WrittenNumber, ...]


def sentences(text: str) -> tuple[Sentence, ...]:
    """The sentences of `text` in order; a line's end ends one. Numbers of lists, dates, ids and versions are no numbers.

    In a Markdown table each cell is a sentence, that begins with its row's first cell and the head of its column."""
    found: list[Sentence] = []
    heads: list[Sentence] = []
    start = 0
    for line in text.splitlines(keepends=True):
        end = start + len(line)
        if not line.strip().startswith("|"):
            heads = []
            found += _prose(text, start, end)
        elif not _RULE.fullmatch(line.strip()):
            cells = [_joined(_prose(text, *cell)) for cell in _cells(text, start, end)]
            found += _row(heads, cells)
            heads = heads or cells
        start = end
    return tuple(found)


def _cells(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Where the cells of a table's row begin and end."""
    bars = [place for place in range(start, end) if text[place] == "|" and text[place - 1 : place] != "\\"]
    ends = [*bars[1:], end] if text[bars[-1] + 1 : end].strip() else bars[1:]
    return [(bar + 1, stop) for bar, stop in zip(bars, ends, strict=False)]


def _joined(parts: Sequence[Sentence]) -> Sentence:
    """Several sentences as one without parts."""
    tokens: list[str] = []
    numbers: list[WrittenNumber] = []
    for one in parts:
        numbers += [replace(number, place=number.place + len(tokens)) for number in one.numbers]
        tokens += one.tokens
    return Sentence(tuple(tokens), (0,) * len(tokens), tuple(numbers))


def _row(heads: Sequence[Sentence], cells: Sequence[Sentence]) -> list[Sentence]:
    found = []
    for place, cell in enumerate(cells):
        above = heads[place].tokens if place < len(heads) else ()
        said = (*(cells[0].tokens if place else ()), *above)
        tokens = (*said, *cell.tokens)
        numbers = tuple(replace(number, place=number.place + len(said)) for number in cell.numbers)
        found.append(Sentence(tokens, (0,) * len(tokens), numbers))
    return found


def _prose(text: str, start: int, end: int) -> list[Sentence]:
    found: list[Sentence] = []
    tokens: list[str] = []
    parts: list[int] = []
    numbers: list[WrittenNumber] = []
    part = 0

    def close() -> None:
        if tokens:
            found.append(Sentence(tuple(tokens), tuple(parts), tuple(numbers)))
        for kept in (tokens, parts, numbers):
            kept.clear()

    for match in _TOKEN.finditer(text, start, end):
        if match["stop"]:
            close()
        elif match["pause"] == "/" and text[match.start() - 1 : match.start()].isdigit():
            tokens.append("of")  # 8/19
            parts.append(part)
        elif match["pause"]:
            part += 1
        elif match["word"]:
            word = match["word"].lower()
            part += word in _JOINING
            tokens.append(word)
            parts.append(part)
        elif match["skipped"] or _marks_a_list(text, match):
            tokens.append(SKIPPED)
            parts.append(part)
        else:
            percent = match["percent"] is not None or _RANGE_OF_PERCENT.match(text, match.end()) is not None
            numbers.append(WrittenNumber(match.start(), match.end(), match["sign"] or "", match["digits"], percent, len(tokens)))
            tokens.append(NUMBER)
            parts.append(part)
    close()
    return found


def _marks_a_list(text: str, match: re.Match[str]) -> bool:
    starts_line = not text[: match.start()].rpartition("\n")[2].strip(" \t>-*#")
    return starts_line and _LIST_MARK.match(text, match.start()) is not None


def stems(word: str) -> frozenset[str]:
    """The word, and its halves where a hyphen, an underscore or a capital parts them, all lower-case and in the singular."""
    return frozenset(singular(part.lower()) for part in (word, *_HALVES.split(word)) if part)


def words(names: Sequence[str] | str) -> tuple[str, ...]:
    """The words of names, in the singular, in order."""
    text = names if isinstance(names, str) else " ".join(names)
    return tuple(singular(part.lower()) for word in re.findall(r"\w+", text) for part in _HALVES.split(word) if part)


def singular(word: str) -> str:
    """The word without a plural's s, roughly: the same for both."""
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
