"""How the text of one cell writes a date or time. Rules without any library, because windows are counted without one."""

import re

_CLOCK = r"[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?: ?[AaPp][Mm])?(?: ?(?:Z|UTC|[+-]\d{2}(?::?\d{2})?))?"
DATE_OR_TIME = rf"\d{{4}}-\d{{2}}-\d{{2}}(?:{_CLOCK})?"  # as most engines read it as well
YEAR_FIRST = rf"\d{{4}}[-./]\d{{1,2}}[-./]\d{{1,2}}(?:{_CLOCK})?|\d{{8}}"
YEAR_LAST = rf"(\d{{1,2}})([-./])(\d{{1,2}})[-./](\d{{4}})(?:,?({_CLOCK}))?"


def masked(text: str) -> str:
    """How a text is written, without what it says: 9 for a digit, a for a letter."""
    return re.sub(r"[^\W\d_]", "a", re.sub(r"\d", "9", text))[:30]
