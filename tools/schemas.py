"""Schemas said shortly: a model reads the whole list of tools on every request, so what repeats is left out."""

import json
from typing import Any

_CHECKED = frozenset({"maxLength", "minLength"})  # ahead of every call, and said where it matters
_FOR_ARGUMENTS = frozenset({"description", "default", "required", "enum", "format", "maxItems", "minItems"})
_SHAPES = frozenset({"properties", "items", "additionalProperties"})
_MANY = 5
_NAMES = frozenset({"properties", "$defs"})  # the keys below these are names, not keywords


def compact(schema: dict[str, Any]) -> dict[str, Any]:
    """The same JSON Schema without titles, lengths of texts and empty defaults; a plain type that may be null is said as `type: [t, null]`."""
    said: dict[str, Any] = {}
    for key, value in schema.items():
        if key in _NAMES:
            said[key] = {name: compact(part) for name, part in value.items()}
        elif isinstance(value, dict):
            said[key] = compact(value)
        elif isinstance(value, list):
            said[key] = [compact(part) if isinstance(part, dict) else part for part in value]
        elif key != "title" and key not in _CHECKED and (key, value) not in (("default", None), ("default", "")):
            said[key] = value
    return _joined(said)


def answer(schema: dict[str, Any]) -> dict[str, Any]:
    """A tool's answer: types are told by their fields, and keys and words may be added without breaking a client that validates. An
    answer says itself what it holds, so lists of what is required or possible are left to arguments, and so is whether a
    field is a text or a number. Parts used once stand where they are used."""
    short = compact(schema)
    shaped = frozenset(f"#/$defs/{name}" for name, part in short.get("$defs", {}).items() if "properties" in part)
    placed = _named(_in_place(_bare(short, shaped)))
    return {**placed, "type": "object"}


def _named(node: Any) -> Any:
    """Fields have names and shapes, and no types of single values."""
    if not isinstance(node, dict):
        return node
    return {key: _named(value) for key, value in node.items() if key != "type" or isinstance(value, dict)}


def _in_place(schema: dict[str, Any]) -> dict[str, Any]:
    parts = schema.get("$defs", {})
    said = json.dumps(schema)
    once = {f"#/$defs/{name}": part for name, part in parts.items() if said.count(f'"#/$defs/{name}"') == 1}

    def placed(node: Any) -> Any:
        if isinstance(node, dict):
            return placed(once[node["$ref"]]) if node.get("$ref") in once else {key: placed(value) for key, value in node.items()}
        return [placed(part) for part in node] if isinstance(node, list) else node

    kept = {name: placed(part) for name, part in parts.items() if f"#/$defs/{name}" not in once}
    rest = {key: placed(value) for key, value in schema.items() if key != "$defs"}
    return {"$defs": kept, **rest} if kept else rest


def _bare(schema: dict[str, Any], shaped: frozenset[str]) -> dict[str, Any]:
    # Whether more fields may come is said of arguments; an answer may always have more.
    kept = {
        key: value
        for key, value in schema.items()
        if key not in _FOR_ARGUMENTS and not (key == "additionalProperties" and isinstance(value, bool))
    }
    for word in ("properties", "$defs"):
        if word in kept:
            kept[word] = {name: _loose(_bare(part, shaped)) for name, part in kept[word].items()}
    for word in ("items", "additionalProperties"):
        if word in kept:
            kept[word] = _loose(_bare(kept[word], shaped))
    if "properties" in kept:
        kept |= _alike(kept["properties"])
    if "anyOf" in kept:
        choices = [_loose(_bare(choice, shaped)) for choice in kept["anyOf"]]
        # Fields and items say nothing of a null, so a part that may be null is the part.
        shapes = [choice for choice in choices if not _SHAPES.isdisjoint(choice) or choice.get("$ref") in shaped]
        if len(shapes) == 1 and len(choices) == 2 and {"type": "null"} in choices:
            return shapes[0]
        kept["anyOf"] = choices
    return _joined(kept)


def _loose(schema: dict[str, Any]) -> dict[str, Any]:
    """Without the type where fields or items tell it."""
    told = not _SHAPES.isdisjoint(schema)
    return {key: value for key, value in schema.items() if not (told and key == "type")}


def _alike(fields: dict[str, Any]) -> dict[str, Any]:
    """Fields of which many are the same part: the part once, for all that are not named."""
    parts = [field["$ref"] for field in fields.values() if set(field) == {"$ref"}]
    often = next((part for part in parts if parts.count(part) >= _MANY), None)
    if often is None:
        return {"properties": fields}
    named = {name: field for name, field in fields.items() if field != {"$ref": often}}
    return {"properties": named, "additionalProperties": {"$ref": often}}


def _joined(schema: dict[str, Any]) -> dict[str, Any]:
    choices = schema.get("anyOf")
    if not choices or any(set(choice) != {"type"} for choice in choices):
        return schema
    types = list(dict.fromkeys(choice["type"] for choice in choices))
    if "number" in types:
        types = [name for name in types if name != "integer"]  # every integer is a number
    rest = {key: value for key, value in schema.items() if key != "anyOf"}
    return {**rest, "type": types[0] if len(types) == 1 else types}
