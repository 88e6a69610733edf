"""How a category is spelt: as the reference spells it, whatever else happens to lie in the same file."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

from pipeline.tables.cell_numbers import Decimal, plain_number
from pipeline.tables.missing import present


@dataclass(frozen=True)
class Categories:
    """The `known` categories of one column, as the reference spells them.

    A text that is one of them is that category. Where all of them are numbers without leading zeros, so is another text for the same
    number ("0.0" for "0"), and a new number is spelt in its shortest form. Where all of them are true and false, in any case, or 0 and 1, so
    is whatever else writes a truth, as every format writes them in its own way. Anything else is a new category, spelt as it is: where "007"
    or a word is among the known, the column holds texts.
    """

    known: tuple[str, ...]

    @cached_property
    def _texts(self) -> frozenset[str]:
        return frozenset(self.known)

    @cached_property
    def _numbers(self) -> Mapping[int | float, str]:
        """The known categories by number; empty where one of them is none."""
        found = {plain_number(text): text for text in reversed(self.known)}
        return {} if None in found else {number: text for number, text in found.items() if number is not None}

    @cached_property
    def _truths(self) -> Mapping[bool, str]:
        """The known categories by truth; empty where one of them is none."""
        found = {_truth(text): text for text in reversed(self.known)}
        return {} if None in found else {truth: text for truth, text in found.items() if truth is not None}

    def spelling(self, text: str | None, decimal: Decimal = ".") -> str | None:
        """The category that a cell's text names, None where it is missing. `decimal`: the mark in the numbers of its table."""
        found = present(text)
        if found is None or found in self._texts:
            return found
        if self._truths and (truth := _truth(found, decimal)) is not None:
            return self._truths.get(truth, str(int(truth) if self._numbers else truth))
        if not self._numbers:
            return found
        number = plain_number(found, decimal)
        return found if number is None else self._numbers.get(number, str(number))

    @property
    def are_whole(self) -> bool:
        """Whether all of them are whole numbers, and there are any."""
        return bool(self._numbers) and all(isinstance(number, int) for number in self._numbers)


_TRUTHS = {"true": True, "false": False}

# By column. A column that is not in it has no reference.
Spelling = Mapping[str, Categories]
NO_SPELLING: Spelling = MappingProxyType({})


def _truth(text: str, decimal: Decimal = ".") -> bool | None:
    """What a stripped text says to be true or false; None where it says neither."""
    written = _TRUTHS.get(text.casefold(), plain_number(text, decimal))
    return bool(written) if written in (0, 1) else None


def settled(texts: Iterable[str | None], decimal: Decimal = ".") -> Categories:
    """The categories of a reference's column with these cells, which settles their spelling: numbers in their shortest form where all of them
    are numbers without leading zeros, one of each truth where all are true or false in any case, else the texts."""
    found = sorted({text for text in map(present, texts) if text is not None})
    numbers = [plain_number(text, decimal) for text in found]
    if {text.casefold() for text in found} <= {*_TRUTHS}:
        return Categories(tuple(sorted({_truth(text): text for text in reversed(found)}.values())))
    return Categories(tuple(found) if None in numbers else tuple(sorted({str(number) for number in numbers})))
