"""Evidently's page: it says what was asked, and no name or value of the table becomes a part of the page."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.drift.evidently_page import guarded, write_evidently_html
from pipeline.errors import DataError
from pipeline.tables.schema import Schema
from tests.pipeline.drift.test_summarise import COLUMNS, P_VALUES, customers, summary

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::RuntimeWarning:scipy")  # Evidently's, not ours

HOSTILE = (
    "</script><script>alert(1)</script>",
    "</ScRiPt ><img src=x onerror=alert(1)>",
    "<!--<script>",
    "]]></style></head><body onload=alert(1)>",
    '\\u003c/script>";alert(1);//',
    "\n    var x = {};\n</script>\u2028<base href=//evil.example>",
    "'\"`${alert(1)}",
)


class _Page(HTMLParser):
    """Tags in order, texts of the scripts, and the policy."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.scripts: list[str] = []
        self.policy = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        told = dict(attrs)
        if told.get("http-equiv") == "Content-Security-Policy":
            assert self.scripts == [], "a policy holds for what comes after it"
            self.policy = told["content"] or ""
        if tag == "script":
            self.scripts.append("")

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1] == "script" and data.strip():
            self.scripts[-1] += data


def page_of(folder: Path, names: tuple[str, ...], values: tuple[str, ...]) -> _Page:
    """The page of a table with these names of columns, and these categories in each."""
    frame = pd.DataFrame({name: np.resize(values, 300) for name in names}, dtype=object)
    place = folder / "drift.html"
    write_evidently_html(frame, frame, Schema(target="churned", positive="yes", categorical=names), place, ())
    return _Page(place.read_text(encoding="utf-8"))


@pytest.mark.slow
def test_the_html_report_is_written_where_asked(tmp_path: Path) -> None:
    place = tmp_path / "new folder" / "drift.html"
    reference, current = customers(300, 1), customers(300, 2)
    write_evidently_html(reference, current, COLUMNS, place, summary(reference, current).features)
    content = place.read_text(encoding="utf-8")
    assert "<html" in content
    assert "slightly" in content
    # Left to itself Evidently would test so small a reference.
    assert "Wasserstein distance (normed)" in content
    assert not any(method in content for method in P_VALUES)


def test_an_html_report_of_an_empty_column_is_refused(tmp_path: Path) -> None:
    for reference, current in (
        (customers(300, 1), customers(300, 2).assign(two=np.nan)),
        (customers(300, 1).assign(two=np.nan), customers(300, 2)),
    ):
        with pytest.raises(DataError, match="Every value is missing in: two"):
            write_evidently_html(reference, current, COLUMNS, tmp_path / "drift.html", ())
    assert list(tmp_path.iterdir()) == []


def test_hostile_names_and_categories_stay_texts_of_the_data(tmp_path: Path) -> None:
    harmless = page_of(tmp_path, tuple(f"c{place}" for place in range(len(HOSTILE))), ("a", "b"))
    hostile = page_of(tmp_path, HOSTILE, HOSTILE)
    assert hostile.tags == harmless.tags, "no element more"
    told = re.findall(r"^    var \w+ = (\{.*\});$", hostile.scripts[0], re.MULTILINE)
    assert len(told) == 2
    assert all("<" not in one for one in told)
    texts = json.dumps([json.loads(one) for one in told])
    assert all(json.dumps(one)[1:-1] in texts for one in HOSTILE), "shown as they are"


def test_no_script_but_evidentlys_own_runs_and_nothing_is_fetched(tmp_path: Path) -> None:
    page = page_of(tmp_path, HOSTILE, ("a", "b"))
    rules = dict(rule.split(" ", 1) for rule in page.policy.split("; "))
    assert rules["default-src"] == rules["connect-src"] == rules["form-action"] == rules["base-uri"] == "'none'"
    allowed = rules["script-src"].split()
    assert "'unsafe-inline'" not in allowed
    digests = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in page.scripts]
    assert [one for one in allowed if one.startswith("'sha256-")] == [f"'sha256-{digest}'" for digest in digests]


def test_a_page_that_is_made_otherwise_is_refused() -> None:
    with pytest.raises(DataError, match="cannot be made safe"):
        guarded("<html><head><script>var data = {};</script></head></html>")
