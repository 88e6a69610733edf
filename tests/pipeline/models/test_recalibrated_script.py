"""The script that is copied into recalibrated adopted models: whatever it names of ours can never move."""

import ast
import inspect
from pathlib import Path

from pipeline.measures import metrics
from pipeline.models import adopted, recalibrated_script


def test_it_names_one_function_of_ours_which_is_frozen() -> None:
    tree = ast.parse(Path(str(recalibrated_script.__file__)).read_text())
    imported = {
        (node.module, name.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for name in node.names
        if (node.module or "").partition(".")[0] in {"agent", "pipeline", "prompts", "reports", "tools", "churnops"}
    }
    assert imported == {("pipeline.models.adopted", "load_within")}
    assert list(inspect.signature(adopted.load_within).parameters) == ["folder", "columns"]


def test_it_clips_where_the_line_was_fitted() -> None:
    assert recalibrated_script.SMALLEST_PROBABILITY == metrics.SMALLEST_PROBABILITY
