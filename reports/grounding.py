"""Numbers in an operator's words, matched against the evidence: a number that no tool returned is marked, not believed."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

MARK = "[no source]"

# A number on its own: not part of a word, date, version or digest.
_NUMBER = re.compile(r"(?<![\w.,:/-])[-+−]?\d[\d,]*(?:\.\d+)?%?(?![\w/:]|[.,-]\d|-\w)")
_LIST_MARK = re.compile(r"[.)]\s")
_ALWAYS_FINE = frozenset(range(4))  # counting words ("one of two models") are no measurements


def mark_unsourced(text: str, evidence: Iterable[Any]) -> tuple[str, tuple[str, ...]]:
    """`text` with a mark behind every number that matches nothing in `evidence`, and those numbers.

    `evidence` is any nesting of mappings, sequences, strings and numbers. A number matches a value that rounds to it at
    the digits written, as it stands or as a percentage of a share; numbers inside evidence strings count as values too.
    """
    values = tuple(_numbers(evidence))
    unsourced: list[str] = []

    def check(match: re.Match[str]) -> str:
        written = match.group()
        starts_line = not text[: match.start()].rpartition("\n")[2].strip()
        if (starts_line and _LIST_MARK.match(text, match.end())) or _sourced(written, values):
            return written
        unsourced.append(written)
        return f"{written} {MARK}"

    return _NUMBER.sub(check, text), tuple(unsourced)


def _sourced(written: str, values: tuple[float, ...]) -> bool:
    percent = written.endswith("%")
    digits = written.rstrip("%").replace(",", "").replace("−", "-")
    claimed = abs(float(digits))
    if not percent and claimed in _ALWAYS_FINE and "." not in digits:
        return True
    tolerance = 0.5 * 10 ** -len(digits.partition(".")[2]) * (1 + 1e-9)
    scales = (100.0,) if percent else (1.0, 100.0)
    close = any(abs(abs(value) * scale - claimed) <= tolerance for value in values for scale in scales)
    return close or (percent and any(abs(abs(value) - claimed) <= tolerance for value in values if abs(value) > 1))


def _numbers(evidence: Any) -> Iterable[float]:
    if isinstance(evidence, bool) or evidence is None:
        return
    if isinstance(evidence, int | float):
        yield float(evidence)
    elif isinstance(evidence, str):
        for match in _NUMBER.finditer(evidence):
            yield float(match.group().rstrip("%").replace(",", "").replace("−", "-"))
    elif isinstance(evidence, Mapping):
        for value in evidence.values():
            yield from _numbers(value)
    elif isinstance(evidence, Iterable):
        for value in evidence:
            yield from _numbers(value)
