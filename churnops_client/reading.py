"""From the `--json` of a command to a type: fields it does not know, a newer version's, are left out."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from types import NoneType, UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

Answer = TypeVar("Answer")


def made(kind: type[Answer], said: Mapping[str, Any]) -> Answer:
    """One of `kind`, a dataclass, of the fields that it knows; a field that was not said is None."""
    hints = get_type_hints(kind)
    told = {field.name: _value(hints[field.name], said.get(field.name.rstrip("_"))) for field in fields(kind)}  # type: ignore[arg-type]
    return kind(**told)


def _value(hint: Any, said: Any) -> Any:
    inner = [part for part in get_args(hint) if part not in (NoneType, ...)]
    if said is None:
        return None
    if isinstance(hint, UnionType):
        return _value(inner[0], said)
    if get_origin(hint) is tuple:
        return tuple(_value(inner[0], item) for item in said)
    if get_origin(hint) is dict:
        return {name: _value(inner[1], item) for name, item in said.items()}
    if isinstance(hint, type) and is_dataclass(hint):
        return made(hint, said)
    return datetime.fromisoformat(said) if hint is datetime else said
