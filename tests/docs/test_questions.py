"""The published list of questions is made from the code, and is up to date."""

import importlib.util

from tests.checkout import ROOT

DOCS = ROOT / "docs"


def test_the_list_of_questions_is_what_the_code_answers() -> None:
    spec = importlib.util.spec_from_file_location("questions_page", DOCS / "questions.py")
    assert spec is not None
    assert spec.loader is not None
    page = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(page)
    assert (DOCS / "questions.md").read_text(encoding="utf-8") == page.questions(), "run `python docs/questions.py`"
