"""The published list of questions is made from the code, and is up to date."""

from tests.docs.written import DOCS, script


def test_the_list_of_questions_is_what_the_code_answers() -> None:
    assert (DOCS / "questions.md").read_text(encoding="utf-8") == script("questions").questions(), "run `make docs`"
