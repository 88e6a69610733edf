"""The reference is made from the code, and is up to date."""

import importlib.util

from tests.checkout import ROOT

DOCS = ROOT / "docs"


def test_the_reference_is_what_the_code_says() -> None:
    spec = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    assert (DOCS / "reference.md").read_text(encoding="utf-8") == generate.reference(), "run `make docs`"
