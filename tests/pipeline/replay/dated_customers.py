"""Dated customers with a known churn mechanism, as a team's file."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

START = datetime(2025, 1, 6, tzinfo=UTC)
A_WEEK = 150


def dated_customers(weeks: int, seed: int, *, turns_after: int | None = None) -> pd.DataFrame:
    """`A_WEEK` rows a week, two in five of whom churn; from week `turns_after` on for the opposite reasons."""
    rng = np.random.default_rng(seed)
    rows = weeks * A_WEEK
    week = np.arange(rows) // A_WEEK
    tenure, calls = rng.uniform(0, 60, rows).round(1), rng.normal(10, 3, rows).round(1)
    plan = rng.choice(["basic", "plus"], rows)
    sense = np.where(week >= (weeks if turns_after is None else turns_after), -1, 1)
    logit = sense * (0.12 * (30 - tenure) + 0.5 * (calls - 10) + 1.0 * (plan == "basic") - 0.5) - 0.6
    times = [START + timedelta(minutes=int(place * 7 * 24 * 60 / A_WEEK)) for place in range(rows)]
    return pd.DataFrame(
        {
            "customer_id": [f"C{place:06d}" for place in range(rows)],
            "seen": [time.isoformat() for time in times],
            "tenure": tenure,
            "calls": calls,
            "plan": plan,
            "churned": np.where(rng.random(rows) < 1 / (1 + np.exp(-logit)), "yes", "no"),
        }
    )


def as_file(frame: pd.DataFrame, folder: Path) -> Path:
    """The rows as a CSV file."""
    file = folder / "dated.csv"
    frame.to_csv(file, index=False)
    return file
