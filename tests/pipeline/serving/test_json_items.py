"""Items are counted as the parser would find them, whatever stands in texts."""

import json
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.serving import json_items
from pipeline.serving.json_items import holds_more_items

_SIGNS = st.text(alphabet='",[]{}:\\a\u2028ß', max_size=8)
_VALUES = st.recursive(
    st.none() | st.integers() | _SIGNS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(_SIGNS, inner, max_size=5),
    max_leaves=30,
)


def items(value: Any) -> int:
    if not isinstance(value, dict | list):
        return 0
    inside = value.values() if isinstance(value, dict) else value
    return max(1, len(value)) + sum(map(items, inside))


@pytest.mark.parametrize("piece", [1, 2, 3, 64 << 10])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=_VALUES)
def test_no_item_more_and_none_less_than_the_parser_finds(piece: int, value: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_items, "_PIECE", piece)
    body = json.dumps(value, ensure_ascii=False).encode()
    assert not holds_more_items(body, items(value))
    assert items(value) == 0 or holds_more_items(body, items(value) - 1)


@pytest.mark.parametrize("piece", [b"[],", b'"a":1,', b'\\"', b'"', b"\\", b"{", b","])
def test_megabytes_take_no_time(piece: bytes) -> None:
    body = b'["' + piece * ((4 << 20) // len(piece))
    begun = time.process_time()
    holds_more_items(body, 1_000)
    assert time.process_time() - begun < 0.5
