"""How a missing value is spelt, whatever the table's format."""

# pandas's own list, so that a table read here and one read in a notebook have the same gaps.
MISSING = frozenset(
    {"", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN"}
    | {"<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null"}
)


def present(text: str | None) -> str | None:
    """A cell's text without the space around it; None where it is missing."""
    stripped = "" if text is None else text.strip()
    return None if stripped in MISSING else stripped
