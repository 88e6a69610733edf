"""One spelling for a value: the bytes that are hashed, chained and signed are the same wherever they are written."""

import hashlib
import json
from collections import Counter
from typing import Any

from pydantic import BaseModel


def canonical(value: Any) -> str:
    """`value` as JSON with sorted keys and no spaces; a model is its JSON fields."""
    plain = value.model_dump(mode="json") if isinstance(value, BaseModel) else value
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), default=str)


def digest_of(value: Any) -> str:
    """sha256 of that, in hex."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


class RepeatedKey(ValueError):
    """A key stands twice in one object: readers differ in which of the two counts."""


def json_once(text: str | bytes) -> Any:
    """What a JSON text of others says.

    Raises:
        RepeatedKey: a key stands twice in one object.
        ValueError: it is no JSON.
        RecursionError: it is nested too deeply.
    """
    return json.loads(text, object_pairs_hook=_each_once)


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    told = dict(pairs)
    if len(told) != len(pairs):
        # One pass: whoever sends them chooses how many there are.
        twice = next(name for name, times in Counter(name for name, _ in pairs).items() if times > 1)
        raise RepeatedKey(f"the key {twice[:40]!r} stands twice")
    return told
