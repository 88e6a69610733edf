"""Which value of a column means which value of the reference, where they are written differently: Y and Yes, m and Month-to-month, 0 and No."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pipeline.tables.categories import Categories
from pipeline.tables.similar_names import likeness, normal, words_in

Evidence = Literal["same", "alike", "frequency"]

_YES, _NO = frozenset({"yes", "y", "true", "t", "1"}), frozenset({"no", "n", "false", "f", "0"})
_SEPARATORS = re.compile(r"[\s_./'()-]")
_NUMBERS = {"one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6"}
_ALIKE = 0.7  # likeness of two values from which they may be one
_NEAR, _FAR = 0.03, 0.10  # shares of rows closer than the first are one value's; those of another value differ by the second


@dataclass(frozen=True)
class MatchedValues:
    """`meant`: by value, the reference's, where it is written differently. `left_open`: values that match none. `overlap`: share of rows, 0 to 1,
    in which both columns agree once the values are translated. `evidence`: the weakest that was used; by "frequency" a person should check.
    """

    meant: Mapping[str, str]
    left_open: tuple[str, ...]
    overlap: float
    evidence: Evidence


def matched_values(found: Mapping[str, float], reference: Mapping[str, float]) -> MatchedValues:
    """Match the values of a column, each with its share of the rows, with a reference's.

    In turn: the same text, or the same number; the same letters; a word for yes or no; an abbreviation or another spelling, where it can be that
    of one value alone; and, for what is left, the only one left or shares that only fit in one way.
    """
    spelling = Categories(tuple(reference))
    matched = {value: named for value in found if (named := spelling.spelling(value)) in reference and named is not None}
    plain = {_letters(value): value for value in reference}
    yes_no = {truth: value for value in reference if (truth := _truth(value)) is not None}
    for value in found:
        if value not in matched:
            truth = _truth(value)
            same = plain.get(_letters(value)) or (None if truth is None or len(yes_no) < 2 else yes_no[truth])
            matched |= {value: same} if same is not None else {}
    evidence: Evidence = "same" if len(matched) == len(found) else "alike"
    matched |= _only_pairs({value: [r for r in reference if _is_short_for(value, r)] for value in found if value not in matched}, matched)
    by_frequency = _by_frequency(found, reference, matched)
    if by_frequency:
        matched, evidence = matched | by_frequency, "frequency"
    shares = dict.fromkeys(reference, 0.0)
    for value, named in matched.items():
        shares[named] += found[value]
    return MatchedValues(
        meant={value: named for value, named in matched.items() if spelling.spelling(value) != named},
        left_open=tuple(value for value in found if value not in matched),
        overlap=sum(min(share, shares[value]) for value, share in reference.items()),
        evidence=evidence,
    )


def is_word(value: str) -> bool:
    """Whether a value says by itself what it speaks of: a code, a letter, yes and no may stand in any column."""
    return _truth(value) is None and sum(map(str.isalpha, value)) > 1


def _truth(value: str) -> bool | None:
    word = value.strip().casefold()
    return True if word in _YES else False if word in _NO else None


def _is_short_for(value: str, reference: str) -> bool:
    first, second = (" ".join(_NUMBERS.get(word, word) for word in words_in(text)) for text in (value, reference))
    short, long = normal(first), normal(second)
    # A number alone is a code, which may count from anywhere.
    return (
        _marks(value) == _marks(reference)
        and not short.isdecimal()
        and bool(short)
        and (long.startswith(short) or likeness(first, second) >= _ALIKE)
    )


def _letters(value: str) -> str:
    """A value without case and separators; one without any letter is itself, because there the marks matter."""
    return _SEPARATORS.sub("", value).casefold() if any(map(str.isalpha, value)) else value


def _marks(value: str) -> list[str]:
    """What says more than or less than, and the like."""
    return sorted(character for character in _SEPARATORS.sub("", value) if not character.isalnum())


def _only_pairs(candidates: Mapping[str, list[str]], matched: Mapping[str, str]) -> dict[str, str]:
    """The values with one candidate that is nobody else's."""
    free = {value: [named for named in named_by if named not in matched.values()] for value, named_by in candidates.items()}
    wanted = [named for named_by in free.values() for named in named_by]
    return {value: named_by[0] for value, named_by in free.items() if len(named_by) == 1 and wanted.count(named_by[0]) == 1}


def _by_frequency(found: Mapping[str, float], reference: Mapping[str, float], matched: Mapping[str, str]) -> dict[str, str]:
    """What is left on both sides, where the shares of rows can be paired in one way only; nothing where any pair is in doubt."""
    left = [value for value in found if value not in matched]
    free = [value for value in reference if value not in matched.values()]
    if not left or len(left) != len(free):
        return {}
    pairs: dict[str, str] = {}
    for value in left:
        near = [named for named in free if abs(found[value] - reference[named]) < _FAR]
        if len(near) != 1 or abs(found[value] - reference[near[0]]) >= _NEAR:
            return {}
        pairs[value] = near[0]
    return pairs if len(set(pairs.values())) == len(pairs) else {}
