"""JSON of others in which a key stands twice says two things, and is refused wherever it comes in."""

import pytest

from pipeline.canonical_json import RepeatedKey, _each_once, json_once


@pytest.mark.parametrize("text", ['{"a": 1, "a": 2}', '[{"b": {"a": 1, "c": 2, "a": 1}}]', b'{"\\u0061": 1, "a": 2}'])
def test_a_key_that_stands_twice_is_refused(text: str | bytes) -> None:
    with pytest.raises(RepeatedKey, match="'a' stands twice"):
        json_once(text)


def test_the_same_key_in_two_objects_is_none() -> None:
    assert json_once('[{"a": 1}, {"a": {"a": 2}}]') == [{"a": 1}, {"a": {"a": 2}}]


def test_however_many_keys_there_are_each_is_looked_at_a_few_times() -> None:
    class Key(str):
        compared = 0
        __hash__ = str.__hash__

        def __eq__(self, other: object) -> bool:
            Key.compared += 1
            return str.__eq__(self, other)

    keys = [Key(f"k{number}") for number in range(2_000)]
    with pytest.raises(RepeatedKey, match="'k1999' stands twice"):
        _each_once([*((key, 0) for key in keys), (Key("k1999"), 1)])
    assert Key.compared < 10 * len(keys)
