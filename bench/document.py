"""Puts measured tables into a page of docs/, so that it says what the last run found."""

from collections.abc import Iterable
from pathlib import Path

DOCS = Path(__file__).resolve().parent.parent / "docs"


def put_into_document(name: str, lines: Iterable[str], document: str) -> None:
    """Replace what stands between the document's marks for this table."""
    page = DOCS / document
    text = page.read_text(encoding="utf-8")
    start, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
    head, rest = text.split(start)
    page.write_text(head + start + "\n".join(lines) + "\n" + end + rest.split(end)[1], encoding="utf-8")
