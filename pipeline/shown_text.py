"""Values from tables as they may be shown: they come from strangers, and may point at a person."""

import re

FOLD_BELOW = 10  # categories with fewer customers than this are never named: they could point at a person
NAME_LENGTH = 40
_LOOKED_AT = 100  # times as much of a text as is shown: what is not printable is left out of that
_INNER = str.maketrans(dict.fromkeys("“”„‟", "'"))


def plain(text: str, length: int = NAME_LENGTH) -> str:
    """A value from a table as it may be shown: one line, printable, at most `length` characters."""
    head = text[: _LOOKED_AT * length]  # a text without end is not read to its end
    clean = re.sub(r"\s+", " ", "".join(character if character.isprintable() else " " for character in head)).strip()
    return clean if len(clean) <= length and len(head) == len(text) else clean[: length - 1] + "…"


def quoted(text: str) -> str:
    """A value from a table inside a sentence: as `plain`, in quotes that nothing in it can end."""
    return f"“{plain(text).translate(_INNER)}”"
