"""A first schema for a table nobody described: the roles a person would give its columns, and the reasons for those left out."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.errors import DataError
from pipeline.roles.inference import Inference, infer
from pipeline.tables.reading import raw_of, read_raw
from tests.checkout import TELCO

ROWS = 200
CHURNED = np.random.default_rng(4).random(ROWS) < 0.25


def table(**columns: object) -> pd.DataFrame:
    """A plain churn table of 200 rows; `columns` replace or add."""
    rng = np.random.default_rng(1)
    plain = {
        "customer_id": [f"C{number:04d}" for number in range(ROWS)],
        "months": rng.integers(0, 72, ROWS),
        "bill": rng.normal(60, 20, ROWS).round(2),
        "plan": rng.choice(["a", "b", "c"], ROWS),
        "churn": np.where(CHURNED, "yes", "no"),
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


@pytest.mark.parametrize(
    ("column", "values", "reason"),
    [
        ("comment", [f"said something {number}" for number in range(ROWS)], "free text"),
        ("country", ["DE"] * ROWS, "constant"),
        ("fax", [None] * ROWS, "empty"),
        ("Unnamed: 0", list(range(ROWS)), "no name"),
        ("account_number", list(range(100_000, 100_000 + ROWS)), "further id"),
        ("has_left", np.where(CHURNED, "1", "0").tolist(), "it alone tells who churned (ROC-AUC 1.000)"),
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
    assert dict(found.ignored) == {"birthday": "it is constant"}


def test_seconds_are_a_time_only_where_the_name_says_so() -> None:
    seconds = 1_700_000_000 + np.arange(ROWS) * 61
    found = inferred(table(timestamp=seconds, volume=np.random.default_rng(2).permutation(seconds)))
    assert found.schema.time == "timestamp"
    assert "volume" in found.schema.numerical


def test_a_mistyped_value_of_the_target_is_refused() -> None:
    with pytest.raises(DataError, match="No value of `churn` is `ja`"):
        inferred(table(), positive="ja")


def test_an_exact_copy_is_left_out_whatever_it_is_spelt_like() -> None:
    months = np.arange(ROWS) * 7 % 72
    found = inferred(table(months=months, tenure_months=[f"{value}.0" for value in months]))
    assert dict(found.ignored) == {"tenure_months": "it is an exact copy of `months`"}


def test_without_an_id_it_says_what_that_costs() -> None:
    assert any("outcomes that arrive later cannot be joined" in note for note in inferred(table().drop(columns="customer_id")).notes)


def test_many_categories_are_kept_and_the_folding_is_said() -> None:
    found = inferred(table(city=[f"city {row % 60}" for row in range(ROWS)]))
    assert found.schema.kind("city") == "categorical"
    assert any("`city` has 60 different values: rare ones are folded" in note for note in found.notes)


def test_every_feature_has_a_reason() -> None:
    found = inferred(table())
    assert set(found.why) == set(found.schema.features)
    assert all(found.why.values())


def test_rows_without_an_outcome_and_dropped_ones_say_nothing() -> None:
    churn = np.where(CHURNED, "yes", "no").tolist()
    churn[:6] = [None, None, "joined", "joined", "joined", "no"]
    found = infer(raw_of(table(churn=churn, only_new=["x" if row < 5 else None for row in range(ROWS)]), "t.csv"), "churn", drop=["joined"])
    assert (found.schema.positive, found.schema.negative) == ("yes", ("no",))
    assert (found.target.unknown, found.target.dropped) == (2, 3)
    assert dict(found.ignored) == {"only_new": "it is empty"}


def test_a_mistyped_target_gets_the_close_names() -> None:
    with pytest.raises(DataError, match="Did you mean `churn`"):
        infer(raw_of(table(), "customers.csv"), "Churned")


def test_a_table_without_features_is_refused() -> None:
    with pytest.raises(DataError, match="no feature beside the target"):
        inferred(table()[["customer_id", "churn"]])


@pytest.mark.slow
def test_telco_reads_the_same_from_parquet(tmp_path: Path) -> None:
    if not TELCO.exists():
        pytest.skip("the public Telco table is not beside the repository")
    pd.read_csv(TELCO).to_parquet(tmp_path / "telco.parquet")
    assert infer(read_raw(tmp_path / "telco.parquet"), "Churn") == infer(read_raw(TELCO), "Churn")


def test_columns_that_somebody_names_have_their_role() -> None:
    days = pd.date_range("2026-01-01", periods=ROWS, freq="D").strftime("%Y-%m-%d")
    frame = table(cycle=days, scored_at=days[::-1], ref=[f"R{number % 90}" for number in range(ROWS)])
    found = infer(raw_of(frame, "customers.csv"), "churn", time="cycle", customer="ref").schema
    assert (found.time, found.id) == ("cycle", "ref")
    with pytest.raises(DataError, match="`bill` cannot be the time"):
        infer(raw_of(frame, "customers.csv"), "churn", time="bill")
