"""The examples in the docstrings of public maths say what the code does."""

import doctest
import importlib

import pytest

MODULES = (
    "pipeline.drift.distances",
    "pipeline.measures.campaign_value",
    "pipeline.measures.delong",
    "pipeline.measures.margins",
    "pipeline.measures.metrics",
)


@pytest.mark.parametrize("name", MODULES)
def test_its_examples_run(name: str) -> None:
    ran = doctest.testmod(importlib.import_module(name))
    assert ran.attempted >= 2
    assert ran.failed == 0
