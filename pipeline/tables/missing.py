"""How a missing value is spelt, whatever the table's format, and what is left of a category's text: rules without any library, because
profiles need them where the data are too many for one."""

# pandas's own list, so that a table read here and one read in a notebook have the same gaps.
MISSING = frozenset(
    {"", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN"}
    | {"<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null"}
)
LARGEST = 1e150  # greater numbers count as infinite: their squares are


def category(text: str | None, decimal: str) -> str | None:
    """A category as it is counted: stripped, "1.0" as "1" (numbers with gaps are written so); None where it is missing."""
    stripped = "" if text is None else text.strip()
    if stripped in MISSING:
        return None
    whole, point, fraction = stripped.partition(decimal)
    return whole if point and fraction and not fraction.strip("0") and whole.lstrip("+-").isdecimal() else stripped
