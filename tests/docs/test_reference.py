"""The reference is made from the code, and is up to date."""

from tests.docs.written import DOCS, script


def test_the_reference_is_what_the_code_says() -> None:
    assert (DOCS / "reference.md").read_text(encoding="utf-8") == script("generate").reference(), "run `make docs`"
