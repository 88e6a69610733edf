"""A text as its sentences: the numbers and dates written in each, and the tool calls it cites."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = rf"(?:{'|'.join(_MONTHS)})[a-z]*\.?"
_WORDS = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_DIGITS = r"(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|(?<![\w.])\.\d+)(?:e[-+]?\d{1,2})?"
_PERCENT = r"\s?(?P<unit>%|per\s?cent\b|percentage\b|pp\b|points?\b)"
_SCALES = {"k": 1e3, "thousand": 1e3, "million": 1e6}
# Read from left to right: what is no measurement is passed over first, so that what is left of digits is a number.
_TOKEN = re.compile(
    rf"""
      (?P<cited>\bcalls?\s(?P<calls>\d+(?:(?:,\s?|\s?[-–]\s?|\s(?:and|to)\s|,\sand\s)\d+)*)\b)
    | (?P<iso>(?P<y>(?:19|20)\d\d)-(?P<m>0[1-9]|1[0-2])-(?P<d>\d\d)(?:[T ][\d:.]+(?:Z|[+-]\d\d:\d\d)?)?(?![\w-]))
    | (?P<daymonth>(?P<d1>[0-2]?\d|3[01])\.?\s(?P<m1>{_MONTH})(?:,?\s(?P<y1>\d{{4}}))?(?!\w))
    | (?P<monthday>\b(?P<m2>{_MONTH})\s(?P<d2>[0-2]?\d|3[01])(?:,?\s(?P<y2>\d{{4}}))?(?![\w%]))
    | (?P<skipped>
        (?:19|20)\d\d-(?:0[1-9]|1[0-2])(?:-\d\d)?(?:[T-][\w:.+-]*)?(?!\w)          # a month, or an id that begins with a date
      | \b{_MONTH}\s\d{{4}} | (?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?(?!\w)         # a month, a clock
      | v?\d+(?:\.\d+){{2,}} | \[\d+\](?=[.\[])                                    # a version, an index within a JSON path
      | (?m:^[\s>\#*-]*\(?\d{{1,2}}[.)]\s) )                                       # the number of a list's item
    | (?P<sign>(?<![\w)\]])[-+−])?(?P<digits>{_DIGITS})(?:{_PERCENT}|\s?(?P<scale>k|thousand|million)\b)?(?:(?:ms|min|[xhs])(?!\w)|(?!\w))
    | \b(?P<word>{"|".join(_WORDS)})\b(?!-)
    | \w+(?:-\w+)*                                                                 # a word, name, digest or id
    | (?P<stop>[.!?](?=\s|$)|\n)
    """,
    re.VERBOSE | re.IGNORECASE,
)
_LIST_OF_PERCENT = re.compile(rf"(?:\s?(?:[-–→/|,]|to|and|or|after|from)\s?[-+−]?{_DIGITS}){{1,6}}{_PERCENT}", re.IGNORECASE)


@dataclass(frozen=True)
class WrittenNumber:
    """A number or a date as it stands in a text, from `start` to `end` with its unit. `value` is its magnitude, a percentage's as a share,
    `half` half a unit of its last digit; of a date `value` is the day of its year-less month as MMDD and `year` may be known."""

    start: int
    end: int
    written: str
    value: float
    half: float
    sign: str = ""
    unit: str = ""
    whole: bool = False
    is_word: bool = False
    is_day: bool = False
    year: int | None = None

    @property
    def signed(self) -> float:
        """Its value with the sign that is written."""
        return -self.value if self.sign in {"-", "−"} else self.value

    @property
    def day(self) -> date | None:
        """The date, where it was written with its year and there is such a day."""
        try:
            return date(self.year, int(self.value) // 100, int(self.value) % 100) if self.is_day and self.year else None
        except ValueError:
            return None


@dataclass(frozen=True)
class Citation:
    """Tool calls that a sentence cites, from `start` to `end`."""

    start: int
    end: int
    calls: tuple[int, ...]


@dataclass(frozen=True)
class Sentence:
    """One sentence of a text, from `start` to `end`; a line's end ends one, so a table's row is a sentence."""

    start: int
    end: int
    numbers: tuple[WrittenNumber, ...]
    citations: tuple[Citation, ...]


def sentences(text: str) -> Iterator[Sentence]:
    """The sentences of `text` in order. Ids, versions, clocks and the numbers of lists are no numbers."""
    start = 0
    numbers: list[WrittenNumber] = []
    citations: list[Citation] = []
    for match in _TOKEN.finditer(text):
        if match["stop"]:
            yield Sentence(start, match.end(), tuple(numbers), tuple(citations))
            start, numbers, citations = match.end(), [], []
        elif match["cited"]:
            citations.append(Citation(match.start("calls"), match.end(), tuple(_calls(match["calls"]))))
        elif match["digits"]:
            numbers.append(_number(text, match))
        elif match["word"]:
            value = float(2 + _WORDS.index(match["word"].lower()))
            numbers.append(WrittenNumber(match.start(), match.end(), match[0], value, 0.0, whole=True, is_word=True))
        elif match["iso"] or match["daymonth"] or match["monthday"]:
            numbers.append(_day(match))
    yield Sentence(start, len(text), tuple(numbers), tuple(citations))


def _calls(written: str) -> Iterator[int]:
    for first, last in re.findall(r"(\d+)(?:\s?(?:[-–]|to)\s?(\d+))?", written):
        yield from range(int(first), min(int(last or first), int(first) + 100) + 1)


def _number(text: str, match: re.Match[str]) -> WrittenNumber:
    ahead = None if match["unit"] else _LIST_OF_PERCENT.match(text, match.end("digits"))
    unit = match["unit"] or (ahead["unit"] if ahead else "")
    digits = match["digits"].replace(",", "")
    mantissa, _, exponent = digits.lower().partition("e")
    scale = (0.01 if unit else 1.0) * _SCALES.get((match["scale"] or "").lower(), 1.0)
    half = 0.5 * 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2])) * (1 + 1e-9)
    whole = "." not in digits and not exponent and not match["scale"]
    written = f"{match['sign'] or ''}{match['digits']}{'%' if unit else ''}"
    end = match.end("unit") if match["unit"] else match.end()
    return WrittenNumber(match.start(), end, written, float(digits) * scale, half * scale, match["sign"] or "", unit, whole)


def _day(match: re.Match[str]) -> WrittenNumber:
    year, month, day = (next((match[f"{part}{way}"] for way in ("", "1", "2") if match[f"{part}{way}"]), "") for part in "ymd")
    number = int(month) if month.isdigit() else 1 + _MONTHS.index(month[:3].lower())
    return WrittenNumber(
        match.start(), match.end(), match[0], 100.0 * number + int(day), 0.0, is_day=True, year=int(year) if year else None
    )
