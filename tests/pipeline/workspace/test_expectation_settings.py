"""What may stand under [expectations], and what is said of a slip."""

from typing import Any

import pytest
from pydantic import ValidationError

from pipeline.workspace.data_settings import DataSettings
from pipeline.workspace.settings import Settings

DATA = DataSettings(
    file="c.csv", sha256="", target="churned", positive="yes", id="customer", numerical=("tenure",), categorical=("contract",)
)


def settings(predictions: dict[str, Any] | None = None, **expectations: Any) -> Settings:
    return Settings.model_validate({"data": DATA, "predictions": predictions or {}, "expectations": expectations})


def test_values_are_named_as_they_are_written() -> None:
    found = settings(columns={"contract": {"values": ["1y", 2, 0.5, True]}}).expectations.columns["contract"]
    assert found.values == ("1y", "2", "0.5", "true")


@pytest.mark.parametrize(
    ("expectations", "said"),
    [
        ({"newest_within": "yesterday"}, "like 26h"),
        ({"rows_per_day": [900]}, "fewest and the most"),
        ({"rows_per_day": [900, 100]}, "fewest and the most"),
        ({"rows_a_day": [1, 2]}, "rows_a_day"),
        ({"columns": {"tenure": {"minimum": 0}}}, "minimum"),
        ({"columns": {"tenure": {}}}, "nothing is declared"),
        ({"columns": {"tenure": {"min": 5, "max": 1}}}, "`min` 5 is above `max` 1"),
        ({"columns": {"tenure": {"min": 0, "values": [1]}}}, "not both"),
        ({"columns": {"tenure": {"max": float("inf")}}}, "finite"),
        ({"columns": {"tenure": {"max_missing": 2}}}, "less than or equal to 1"),
        ({"columns": {"tenur": {"min": 0}}}, "names `tenur`, which the log does not have; perhaps `tenure` is meant"),
        ({"columns": {"contract": {"min": 0}}}, "categorical in .data.; list its `values`"),
    ],
)
def test_a_slip_is_refused_by_its_name(expectations: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        settings(**expectations)


def test_a_team_s_log_may_have_columns_that_nobody_trained_on() -> None:
    settings({"file": "log.csv"}, columns={"region": {"values": ["Nord"]}})


def test_one_column_is_not_declared_under_two_names() -> None:
    with pytest.raises(ValidationError, match="names `tenure` twice, also as `months`"):
        settings({"file": "log.csv", "columns": {"months": "tenure"}}, columns={"months": {"min": 0}, "tenure": {"min": 1}})
