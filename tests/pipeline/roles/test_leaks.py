"""Columns that know the outcome are found by what they say, and suspected by their names."""

import numpy as np
import pandas as pd
import pytest

from pipeline.roles.column import look_at
from pipeline.roles.leaks import Leak, find_leak, roc_auc_alone, telling_features
from pipeline.tables.reading import raw_of
from pipeline.tables.schema import Schema

ROWS = 600
RNG = np.random.default_rng(3)
CHURNED = RNG.random(ROWS) < 0.3


def leak(name: str, values: object) -> Leak | None:
    return find_leak(look_at(raw_of(pd.DataFrame({name: values}), "t.csv"), name), CHURNED)


def blank(values: np.ndarray, where: np.ndarray) -> list[object]:
    return [None if gone else value for value, gone in zip(values.tolist(), where, strict=True)]


REASONS, DAYS = RNG.choice(["price", "service", "moved"], ROWS), RNG.choice(["2024-03-01", "2024-04-02"], ROWS)


@pytest.mark.parametrize(
    ("name", "values", "why"),
    [
        ("why_gone", blank(REASONS, ~CHURNED), "filled for every churner and nobody else"),
        ("end_date", blank(DAYS, ~CHURNED), "filled for every churner and nobody else"),
        ("next_bill", blank(RNG.normal(50, 9, ROWS), CHURNED), "filled for everybody but the churners"),
        ("status", np.where(CHURNED, "closed", np.where(np.arange(ROWS) % 2, "open", "new")), "alone tells who churned"),
        ("balance_after", np.where(CHURNED, 0.0, RNG.uniform(5, 90, ROWS)), "alone tells who churned"),
        ("odd", np.where(CHURNED, RNG.integers(40, 45, ROWS), RNG.choice([10, 90], ROWS)), "alone tells who churned"),
        ("Churn Score", RNG.integers(5, 90, ROWS), "its name speaks of churn"),
        ("churn_probability", RNG.random(ROWS), "its name speaks of churn"),
    ],
)
def test_certain_leaks(name: str, values: object, why: str) -> None:
    found = leak(name, values)
    assert found is not None and found.certain
    assert why in found.why


@pytest.mark.parametrize("name", ["CLTV", "cancellation_fee", "termination_code", "predicted_risk", "contact reason"])
def test_suspects_by_name_are_kept_and_named(name: str) -> None:
    found = leak(name, RNG.integers(0, 40, ROWS))
    assert found is not None and not found.certain


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("CreditScore", RNG.integers(350, 850, ROWS)),
        ("satisfaction score", RNG.integers(1, 6, ROWS)),
        ("fee", RNG.normal(50, 9, ROWS) + 12 * CHURNED),  # ROC-AUC about 0.83: a good feature
        ("customer_id", [f"C{number}" for number in range(ROWS)]),
        ("bonus", blank(RNG.normal(50, 9, ROWS), RNG.random(ROWS) < 0.4)),
    ],
)
def test_good_features_are_none(name: str, values: object) -> None:
    assert leak(name, values) is None


def test_few_churners_are_no_proof() -> None:
    few = np.zeros(ROWS, dtype=bool)
    few[:12] = True
    assert roc_auc_alone(pd.Series(few.astype("float64")), few) is None


def test_the_features_of_a_typed_table_are_asked_too() -> None:
    frame = pd.DataFrame({"left": CHURNED.astype("int8"), "fee": RNG.normal(50, 9, ROWS), "code": np.where(CHURNED, "x", None)})
    assert telling_features(frame, Schema(target="left", positive="yes", numerical=("fee",), categorical=("code",))) == ("code",)
