"""No file and no folder imports itself through others, and the drawing of who imports whom is up to date."""

from graphlib import CycleError, TopologicalSorter
from types import ModuleType

import pytest

from tests.docs.written import DOCS, script


@pytest.fixture(scope="module")
def structure() -> ModuleType:
    return script("structure")


@pytest.mark.parametrize("walls", ["files", "folders"])
def test_imports_go_round_in_no_circle(structure: ModuleType, walls: str) -> None:
    graph = getattr(structure, walls)()
    assert len(graph) > 20
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"a circle of {walls}: {' imports '.join(reversed(error.args[1]))}")


def test_an_import_inside_a_function_counts_and_one_for_types_alone_does_not(structure: ModuleType) -> None:
    graph = structure.files()
    assert "reports.audit" in graph["reports.filing"]
    assert "pipeline.tables.typed_parquet" in graph["pipeline.models.artifact"], "it is imported inside a function"
    assert "pipeline.windows.window" not in graph["pipeline.intake.window_choice"], "it is imported for types alone"


def test_the_drawing_shows_the_code_as_it_is(structure: ModuleType) -> None:
    assert (DOCS / "architecture.md").read_text(encoding="utf-8") == structure.page(), "run `make docs`"
