"""The words in which a team says who churned and who stayed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pipeline.errors import DataError
from pipeline.record.opened_workspace import Opened
from pipeline.sources.relation import is_present, text_of
from pipeline.sources.source import ALL_ROWS, Files
from pipeline.sources.source_opening import open_source
from pipeline.tables.cell_numbers import Decimal, plain_number
from pipeline.tables.schema import Schema

_NOES = frozenset(("no", "n", "0", "f", "false"))


@dataclass(frozen=True)
class OutcomeWords:
    """Words for churned and for stayed, each as `word_of` spells it. `closed`: they are all there are; else a table that holds one of `yes` and
    a single further word says by that word who stayed. Booleans need no words: true is churned, or stayed where a no is the word for churned."""

    yes: frozenset[str]
    no: frozenset[str]
    closed: bool

    def meanings(self, said: Iterable[str]) -> Mapping[str, int]:
        """1 or 0 by word; a word without a meaning is left out."""
        words = set(said)
        booleans = {"true": int(not self.yes <= _NOES), "false": int(self.yes <= _NOES)}
        told = booleans | dict.fromkeys(self.no, 0) | dict.fromkeys(self.yes, 1)
        known = {word: told[word] for word in words if word in told}
        further = words - set(known)
        if not self.closed and len(further) == 1 and set(known.values()) == {1}:
            known |= dict.fromkeys(further, 0)
        return known


def word_of(text: str, decimal: Decimal = ".") -> str:
    """A cell's text as words are compared: in any case of letters, and "1.0" as "1"."""
    number = plain_number(text, decimal)
    return text.casefold() if number is None else str(number)


def outcome_words(opened: Opened) -> OutcomeWords:
    """The words of [outcomes], for what it leaves open those of the reference's target."""
    named, data = opened.settings.outcomes, opened.settings.data
    yes, no = named.yes or (data.positive,), named.no or data.negative or _other_values(opened)
    told = frozenset(word_of(word) for word in yes)
    return OutcomeWords(told, frozenset(word_of(word) for word in no) - told, closed=bool(named.no))


def _other_values(opened: Opened) -> tuple[str, ...]:
    """What the reference's target holds beside `positive`; nothing where the reference cannot be read."""
    data = opened.settings.data
    alone = Schema(target=data.target, positive=data.positive, categorical=(data.target,))
    try:
        with open_source(Files(str(opened.reference_file), data.format), alone, ALL_ROWS) as relation:
            column = relation.columns.get(data.target)
            if column is None:
                return ()
            text = text_of(column, relation.dialect)
            found = relation.rows(f"select distinct {text} from {relation.table} where {is_present(column, relation.dialect)} limit 3")
            return tuple(str(value).strip() for (value,) in found)
    except DataError:
        return ()
