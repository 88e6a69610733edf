"""One spelling for a value: the bytes that are hashed, chained and signed are the same wherever they are written."""

import hashlib
import json
from typing import Any

from pydantic import BaseModel


def canonical(value: Any) -> str:
    """`value` as JSON with sorted keys and no spaces; a model is its JSON fields."""
    plain = value.model_dump(mode="json") if isinstance(value, BaseModel) else value
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), default=str)


def digest_of(value: Any) -> str:
    """sha256 of that, in hex."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()
