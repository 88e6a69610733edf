"""Schemas said shortly: a model reads the whole list of tools on every request, so what repeats is left out."""

from typing import Any

_FOR_ARGUMENTS = frozenset({"description", "default", "required", "enum", "format", "maxItems", "minItems"})
_NAMES = frozenset({"properties", "$defs"})  # the keys below these are names, not keywords


def compact(schema: dict[str, Any]) -> dict[str, Any]:
    """The same JSON Schema without titles and defaults of null; a plain type that may be null is said as `type: [t, null]`."""
    said: dict[str, Any] = {}
    for key, value in schema.items():
        if key in _NAMES:
            said[key] = {name: compact(part) for name, part in value.items()}
        elif isinstance(value, dict):
            said[key] = compact(value)
        elif isinstance(value, list):
            said[key] = [compact(part) if isinstance(part, dict) else part for part in value]
        elif key != "title" and (key, value) != ("default", None):
            said[key] = value
    return _joined(said)


def answer(schema: dict[str, Any]) -> dict[str, Any]:
    """A tool's answer: types are told by their fields, and keys and words may be added without breaking a client that validates. An
    answer says itself what it holds, so lists of what is required or possible are left to arguments."""
    return _bare(compact(schema))


def _bare(schema: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in schema.items() if key not in _FOR_ARGUMENTS and (key, value) != ("additionalProperties", False)}
    for word in ("properties", "$defs"):
        if word in kept:
            kept[word] = {name: _bare(part) for name, part in kept[word].items()}
    for part in kept.get("$defs", {}).values():
        if "properties" in part:
            del part["type"]  # its properties say that it is an object
    if "items" in kept:
        kept["items"] = _bare(kept["items"])
    if "anyOf" in kept:
        kept["anyOf"] = [_bare(choice) for choice in kept["anyOf"]]
    return _joined(kept)


def _joined(schema: dict[str, Any]) -> dict[str, Any]:
    choices = schema.get("anyOf")
    if not choices or any(set(choice) != {"type"} for choice in choices):
        return schema
    types = list(dict.fromkeys(choice["type"] for choice in choices))
    if "number" in types:
        types = [name for name in types if name != "integer"]  # every integer is a number
    rest = {key: value for key, value in schema.items() if key != "anyOf"}
    return {**rest, "type": types[0] if len(types) == 1 else types}
