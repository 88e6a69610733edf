"""A result as a model reads it: what has no value, repeats another field, or means nothing without a statistician is left out; the record keeps all."""

from collections.abc import Mapping
from typing import Any

_UNREAD = frozenset({"calibrated_drifted", "calibrated_share", "felt_share"})  # the second verdict on drift, which the diagnosis speaks for
_UNREAD_OF_FEATURES = frozenset({"low", "high", "calibrated", "p_adjusted", "drifted"})


def readable(result: Mapping[str, Any]) -> dict[str, Any]:
    """The result without empty fields; of a drift summary the features that drifted, and the names of the others as `not_drifted`."""
    said: dict[str, Any] = _without_empty(result)
    if isinstance(drift := said.get("drift"), dict) and isinstance(features := drift.get("features"), list):
        moved = [{name: part for name, part in one.items() if name not in _UNREAD_OF_FEATURES} for one in features if one["drifted"]]
        still = [one["name"] for one in features if not one["drifted"]]
        kept = {name: part for name, part in drift.items() if name not in _UNREAD}
        said["drift"] = {**kept, "features": moved, **({"not_drifted": still} if still else {})}
    return said


def _without_empty(value: Any, rows: Any = None) -> Any:
    """`rows`: what `n` is in the part around it, which need not be said again."""
    if isinstance(value, Mapping):
        own = value.get("n")
        kept = {name: _without_empty(part, own) for name, part in value.items() if name != "n" or part != rows}
        return {name: part for name, part in kept.items() if part is not None and part != "" and part != [] and part != {}}
    return [_without_empty(part) for part in value] if isinstance(value, list | tuple) else value
