"""Customers who are scored again and again, beside a quick champion: what an active base and a flat plan look like to the evidence."""

from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.diagnosis.observed import Observed, observe
from pipeline.models.artifact import Artifact, Manifest
from pipeline.models.importance import Importance
from pipeline.models.unfitted_model import build
from pipeline.profiles.counting import profile_reference, profile_window
from pipeline.sources.customers import customer_counts
from pipeline.sources.source import ALL_ROWS, Frame, Restriction
from pipeline.tables.categories import NO_SPELLING
from pipeline.tables.schema import Schema
from pipeline.windows.baseline import Baseline
from pipeline.windows.window import Labelled, Window
from pipeline.workspace.policy import load_policy
from prompts import policy_text

POLICY = load_policy(policy_text(), {})
SCHEMA = Schema(target="churned", positive="1", id="customer", time="scored", numerical=("usage", "fee"), categorical=("plan", "region"))
FEATURES = list(SCHEMA.features)
DAYS = pd.date_range("2026-11-15", periods=7, tz="UTC")
Rows = NDArray[np.bool_]


def customers(rows: int, seed: int, shape: str = "plain") -> pd.DataFrame:
    """`plain`: fee and usage vary. `flat`: half of them are on one plan and look the same. `nearly flat`: the same but for noise. `coarse`: all
    amounts are one of three. Churn follows the fee."""
    rng = np.random.default_rng(seed)
    flat = (rng.random(rows) < 0.5) & (shape in ("flat", "nearly flat"))
    noise = rng.normal(0, 0.01, (2, rows)) if shape == "nearly flat" else np.zeros((2, rows))
    fee, usage = (
        np.where(flat, 20 + noise[0], rng.uniform(20, 90, rows).round(2)),
        np.where(flat, 100 + noise[1], rng.normal(100, 40, rows)),
    )
    if shape == "coarse":
        fee, usage = rng.choice([20.0, 50.0, 80.0], rows), rng.choice([50.0, 100.0], rows)
    p = np.where(flat, 0.05, 1 / (1 + np.exp(-(fee - 60) / 8)))
    return pd.DataFrame(
        {
            "customer": [f"{seed}-{number}" for number in range(rows)],
            "plan": np.where(flat, "flat", "free"),
            "usage": usage.round(3),
            "fee": fee,
            "region": np.where(flat, "N", rng.choice(list("NESW"), rows)),
            "churned": (rng.random(rows) < p).astype("int64"),
        }
    )


class _Trained:
    """As much of an artifact as is looked at."""

    def __init__(self, shape: str, family: str, seed: int, rows: int = 2500) -> None:
        from sklearn.model_selection import cross_val_predict

        self.rows = customers(rows, seed, shape)
        x, y = self.rows[FEATURES], self.rows["churned"].to_numpy()
        chosen = {"max_depth": 10, "n_estimators": 20} if family == "random_forest" else {}
        model = build(family, chosen, 7, SCHEMA)
        self.out_of_fold = cross_val_predict(model, x, y, cv=5, method="predict_proba")[:, 1]
        self.model: Any = model.fit(x, y)
        self.manifest = cast(
            Manifest, SimpleNamespace(family=family, hyperparameters=chosen, seed=7, drift_reference=None, recalibration=None)
        )

    def reference(self) -> pd.DataFrame:
        return self.rows[[*FEATURES, "churned"]]

    def reference_scores(self) -> NDArray[np.float64]:
        return np.asarray(self.out_of_fold)

    def scores(self, rows: pd.DataFrame) -> NDArray[np.float64]:
        return np.asarray(self.model.predict_proba(rows[FEATURES])[:, 1])


@dataclass(frozen=True)
class Trained:
    """A champion, and what windows are compared with."""

    champion: Artifact
    baseline: Baseline


@cache
def trained(shape: str = "plain", family: str = "logistic_regression", seed: int = 1) -> Trained:
    champion = _Trained(shape, family, seed)
    source = Frame(champion.rows[FEATURES])
    importances = tuple(Importance(feature=name, auc_drop=0.1) for name in FEATURES)
    profile = profile_reference(source, SCHEMA)
    return Trained(cast(Artifact, champion), Baseline("d" * 64, profile, source, ALL_ROWS, importances))


def scored(base: pd.DataFrame, times: NDArray[np.int64]) -> pd.DataFrame:
    """A row of each customer for each of the first so many `times` of the seven days."""
    rows = base.loc[base.index.repeat(times)]
    return rows.assign(scored=DAYS[rows.groupby(level=0).cumcount()]).reset_index(drop=True)


def seen(
    world: Trained, log: pd.DataFrame, known: Rows | None = None, *, columns: Schema = SCHEMA, meant: Restriction = ALL_ROWS, **facts: Any
) -> Observed:
    """The window of the log's rows that are `meant`; outcomes are known for the rows `known`, by default for none. `facts` are the window's."""
    source = Frame(log.drop(columns="churned"))
    told = log[np.zeros(len(log), dtype=bool) if known is None else known]
    labelled = Labelled(told[FEATURES], told["churned"], told["customer"], told["scored"])
    window = Window(
        "test",
        source,
        columns,
        meant,
        profile_window(source, columns, world.baseline.profile, meant),
        labelled,
        customer_counts(source, columns, meant, NO_SPELLING),
        **facts,
    )
    return observe(world.champion, world.baseline, window)
