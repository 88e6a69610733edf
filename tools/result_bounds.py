"""What an answer may hold: texts from tables on one line and cut, lists within a budget. Whoever reads it pays for every byte."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar, cast

from pydantic import BaseModel

from pipeline.shown_text import plain
from reports.markdown_cells import strength
from tools.results import DriftResult, Result

NAME_LENGTH = 200  # what inspect_feature takes
TEXT_LENGTH = 600
FEATURES_BYTES, FINDINGS_BYTES = 16_000, 4_000
_NAMED = frozenset({"name", "column", "feature", "label", "by", "level_of"})
_OURS = frozenset({"path", "next_command"})  # paths of this machine, and what a person copies

R = TypeVar("R", bound=Result)
Part = TypeVar("Part", bound=BaseModel)


def bounded(result: R) -> R:
    """The answer with every text shown plainly; of a drift summary, the strongest features and the first findings that fit."""
    shown = cast(R, _plain("", result))
    return cast(R, _within(shown)) if isinstance(shown, DriftResult) else shown


def shown_name(given: str, names: Sequence[str]) -> str:
    """The column that answers show as `given`, or `given` itself where it is one or none is."""
    return given if given in names else next((name for name in names if plain(name, NAME_LENGTH) == given), given)


def _plain(key: str, value: Any) -> Any:
    if isinstance(value, str):
        return value if key in _OURS else plain(value, NAME_LENGTH if key in _NAMED else TEXT_LENGTH)
    if isinstance(value, BaseModel):
        return value.model_copy(update={name: _plain(name, part) for name, part in value})
    if isinstance(value, tuple):
        return tuple(_plain(key, part) for part in value)
    if isinstance(value, dict):
        return {plain(name, NAME_LENGTH): _plain(name, part) for name, part in value.items()}
    return value


def _within(result: DriftResult) -> DriftResult:
    drift = result.drift
    features = _fitting(drift.features, FEATURES_BYTES, lambda feature: (not feature.drifted, -strength(feature)))
    findings = _fitting(drift.findings, FINDINGS_BYTES, lambda finding: -finding.share)
    left_out = len(drift.features) - len(features) + len(drift.findings) - len(findings)
    return result.model_copy(update={"drift": drift.model_copy(update={"features": features, "findings": findings}), "elided": left_out})


def _fitting(parts: Sequence[Part], budget: int, first: Callable[[Part], Any]) -> tuple[Part, ...]:
    """The first parts, by `first`, that fit into `budget` bytes of JSON; in the order they came in."""
    kept: set[int] = set()
    for place in sorted(range(len(parts)), key=lambda place: first(parts[place])):
        budget -= len(parts[place].model_dump_json().encode()) + 1
        if budget < 0:
            break
        kept.add(place)
    return tuple(part for place, part in enumerate(parts) if place in kept)
