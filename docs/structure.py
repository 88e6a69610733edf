"""Draws the rooms of the code, sub-packages as boxes and imports as arrows, into docs/architecture.md. `make docs` runs it; a test fails
when the drawing is out of date."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path

import grimp

PACKAGES = ("agent", "tools", "reports", "pipeline", "prompts")
PAGE = Path(__file__).parent / "architecture.md"
BEGIN, END = "<!-- drawn from the code -->", "<!-- end of the drawing -->"

Graph = Mapping[str, frozenset[str]]


@cache
def files() -> Graph:
    """Which of our modules each imports: inside functions too, for type checking alone not."""
    graph = grimp.build_graph(*PACKAGES, exclude_type_checking_imports=True, cache_dir=None)
    return {module: frozenset(graph.find_modules_directly_imported_by(module)) for module in graph.modules}


def folders() -> Graph:
    """Which folders each folder imports from. A folder and one inside it are no pair: a package may use its own rooms, and they its types."""
    between: dict[str, set[str]] = defaultdict(set)
    for module, imported in files().items():
        own = folder_of(module)
        between[own].update(other for other in map(folder_of, imported) if not _inside(own, other) and not _inside(other, own))
    return {folder: frozenset(others) for folder, others in between.items()}


def folder_of(module: str) -> str:
    """The package a module lies in; a package is its own folder."""
    return module if any(other.startswith(f"{module}.") for other in files()) else module.rpartition(".")[0] or module


def drawing() -> str:
    """Two pictures as Mermaid: the five packages with the rooms of agent and reports, and the rooms of pipeline."""
    around = _between(lambda module: module.split(".")[0] if module.startswith(("pipeline", "tools", "prompts")) else _room(module))
    inside = _between(lambda module: _room(module) if module.startswith("pipeline.") else "")
    return "\n".join((BEGIN, "", *_mermaid(around), "", *_mermaid(inside), "", END))


def page() -> str:
    """The whole page with the drawing as it is now."""
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    return before + drawing() + rest.split(END)[1]


def _room(module: str) -> str:
    """The sub-package of a module. Files beside the sub-packages are taken together, but for agent's, which use what they stand beside."""
    parts = module.split(".")
    room = ".".join(parts[:2])
    return room if parts[0] == "agent" or folder_of(room) == room else parts[0]


def _between(room_of: Callable[[str], str]) -> Graph:
    arrows: dict[str, set[str]] = defaultdict(set)
    for module, imported in files().items():
        own = room_of(module)
        arrows[own].update(other for other in map(room_of, imported) if other and other != own)
    arrows.pop("", None)
    return {room: frozenset(others) for room, others in arrows.items()}


def _mermaid(graph: Graph) -> Iterator[str]:
    """An arrow that a longer way already says is left out."""
    yield from ("```mermaid", "flowchart LR")
    for room, others in sorted(graph.items()):
        for other in sorted(others):
            if not any(other in _reached(graph, between) for between in others if between != other):
                yield f"  {room} --> {other}"
    yield "```"


def _reached(graph: Graph, start: str) -> set[str]:
    found: set[str] = set()
    waiting = [start]
    while waiting:
        for other in graph.get(waiting.pop(), ()):
            if other not in found:
                found.add(other)
                waiting.append(other)
    return found


def _inside(inner: str, outer: str) -> bool:
    return inner == outer or inner.startswith(f"{outer}.")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
