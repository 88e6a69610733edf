"""How alike two names of columns or of values are, however they are written: `monthly_charges`, `MonthlyCharges`, `mthly charges`."""

import difflib
import re
from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache

_WORD = re.compile(r"[^\W\d_]+|\d+")
_OF_FLAGS = frozenset({"is", "has", "flag", "ind", "indicator"})  # say that a column holds yes or no, not which one it is
_CLOSE = 0.75  # from which a name is worth proposing in an error
_STEM = 3  # letters from which the beginning of a word stands for it: cust, mon
_SPELT_ALIKE = 0.8  # letters in common from which a word is another one misspelt, or its plural


@lru_cache(4096)
def words_in(name: str) -> tuple[str, ...]:
    """The words of a name in small letters: those of `camelCase`, `snake_case` and of any other writing."""
    return tuple(part.casefold() for word in _WORD.findall(name) for part in _parts(word))


def _parts(word: str) -> list[str]:
    """`MonthlyCharges` is two words, `HTTPCode` as well."""
    starts = [
        place
        for place in range(1, len(word))
        if word[place].isupper() and (word[place - 1].islower() or word[place + 1 : place + 2].islower())
    ]
    return [word[start:end] for start, end in zip([0, *starts], [*starts, len(word)], strict=True)]


def normal(name: str) -> str:
    """A name without case, separators and marks."""
    return "".join(words_in(name)) or name.strip().casefold()


@lru_cache(65_536)
def likeness(first: str, second: str) -> float:
    """How alike two names are, 0 to 1: 1 where they differ in case and separators alone, else the share of words they have in common
    (Sørensen-Dice), abbreviated ones with less."""
    if normal(first) == normal(second):
        return 1.0
    ours, theirs = ([word for word in words_in(name) if word not in _OF_FLAGS] for name in (first, second))
    if not ours or not theirs:
        return 0.0
    pairs = sorted(((_same_word(a, b), i, j) for i, a in enumerate(ours) for j, b in enumerate(theirs)), reverse=True)
    taken: tuple[set[int], set[int]] = (set(), set())
    common = 0.0
    for same, i, j in pairs:
        if i not in taken[0] and j not in taken[1]:
            taken[0].add(i)
            taken[1].add(j)
            common += same
    # Words that were run together ("phoneservice") are compared by their letters.
    by_letters = difflib.SequenceMatcher(None, normal(first), normal(second)).ratio()
    return min(0.95, max(2 * common / (len(ours) + len(theirs)), by_letters if by_letters >= _SPELT_ALIKE else 0.0))


def most_alike(name: str, others: Iterable[str]) -> str | None:
    """The most alike of `others` where it is alike enough to be meant."""
    best = max(others, key=lambda other: likeness(name, other), default=None)
    return best if best is not None and likeness(name, best) >= _CLOSE else None


def near_misses(expected: Mapping[str, str], others: Collection[str]) -> dict[str, str]:
    """By feature, the column among `others` that is probably it, where one is alike. `expected`: by feature, the name looked for."""
    likely = {feature: most_alike(name, others) or most_alike(feature, others) for feature, name in expected.items()}
    return {feature: column for feature, column in likely.items() if column is not None}


def _same_word(first: str, second: str) -> float:
    if first == second:
        return 1.0
    short, long = sorted((first, second), key=len)
    if long.startswith(short):
        return 0.9 if len(short) >= _STEM else 0.6
    letters = difflib.SequenceMatcher(None, first, second).ratio()
    if letters >= _SPELT_ALIKE:
        return letters
    # "amt" for "amount", "chg" for "charges": the first letter, then others in their order.
    remaining = iter(long)
    return 0.7 if len(short) > 1 and short[0] == long[0] and all(letter in remaining for letter in short) else 0.0
