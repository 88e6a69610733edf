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
    number ("0.0" for "0"), and a new number is spelt in its shortest form. Anything else is a new category, spelt as it is: where "007" or a
    word is among the known, the column holds texts.
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

    def spelling(self, text: str | None, decimal: Decimal = ".") -> str | None:
        """The category that a cell's text names, None where it is missing. `decimal`: the mark in the numbers of its table."""
        found = present(text)
        if found is None or found in self._texts or not self._numbers:
            return found
        number = plain_number(found, decimal)
        return found if number is None else self._numbers.get(number, str(number))

    @property
    def are_whole(self) -> bool:
        """Whether all of them are whole numbers, and there are any."""
        return bool(self._numbers) and all(isinstance(number, int) for number in self._numbers)


# By column. A column that is not in it has no reference.
Spelling = Mapping[str, Categories]
NO_SPELLING: Spelling = MappingProxyType({})


def settled(texts: Iterable[str | None], decimal: Decimal = ".") -> Categories:
    """The categories of a reference's column with these cells, which settles their spelling: numbers in their shortest form where all of them
    are numbers without leading zeros, else the texts."""
    found = sorted({text for text in map(present, texts) if text is not None})
    numbers = [plain_number(text, decimal) for text in found]
    return Categories(tuple(found) if None in numbers else tuple(sorted({str(number) for number in numbers})))
