"""A first schema for a table nobody described: the roles a person would give its columns, and the reasons for those left out."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.errors import DataError
from pipeline.tables.guessed_schema import Inference, infer
from pipeline.tables.reading import raw_of, read_raw
from tests.checkout import TELCO

ROWS = 200


def table(**columns: object) -> pd.DataFrame:
    """A plain churn table of 200 rows; `columns` replace or add."""
    rng = np.random.default_rng(1)
    plain = {
        "customer_id": [f"C{number:04d}" for number in range(ROWS)],
        "months": rng.integers(0, 72, ROWS),
        "bill": rng.normal(60, 20, ROWS).round(2),
        "plan": rng.choice(["a", "b", "c"], ROWS),
        "churn": np.where(np.arange(ROWS) % 4 == 0, "yes", "no"),
    }
    return pd.DataFrame({**plain, **columns})


def inferred(frame: pd.DataFrame, positive: str = "") -> Inference:
    return infer(raw_of(frame, "customers.csv"), "churn", positive)


def test_the_public_telco_table_is_understood() -> None:
    if not TELCO.exists():
        pytest.skip("the public Telco table is not beside the repository")
    found = infer(read_raw(TELCO), "Churn")
    assert found.schema.id == "customerID"
    assert found.schema.numerical == ("tenure", "MonthlyCharges", "TotalCharges")
    assert len(found.schema.categorical) == 16
    assert "SeniorCitizen" in found.schema.categorical
    assert (found.schema.positive, found.schema.time, found.ignored, found.notes) == ("Yes", None, (), ())


def test_a_plain_table_is_understood() -> None:
    schema = inferred(table()).schema
    assert schema.id == "customer_id"
    assert schema.numerical == ("months", "bill")
    assert schema.categorical == ("plan",)


@pytest.mark.parametrize(("distinct", "kind"), [(10, "categorical"), (11, "numerical")])
def test_more_than_ten_numbers_are_a_quantity(distinct: int, kind: str) -> None:
    assert inferred(table(products=np.arange(ROWS) % distinct)).schema.kind("products") == kind


@pytest.mark.parametrize(
    ("column", "values", "reason"),
    [
        ("comment", [f"said something {number}" for number in range(ROWS)], "free text"),
        ("country", ["DE"] * ROWS, "constant"),
        ("fax", [None] * ROWS, "empty"),
        ("Unnamed: 0", list(range(ROWS)), "no name"),
        ("account_number", list(range(100_000, 100_000 + ROWS)), "further id"),
        ("has_left", ["1" if row % 4 == 0 else "0" for row in range(ROWS)], "same as the target"),
        ("income", [str(50_000 + 7 * row) for row in range(ROWS - 1)] + ["unknown"], "1 of its 200 values are not numbers"),
    ],
)
def test_what_cannot_be_trained_on_is_left_out_with_a_reason(column: str, values: list[object], reason: str) -> None:
    found = inferred(table(**{column: values}))
    assert column not in found.schema.features
    assert found.schema.id == "customer_id"
    assert reason in dict(found.ignored)[column]


def test_amounts_that_all_differ_are_no_ids() -> None:
    frame = table(income=np.arange(ROWS) * 37 + 900, lifetime_value=np.arange(ROWS) * 1.5).drop(columns="customer_id")
    found = inferred(frame)
    assert found.schema.id is None
    assert {"income", "lifetime_value"} <= set(found.schema.numerical)


@pytest.mark.parametrize("name", ["CustomerId", "customerid", "user_id", "ID", "MSISDN", "uuid", "code"])
def test_an_id_is_found(name: str) -> None:
    frame = table().rename(columns={"customer_id": name})
    frame[name] = np.arange(ROWS) + (100_000 if name == "code" else 1)
    assert inferred(frame).schema.id == name


def test_a_customer_scored_daily_is_still_an_id() -> None:
    found = inferred(
        table(customer_id=[f"C{row % 40}" for row in range(ROWS)], scored_at=[f"2024-01-{1 + row // 40:02d}" for row in range(ROWS)])
    )
    assert (found.schema.id, found.schema.time) == ("customer_id", "scored_at")
    assert found.notes == ("160 ids repeat: the split will keep each customer on one side.",)


def test_an_id_of_something_else_is_a_category() -> None:
    frame = table(region_id=np.arange(ROWS) % 8, scored_at=["2024-01-01"] * ROWS)
    assert inferred(frame).schema.kind("region_id") == "categorical"


def test_the_scoring_time_goes_before_other_dates() -> None:
    found = inferred(table(birthday=["1980-05-01"] * ROWS, snapshot_date=[f"2024-01-{1 + row % 28:02d}" for row in range(ROWS)]))
    assert found.schema.time == "snapshot_date"
    assert dict(found.ignored) == {"birthday": "a further date beside `snapshot_date`"}


def test_seconds_are_a_time_only_where_the_name_says_so() -> None:
    seconds = 1_700_000_000 + np.arange(ROWS) * 61
    found = inferred(table(timestamp=seconds, volume=seconds))
    assert found.schema.time == "timestamp"
    assert "volume" in found.schema.numerical


@pytest.mark.parametrize(
    ("values", "positive"),
    [
        (("Exited", "Active"), "Exited"),
        (("False.", "True."), "True."),
        (("1", "0"), "1"),
        (("Attrited Customer", "Existing Customer"), "Attrited Customer"),
    ],
)
def test_a_word_for_churn_is_the_positive_value(values: tuple[str, str], positive: str) -> None:
    found = inferred(table(churn=[values[row % 2] for row in range(ROWS)]))
    assert (found.schema.positive, found.notes) == (positive, ())


def test_without_a_word_for_churn_the_rarer_value_is_taken_and_said() -> None:
    found = inferred(table(churn=["B" if row % 4 == 0 else "A" for row in range(ROWS)]))
    assert found.schema.positive == "B"
    assert "`B`" in found.notes[0]


def test_a_positive_value_can_be_given() -> None:
    assert inferred(table(), positive="no").schema.positive == "no"
    with pytest.raises(DataError, match="`no` and `yes`"):
        inferred(table(), positive="ja")


def test_a_mistyped_target_gets_the_close_names() -> None:
    with pytest.raises(DataError, match="Did you mean `churn`"):
        infer(raw_of(table(), "customers.csv"), "Churned")


@pytest.mark.parametrize(("values", "said"), [(["yes"], "one value only"), (["yes", "no", "maybe"], "3 different values")])
def test_a_target_is_a_yes_or_a_no(values: list[str], said: str) -> None:
    with pytest.raises(DataError, match=said):
        inferred(table(churn=[values[row % len(values)] for row in range(ROWS)]))


def test_a_table_without_features_is_refused() -> None:
    with pytest.raises(DataError, match="no feature beside the target"):
        inferred(table()[["customer_id", "churn"]])


def test_telco_reads_the_same_from_parquet(tmp_path: Path) -> None:
    if not TELCO.exists():
        pytest.skip("the public Telco table is not beside the repository")
    pd.read_csv(TELCO).to_parquet(tmp_path / "telco.parquet")
    assert infer(read_raw(tmp_path / "telco.parquet"), "Churn") == infer(read_raw(TELCO), "Churn")
