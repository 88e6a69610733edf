"""A comparison is filed as people and programs read it, and says why one was chosen."""

import json
import xml.etree.ElementTree as ET
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from pipeline.training.family_comparison import ComparedFamilies, Selection
from pipeline.workspace.value_settings import ValueSettings
from reports.family_selection import file_comparison, selection_markdown, why_chosen
from tests.pipeline.training.test_family_comparison import line

BOOSTING, NEAR = line("hist_gradient_boosting", 0.40, 0.0, 0.0), line("logistic_regression", 0.402, 0.002, 0.003)
FAR = line("logistic_regression", 0.41, 0.01, 0.003)


def selection(*lines: object, chosen: str) -> Selection:
    told = {"rows": 400, "churners": 100, "seed": 7, "budget": 40, "best": "hist_gradient_boosting"}
    return Selection.model_validate({**told, "compared": lines, "chosen": chosen})


def test_the_reason_is_the_rule_that_was_followed() -> None:
    assert "logistic_regression is simpler" in why_chosen(selection(BOOSTING, NEAR, chosen="logistic_regression"))
    assert "every simpler one is behind" in why_chosen(selection(BOOSTING, FAR, chosen="hist_gradient_boosting"))
    assert "the only one" in why_chosen(selection(BOOSTING, chosen="hist_gradient_boosting"))


def test_the_table_says_how_far_each_is_behind_the_best() -> None:
    written = selection_markdown(selection(BOOSTING, NEAR, chosen="logistic_regression"))
    assert "| logistic_regression | 0.4020 | +0.0020 ± 0.0030 |" in written
    assert "400 training rows (100 churned)" in written


def test_its_folder_has_the_choice_the_table_and_the_curves(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    y = (random.random(400) < 0.25).astype(np.int8)
    said = {name: np.clip(0.25 + 0.3 * (y - 0.25) + random.normal(0, 0.1, 400), 0.01, 0.99) for name in (BOOSTING.family, NEAR.family)}
    found = ComparedFamilies(selection(BOOSTING, NEAR, chosen="logistic_regression"), y, said, {})
    place = file_comparison(found, ValueSettings(), tmp_path / "comparisons", datetime(2026, 11, 30, 9, tzinfo=UTC))
    assert sorted(path.name for path in place.iterdir()) == ["comparison.html", "comparison.md", "curves.svg", "selection.json"]
    assert Selection.model_validate(json.loads((place / "selection.json").read_text())) == found.selection
    drawn = ET.fromstring((place / "curves.svg").read_text())  # our own
    lines = [one for one in drawn if one.tag.endswith("polyline") and one.get("stroke") != "#bbb"]
    assert len(lines) == 2 * 4
    page = (place / "comparison.html").read_text()
    assert "<table>" in page
    assert "<svg" in page
    assert "curves.svg" not in page
