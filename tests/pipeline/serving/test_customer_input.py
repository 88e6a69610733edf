"""A customer is taken as the workspace's columns say, or refused with the field, the rule and what is allowed."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.serving.customer_input import MOST_CUSTOMERS, CustomerInput, InputError, customer_input
from pipeline.serving.known_fields import KnownFields
from pipeline.tables.schema import Schema

COLUMNS = Schema(target="Churn", positive="Yes", id="customer ID", numerical=("tenure", "_x"), categorical=("Contract", "Senior", "class"))
GOOD: dict[str, Any] = {"customer ID": "C1", "tenure": 3.5, "_x": None, "Contract": "Two year", "Senior": None, "class": "ß"}


PLAIN = customer_input(KnownFields(COLUMNS))
CODED = customer_input(KnownFields(COLUMNS, frozenset({"Senior"})))


def refused(body: object, taker: CustomerInput = PLAIN, *, batch: bool = False) -> list[tuple[int | None, str, str, str]]:
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    with pytest.raises(InputError) as error:
        (taker.read_batch if batch else taker.read)(sent)
    return [(wrong.row, wrong.field, wrong.rule, wrong.allowed) for wrong in error.value.wrong]


def test_a_customer_is_taken_as_it_is() -> None:
    assert PLAIN.read(json.dumps(GOOD).encode()) == GOOD
    assert PLAIN.read_batch(json.dumps({"customers": [GOOD, GOOD]}).encode()) == [GOOD, GOOD]


def test_without_an_id_column_none_is_taken() -> None:
    nameless = customer_input(KnownFields(COLUMNS.model_copy(update={"id": None})))
    without = {name: value for name, value in GOOD.items() if name != "customer ID"}
    assert nameless.read(json.dumps(without).encode()) == without
    assert [wrong[1:3] for wrong in refused(GOOD, nameless)] == [("customer ID", "unknown_field")]


def test_whole_numbers_do_for_quantities_ids_and_codes() -> None:
    assert PLAIN.read(json.dumps({**GOOD, "tenure": 3, "customer ID": 75}).encode()) == {**GOOD, "tenure": 3.0, "customer ID": "75"}
    assert CODED.read(json.dumps({**GOOD, "Senior": 0}).encode())["Senior"] == "0"
    assert CODED.read(json.dumps({**GOOD, "Senior": "0"}).encode())["Senior"] == "0"


@pytest.mark.parametrize(
    ("field", "value", "rule"),
    [
        ("tenure", "3", "float_type"),
        ("tenure", True, "float_type"),
        ("tenure", [3], "float_type"),
        ("tenure", float("nan"), "finite_number"),
        ("tenure", float("-inf"), "finite_number"),
        ("tenure", 10**400, "finite_number"),
        ("tenure", 1e39, "less_than_equal"),
        ("tenure", -1e39, "greater_than_equal"),
        ("Contract", 5, "string_type"),
        ("Contract", False, "string_type"),
        ("Contract", {"a": 1}, "string_type"),
        ("Contract", "x" * 201, "string_too_long"),
        ("Contract", "a\x00b", "string_pattern_mismatch"),
        ("Senior", 0, "string_type"),
        ("customer ID", "", "too_short"),
        ("customer ID", " NA ", "value_error"),
        ("customer ID", None, "string_type"),
        ("customer ID", True, "string_type"),
    ],
)
def test_what_does_not_fit_is_named_with_its_rule_and_what_is_allowed(field: str, value: object, rule: str) -> None:
    assert refused({**GOOD, field: value}) == [(None, field, rule, PLAIN.allowed[field])]


def test_of_a_code_neither_a_boolean_nor_a_fraction_is_taken() -> None:
    for value in (True, 0.5):
        assert refused({**GOOD, "Senior": value}, CODED) == [(None, "Senior", "string_type", CODED.allowed["Senior"])]


def test_fields_too_many_and_too_few_are_named() -> None:
    (known,) = {wrong[3] for wrong in refused({**GOOD, "Churn": "Yes", "x" * 300: 1})}
    assert known == "only customer ID, tenure, _x, Contract, Senior, class"
    assert [wrong[1:3] for wrong in refused({**GOOD, "x" * 300: 1})] == [("x" * 100, "unknown_field")]
    assert [wrong[1:3] for wrong in refused({"customer ID": "C1", "tenure": 1})] == [
        (name, "missing") for name in ("_x", "Contract", "Senior", "class")
    ]


def test_of_a_batch_the_row_is_named() -> None:
    found = refused({"customers": [GOOD, {**GOOD, "tenure": "x"}, 5, {**GOOD, "new": 1}]}, batch=True)
    assert [wrong[:3] for wrong in found] == [(1, "tenure", "float_type"), (2, "", "dict_type"), (3, "new", "unknown_field")]
    assert [wrong[1:] for wrong in refused({"customers": [], "more": 1}, batch=True)] == [
        ("customers", "too_short", "a list of 1 to 1,000 customers"),
        ("more", "unknown_field", "only customers"),
    ]
    assert refused({"customers": [GOOD] * (MOST_CUSTOMERS + 1)}, batch=True)[0][1:3] == ("customers", "too_long")
    assert len(refused({"customers": [{}] * 900}, batch=True)) == 100


def test_more_than_a_customer_can_have_is_refused_as_a_whole() -> None:
    more = {f"x{place}": 1 for place in range(100)}
    assert len(refused({**GOOD, **more})) == 100, "each unknown field is named"
    assert [wrong[:3] for wrong in refused({**GOOD, **more, "one": 1})] == [(None, "", "too_many_fields")]
    assert [wrong[:3] for wrong in refused({**GOOD, "Contract": [0] * 2_000})] == [(None, "", "too_many_items")]
    assert [wrong[:3] for wrong in refused({"customers": [GOOD, {**GOOD, **more, "one": 1}]}, batch=True)] == [(1, "", "too_many_fields")]
    assert [wrong[1:] for wrong in refused({"customers": [GOOD] * 5_000}, batch=True)] == [
        ("", "too_many_items", f"a list of 1 to {MOST_CUSTOMERS:,} customers")
    ]


def test_a_thousand_customers_fit_whatever_their_texts_hold() -> None:
    full = {**GOOD, "Contract": '[{,"' * 50, "Senior": "," * 200}
    assert PLAIN.read_batch(json.dumps({"customers": [full] * MOST_CUSTOMERS}).encode()) == [full] * MOST_CUSTOMERS


@pytest.mark.parametrize("batch", [False, True])
def test_a_field_that_stands_twice_is_refused(batch: bool) -> None:
    twice = b'{"tenure": 99,' + json.dumps(GOOD).encode()[1:]
    sent = b'{"customers": [' + twice + b"]}" if batch else twice
    assert refused(sent, batch=batch) == [(None, "", "repeated_key", "each key of an object once")]


@pytest.mark.parametrize("body", [b"", b"xx", b"\xff", b'{"class": "\\ud800"}', b"[" * 5000, b"[]", b"null", b'"C1"'])
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    ((row, field, _, allowed),) = refused(body)
    assert (row, field, allowed) == (None, "", "a JSON object with the fields that /docs names")


@pytest.mark.slow
@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_whatever_is_sent_is_taken_as_text_or_refused_without_saying_it_back(value: object) -> None:
    sent = json.dumps({**GOOD, "Contract": value}).encode()
    if value is None or (isinstance(value, str) and len(value) <= 200 and "\x00" not in value):
        assert CODED.read(sent)["Contract"] == value
        return
    with pytest.raises(InputError) as refused:
        CODED.read(sent)
    assert [(wrong.field, wrong.allowed) for wrong in refused.value.wrong] == [("Contract", CODED.allowed["Contract"])]
