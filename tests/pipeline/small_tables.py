"""A small typed table with a known churn mechanism, quick to train on."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd

from pipeline.tables.schema import Schema
from pipeline.training.job import TrainingJob

COLUMNS = Schema(target="churned", positive="yes", id="customer", numerical=("tenure", "charges"), categorical=("contract", "payment"))


def small_table(rows: int, seed: int, *, customers: int | None = None) -> pd.DataFrame:
    """Rows as `typed` gives them, a tenth of the charges and payments missing; `customers` fewer than `rows` repeat."""
    random = np.random.default_rng(seed)
    tenure = random.uniform(0, 72, rows)
    charges = random.normal(65, 30, rows)
    contract = random.choice(["monthly", "yearly"], rows)
    payment = random.choice(["card", "cheque", "bank"], rows)
    logit = 0.5 - 0.06 * tenure + 0.02 * (charges - 65) + 1.5 * (contract == "monthly") - 0.5 * (payment == "bank")
    churned = (random.random(rows) < 1 / (1 + np.exp(-logit))).astype(np.int8)
    number = np.arange(rows) % (customers or rows)
    return pd.DataFrame(
        {
            "customer": np.array([f"C{value:05d}" for value in number], dtype=object),
            "tenure": tenure,
            "charges": np.where(random.random(rows) < 0.1, np.nan, charges),
            "contract": contract.astype(object),
            "payment": np.where(random.random(rows) < 0.1, np.nan, payment.astype(object)),
            "churned": churned,
        }
    )


def small_job(**changes: object) -> TrainingJob:
    """A quick forest on the small table."""
    usual = {
        "columns": COLUMNS,
        "estimator": "random_forest",
        "hyperparameters": {"n_estimators": 20, "max_depth": 4},
        "seed": 7,
        "threshold": 0.5,
        "confidence": 0.95,
        "trained_at": datetime(2026, 11, 21, 9, tzinfo=UTC),
    }
    return TrainingJob.model_validate({**usual, **changes})
