"""Only a date whose name says that the row was observed then is the time."""

import numpy as np
import pandas as pd
import pytest

from pipeline.roles.inference import Inference, infer
from pipeline.tables.reading import raw_of

ROWS = 200
CHURNED = np.random.default_rng(4).random(ROWS) < 0.3
SOME = [f"2024-{1 + row % 12:02d}-{1 + row % 28:02d}" for row in range(ROWS)]


def inferred(**columns: object) -> Inference:
    plain = {
        "customer_id": [f"C{number:04d}" for number in range(ROWS)],
        "bill": np.random.default_rng(1).normal(60, 20, ROWS).round(2),
        "churn": np.where(CHURNED, "yes", "no"),
    }
    return infer(raw_of(pd.DataFrame({**plain, **columns}), "customers.csv"), "churn")


@pytest.mark.parametrize("name", ["scored_at", "snapshot_date", "date", "timestamp", "as_of", "reportDate", "observation_time"])
def test_the_time_of_observation(name: str) -> None:
    assert inferred(**{name: SOME}).schema.time == name


@pytest.mark.parametrize("name", ["signup_date", "contract_start", "date_of_birth", "last_login_at", "registration_init_time"])
def test_a_date_about_the_customer_is_left_out_with_a_note(name: str) -> None:
    found = inferred(**{name: SOME})
    assert found.schema.time is None
    assert "a date about the customer" in dict(found.ignored)[name]
    assert any(f"If `{name}` does, name it as `time`" in note for note in found.notes)


def test_a_date_that_only_churners_have_is_a_leak() -> None:
    found = inferred(churn_date=[day if gone else None for day, gone in zip(SOME, CHURNED, strict=True)], scored_at=SOME)
    assert found.schema.time == "scored_at"
    assert "every churner and nobody else" in dict(found.ignored)["churn_date"]


def test_a_constant_date_is_constant() -> None:
    found = inferred(snapshot_date=["2024-05-01"] * ROWS)
    assert (found.schema.time, dict(found.ignored)) == (None, {"snapshot_date": "it is constant"})


def test_what_is_named_like_a_time_and_cannot_be_read_is_said_with_its_format() -> None:
    found = inferred(scored_at=[f"{day % 28}th of May" for day in range(ROWS)])
    assert found.schema.time is None
    assert any("`scored_at` is named like a time, but `9aa aa aaa` is not read as one" in note for note in found.notes)
