"""Puts measured tables into docs/drift.md, so that the page says what the last run found."""

from collections.abc import Iterable
from pathlib import Path

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "drift.md"


def put_into_document(name: str, lines: Iterable[str]) -> None:
    """Replace what stands between the document's marks for this table."""
    text = DOCUMENT.read_text(encoding="utf-8")
    start, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
    head, rest = text.split(start)
    DOCUMENT.write_text(head + start + "\n".join(lines) + "\n" + end + rest.split(end)[1], encoding="utf-8")
