"""A proposal holds for the rows that it comes from, can be pasted as it is, and is narrow enough to catch a fault."""

import tomllib
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipeline.expectations.proposal import proposed_columns
from pipeline.profiles.counting import profile_reference
from pipeline.sources.source import Frame
from pipeline.tables.schema import Schema
from pipeline.workspace.expectation_settings import ColumnExpectation, ExpectationSettings
from pipeline.workspace.settings_file import render_expectations
from tests.pipeline.small_tables import COLUMNS, small_table


def proposed(frame: pd.DataFrame, columns: Schema = COLUMNS, **named: str) -> dict[str, ColumnExpectation]:
    return proposed_columns(profile_reference(Frame(frame), columns), named)


def of_numbers(*values: float | None) -> ColumnExpectation:
    frame = pd.DataFrame({"x": np.array(values, dtype="float64")})
    return proposed(frame, Schema(target="churned", positive="yes", numerical=("x",)))["x"]


def test_it_is_pasted_as_it_is_printed() -> None:
    found = proposed(small_table(1200, 9), tenure="tenure_months")
    read = tomllib.loads(render_expectations(found))
    assert ExpectationSettings(**read["expectations"]).columns == found
    assert [*found] == ["tenure_months", "charges", "contract", "payment"]


def test_ranges_have_a_margin_that_turns_no_amount_negative() -> None:
    tenure = proposed(small_table(1200, 9))["tenure"]
    assert tenure.min == 0
    assert tenure.max is not None
    assert 72 < tenure.max <= 80


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e9])
@pytest.mark.parametrize("values", [(1.0, 2.0, 5.0), (-3.0, -1.0, -0.5), (-2.0, 0.0, 7.0), (4.0, 4.0, 4.0), (0.0, 0.0)])
def test_every_range_holds_the_rows_it_came_from(values: tuple[float, ...], scale: float) -> None:
    found = of_numbers(*(value * scale for value in values))
    assert found.min is not None
    assert found.max is not None
    assert found.min <= min(values) * scale <= max(values) * scale <= found.max
    width = (max(values) - min(values) or 2 * abs(values[0]) or 2.0) * scale if any(values) else 2.0
    assert found.max - found.min <= 1.6 * width


def test_a_share_of_missing_values_has_room_and_an_end() -> None:
    assert of_numbers(*[1.0] * 90, *[None] * 10).max_missing == 0.15
    assert of_numbers(1.0, 2.0).max_missing == 0.01
    assert of_numbers(None, None) == ColumnExpectation(max_missing=1.0)


def test_names_of_thousands_of_things_are_not_listed() -> None:
    frame = pd.DataFrame({"c": [f"town {number}" for number in range(31)] * 2})
    schema = Schema(target="churned", positive="yes", categorical=("c",))
    assert proposed(frame, schema)["c"].values == ()
    assert len(proposed(frame[frame["c"] != "town 3"], schema)["c"].values) == 30


def test_keys_that_are_no_bare_words_are_quoted() -> None:
    declared: dict[str, Any] = {'a "b".c': ColumnExpectation(values=("x\ny",))}
    assert tomllib.loads(render_expectations(declared))["expectations"]["columns"] == {'a "b".c': {"values": ["x\ny"]}}
