"""Pages that are written by hand: short, linked to what is there, in the menu, and about all that the code knows."""

import re
from typing import get_args

import pytest

from pipeline.diagnosis.finding import DataName, Name
from tests.checkout import ROOT
from tests.docs.blocks import GENERATED, PAGES
from tests.docs.written import DOCS, script

MOST_WORDS = 1_200
# Longer than that, and to be split; none may be added, and none may grow.
LONG = {
    "approval.md": 2_400,
    "architecture.md": 3_450,
    "security.md": 3_080,
    "serving.md": 1_810,
    "watch.md": 1_740,
}


def prose(text: str) -> str:
    """A page without its blocks of code and output."""
    return re.sub(r"^(```+|~~~+)[^\n]*\n.*?^\1$", "", text, flags=re.MULTILINE | re.DOTALL)


def anchors(text: str) -> set[str]:
    """The anchors of a page's headings, as renderers of Markdown make them."""
    heads = re.findall(r"^#+ (.*)$", prose(text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", head)).strip().lower().replace(" ", "-") for head in heads}


def test_no_page_is_too_long_to_finish() -> None:
    words = {page.name: len(prose(page.read_text(encoding="utf-8")).split()) for page in PAGES}
    assert {name: count for name, count in words.items() if count > LONG.get(name, MOST_WORDS)} == {}
    assert {name for name in LONG if words[name] <= MOST_WORDS} == set(), "short enough now: take it out of LONG"


@pytest.mark.parametrize("page", [*PAGES, *(DOCS / name for name in GENERATED)], ids=lambda page: page.name)
def test_a_link_leads_to_something(page: object) -> None:
    assert hasattr(page, "read_text")
    text = prose(page.read_text(encoding="utf-8"))
    broken = []
    for target in re.findall(r"\]\((?!https?:|mailto:)([^)\s]+)\)", re.sub(r"`[^`\n]*`", "", text)):
        path, _, anchor = target.partition("#")
        to = (page.parent / path).resolve() if path else page  # type: ignore[attr-defined]
        if not to.exists() or (anchor and to.suffix == ".md" and anchor not in anchors(to.read_text(encoding="utf-8"))):
            broken.append(target)
    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_variable_of_a_database_is_spelt_as_its_file_is(page: object) -> None:
    """With one underscore: CHURNOPS_PREDICTIONS_URL and …_URL_FILE. Two are taken for the URL, and refused for the file."""
    assert hasattr(page, "read_text")
    assert re.findall(r"CHURNOPS_\w+__URL\w*", page.read_text(encoding="utf-8")) == []


def test_every_finding_is_explained() -> None:
    explained = set(re.findall(r"`(\w+)`", (DOCS / "findings.md").read_text(encoding="utf-8")))
    names = {*get_args(DataName), *(name for name in get_args(Name) if isinstance(name, str))}
    assert len(names) > 50
    assert names - explained == set()


def test_the_pictures_of_findings_are_as_the_code_draws_them() -> None:
    drawn = script("finding_pictures").pictures()
    assert {name: (DOCS / "images" / name).read_text(encoding="utf-8") for name in drawn} == drawn, "run `make docs`"
    assert set(re.findall(r"finding-\w+\.svg", (DOCS / "findings.md").read_text(encoding="utf-8"))) == set(drawn)


def test_every_page_is_in_the_menu() -> None:
    menu = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    waiting = (DOCS / "site_pages.py").read_text(encoding="utf-8")
    left_out = [page.name for page in DOCS.glob("*.md") if f": {page.name}\n" not in menu and f'"{page.name}"' not in waiting]
    assert left_out == []
