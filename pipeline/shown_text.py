"""Values from tables as they may be shown: they come from strangers, and may point at a person."""

import re

FOLD_BELOW = 10  # categories with fewer customers than this are never named: they could point at a person
NAME_LENGTH = 40
_INNER = str.maketrans(dict.fromkeys("“”„‟", "'"))


def plain(text: str, length: int = NAME_LENGTH) -> str:
    """A value from a table as it may be shown: one line, printable, at most `length` characters."""
    clean = re.sub(r"\s+", " ", "".join(character if character.isprintable() else " " for character in text)).strip()
    return clean if len(clean) <= length else clean[: length - 1] + "…"


def quoted(text: str) -> str:
    """A value from a table inside a sentence: as `plain`, in quotes that nothing in it can end."""
    return f"“{plain(text).translate(_INNER)}”"
