"""Windows of the small table whose outcomes are known, beside a champion that was trained on 2,000 rows of it."""

from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.diagnosis.observed import Observed
from pipeline.measures.metrics import measure
from pipeline.models.artifact import Artifact, Manifest
from pipeline.models.calibration import cross_fit_folds, out_of_fold, try_calibration
from pipeline.models.unfitted_model import build
from pipeline.profiles.counting import profile_reference
from pipeline.sources.source import Frame
from pipeline.windows.window import Labelled
from pipeline.workspace.policy import load_policy
from prompts import policy_text
from tests.pipeline.small_tables import COLUMNS, small_table

POLICY = load_policy(policy_text(), {})
FEATURES = list(COLUMNS.features)
REFERENCE = small_table(2000, 4)[[*FEATURES, "churned"]]
NEWEST = datetime(2026, 11, 21, tzinfo=UTC)


class TrainedOnKnown:
    """The champion, fitted once: a logistic regression, which is quick and is what made the table."""

    def __init__(self) -> None:
        x, y = REFERENCE[FEATURES], REFERENCE["churned"].to_numpy()
        pipeline = build("logistic_regression", {}, 1, COLUMNS)
        folds = cross_fit_folds(y, None, 1)
        trial, self.out_of_fold = try_calibration(out_of_fold(pipeline, x, y, folds), y, None, folds)
        self.model = pipeline.fit(x, y)
        manifest = Manifest(
            columns=COLUMNS,
            estimator="logistic_regression",
            hyperparameters={"C": 1.0},
            seed=1,
            threshold=0.5,
            calibration=trial,
            data_sha256="",
            rows=len(REFERENCE),
            churners=int(y.sum()),
            versions={},
            trained_at=NEWEST,
        )
        self.artifact = Artifact("c" * 64, Path("nowhere"), manifest, measure(y, self.scores(REFERENCE), 0.5, 0.95))
        self.profile = profile_reference(Frame(REFERENCE[FEATURES]), COLUMNS)

    def scores(self, rows: pd.DataFrame) -> NDArray[np.float64]:
        return np.asarray(self.model.predict_proba(rows[FEATURES])[:, 1])


champion_of_known_windows = cache(TrainedOnKnown)


def days_before(rows: int, days: int) -> pd.Series:
    """Scoring times spread evenly over the `days` before the newest, oldest first."""
    return pd.Series(pd.to_datetime([NEWEST - timedelta(days=days) * (1 - row / rows) for row in range(rows)], utc=True))


def known_window(table: pd.DataFrame, *, days: int = 7, known: NDArray[np.bool_] | None = None) -> Observed:
    """The window `table` (features, `churned`, and `customer`), in the order of time, scored over `days`; all outcomes `known`, or those."""
    champion, table = champion_of_known_windows(), table.reset_index(drop=True)
    known = np.ones(len(table), dtype=bool) if known is None else known
    times, scores = days_before(len(table), days), champion.scores(table)
    return Observed(
        champion=champion.artifact,
        columns=COLUMNS,
        rows=len(table),
        profile_before=champion.profile,
        profile=champion.profile,
        before=REFERENCE[FEATURES],
        before_scores=champion.out_of_fold,
        reference=REFERENCE,
        reference_scores=champion.out_of_fold,
        window=table[FEATURES],
        times=times,
        ids=table["customer"],
        scores=scores,
        labelled=Labelled(
            table.loc[known, FEATURES], table.loc[known, "churned"].astype("int64"), table.loc[known, "customer"], times[known]
        ),
        labelled_scores=scores[known],
        importances={},
    )


def more_churn(table: pd.DataFrame, odds: float, seed: int) -> pd.DataFrame:
    """Customers of `table`, so many of the stayers (or of the churners) left out that the odds of churn are `odds` times theirs: churners
    and stayers look as before."""
    kept = np.where(table["churned"] == 1, min(1.0, odds), min(1.0, 1 / odds))
    return table[np.random.default_rng(seed).random(len(table)) < kept].reset_index(drop=True)


def leaving(table: pd.DataFrame, who: "pd.Series[bool]", share: float, seed: int) -> pd.DataFrame:
    """The table in which `share` of the customers `who` churn, whatever their features say."""
    drawn = np.random.default_rng(seed).random(len(table)) < share
    return table.assign(churned=np.where(who, drawn, table["churned"]).astype(np.int8))
