"""Whether a feature is a quantity or a category, and why."""

from dataclasses import dataclass

import numpy as np

from pipeline.roles.column import NEARLY_ALL, TableColumn
from pipeline.tables.schema import Kind

_FEWEST_NUMBERS = 11  # different whole numbers from which a column is a quantity, unless its name says that they are codes
_FREE_TEXT_SHARE, _FREE_TEXT_VALUES = 0.5, 50
_POSTAL = frozenset({"zip", "zipcode", "postal", "postcode", "plz"})
# As the last word of a name: "plan", "payment_type", "area code"; but not in "plan_price".
_CODES = (
    frozenset({"branch", "category", "channel", "class", "cluster", "code", "department", "district", "group", "id", "method", "plan"})
    | frozenset({"product", "region", "segment", "sku", "state", "status", "store", "tariff", "type", "zone"})
    | _POSTAL
)
_NUMBERED = frozenset({"no", "nr", "number"})  # "plan number" is a code, "number of plans" a count
_AMOUNTS = frozenset({"amount", "balance", "charge", "charges", "cost", "fee", "income", "price", "revenue", "salary", "spend"})
_COUNTS = frozenset(
    {"age", "calls", "children", "complaints", "count", "days", "dependents", "family", "hours", "months", "n", "num", "orders"}
) | frozenset({"products", "tenure", "tickets", "total", "visits", "weeks", "years"})


@dataclass(frozen=True)
class Reading:
    """What a feature is, and the reason in a few words."""

    kind: Kind
    why: str


def read_kind(column: TableColumn) -> Reading:
    """Whether a column is a quantity or a category.

    Numbers are a quantity if they have fractions, if there are more than ten, if the name says that they count something, or if they stand
    in order, one like the next; codes by name, numbers with leading zeros and two values alone are categories.
    """
    if not column.is_numeric:
        if column.number_share >= NEARLY_ALL:
            return Reading("categorical", not_numbers(column))
        return Reading("categorical", f"{len(column.distinct):,} different texts")
    found = len(column.distinct)
    if len(column.whole_numbers) <= 2:
        return Reading("categorical", "two values" if found > 1 else "one value or missing")
    if not column.is_whole:
        return Reading("numerical", "numbers with fractions" if column.distinct.str.fullmatch(r"[\d.,eE+-]+").all() else "amounts")
    if column.distinct.str.fullmatch(r"[+-]?0\d+").any():
        return Reading("categorical", "numbers with leading zeros are codes")
    if _named_code(column):
        return Reading("categorical", "codes, by its name")
    if column.says(_COUNTS):
        return Reading("numerical", "a count, by its name")
    if column.says(_AMOUNTS):
        return Reading("numerical", "an amount, by its name")
    if found >= _FEWEST_NUMBERS:
        return Reading("numerical", f"{found:,} different whole numbers")
    gaps = np.diff(column.whole_numbers)
    if np.median(gaps) == gaps.min():
        return Reading("numerical", "whole numbers in order")
    return Reading("categorical", "few whole numbers with gaps are codes")


def is_free_text(column: TableColumn) -> bool:
    """Whether most rows have a text of their own."""
    return not column.is_numeric and len(column.distinct) > _FREE_TEXT_VALUES and column.distinct_share > _FREE_TEXT_SHARE


def not_numbers(column: TableColumn) -> str:
    """How many cells of a column that is nearly one of numbers are none."""
    wrong = round(len(column.present) * (1 - column.number_share))
    return f"{wrong:,} of its {len(column.present):,} values are not numbers"


def _named_code(column: TableColumn) -> bool:
    words = [word for word in column.words if not word.isdecimal()]
    if len(words) > 1 and words[-1] in _NUMBERED:
        return words[-2] in _CODES
    return bool(words) and (words[-1] in _CODES or column.says(_POSTAL))
