"""Numbers in an operator's words, matched against the evidence: a number that no tool returned is marked, not believed."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

MARK = "[no source]"

_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.?"
_DIGITS = r"(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|(?<![\w.])\.\d+)(?:[eE][-+]?\d{1,2})?"
_DAY = r"(?:[0-2]?\d|3[01])"
_PERCENT = r"\s?(?:%|per\s?cent\b|percentage\b|pp\b|points?\b)"
# Read from left to right: what is no measurement is passed over first, so that what is left of digits is a number.
_TOKEN = re.compile(
    rf"""
      (?:19|20)\d{{2}}-(?:0[1-9]|1[0-2])(?:-\d{{2}})?(?:[T-][\w:.+-]*)?(?!\w)    # date, time, or an id that begins with one
    | {_DAY}\.?\s{_MONTH}(?:,?\s\d{{4}})? | {_MONTH}\s{_DAY}(?:,?\s\d{{4}})?(?![\w%]) | {_MONTH}\s\d{{4}}
    | (?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?(?!\w)                              # clock
    | v?\d+(?:\.\d+){{2,}}                                                       # version
    | \[\d+\](?=[.\[])                                                           # index within a JSON path
    | (?P<sign>(?<![\w)\]])[-+−])?(?P<digits>{_DIGITS})(?P<percent>{_PERCENT})?(?:(?:ms|min|[xkhs])(?!\w)|(?!\w))
    | \w+(?:-\w+)*                                                               # word, name, digest, id
    """,
    re.VERBOSE,
)
_LIST_MARK = re.compile(r"\d{1,2}[.)]\s")
_RANGE_OF_PERCENT = re.compile(rf"\s?(?:[-–→]|to|and)\s?[-+−]?{_DIGITS}{_PERCENT}")
_ALWAYS_FINE = frozenset({"0", "1", "2", "3"})  # counting words ("one of two models") are no measurements


@dataclass(frozen=True)
class _Number:
    """A number of the evidence; `percent` when it was said as one."""

    value: float
    percent: bool


def mark_unsourced(text: str, evidence: Iterable[Any]) -> tuple[str, tuple[str, ...]]:
    """`text` with a mark behind every number that matches nothing in `evidence`, and those numbers.

    `evidence` is any nesting of mappings, sequences, strings and numbers. A number matches a value that rounds to it at
    the digits written (a single digit is a count, and matches only itself); one said in percent matches a share or a percentage.
    A sign that is written must be the value's. Numbers inside evidence strings count as values too.
    """
    known = tuple(_numbers(evidence))
    unsourced: list[str] = []

    def check(match: re.Match[str]) -> str:
        if match["digits"] is None or _marks_a_list(text, match) or _sourced(match, known):
            return match.group()
        written = f"{match['sign'] or ''}{match['digits']}{'%' if (match['percent'] or '').endswith('%') else ''}"
        unsourced.append(written)
        return f"{match.group()} {MARK}"

    return _TOKEN.sub(check, text), tuple(unsourced)


def _marks_a_list(text: str, match: re.Match[str]) -> bool:
    starts_line = not text[: match.start()].rpartition("\n")[2].strip()
    return starts_line and _LIST_MARK.match(text, match.start()) is not None


def _sourced(match: re.Match[str], known: Iterable[_Number]) -> bool:
    written, sign = match["digits"], match["sign"]
    percent = match["percent"] is not None or _RANGE_OF_PERCENT.match(match.string, match.end()) is not None
    if written in _ALWAYS_FINE and not percent and sign is None:
        return True
    claimed, tolerance = _value(written), _half_a_digit(written)
    if len(written) == 1:
        tolerance = 0.0  # a count; so little is left of a measurement rounded to one digit that it would match anything
    for number in known:
        if number.percent and not percent:
            continue
        if sign is not None and number.value != 0 and (number.value < 0) != (sign != "+"):
            continue
        scale = 100.0 if percent and not number.percent else 1.0
        if abs(abs(number.value) * scale - claimed) <= tolerance:
            return True
    return False


def _value(digits: str) -> float:
    return float(digits.replace(",", ""))


def _half_a_digit(digits: str) -> float:
    """Half a unit of the last digit written, and a little for floating point."""
    mantissa, _, exponent = digits.lower().partition("e")
    return 0.5 * 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2])) * (1 + 1e-9)


def _numbers(evidence: Any) -> Iterator[_Number]:
    if isinstance(evidence, bool) or evidence is None:
        return
    if isinstance(evidence, int | float):
        yield _Number(float(evidence), percent=False)
    elif isinstance(evidence, str):
        for match in _TOKEN.finditer(evidence):
            if match["digits"] is not None:
                value = _value(match["digits"])
                yield _Number(value if match["sign"] in {None, "+"} else -value, percent=match["percent"] is not None)
    elif isinstance(evidence, Mapping):
        for value in evidence.values():
            yield from _numbers(value)
    elif isinstance(evidence, Iterable):
        for value in evidence:
            yield from _numbers(value)
