"""Customers who were scored after a deploy: by whoever serves, well or badly, and what became of them."""

from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from pipeline.intake.reference import load_split
from pipeline.models.artifact import open_artifact
from pipeline.record.champion import require_champion
from pipeline.record.opened_workspace import Opened
from pipeline.state.outcomes import log_outcomes
from pipeline.state.predictions import log_predictions


def log_live_customers(
    opened: Opened, at: datetime, *, rows: int = 400, bad: bool = False, outcomes: bool = True, **changed: object
) -> pd.DataFrame:
    """Log customers of the test set as scored now by the champion; where it is `bad`, with probabilities that say nothing. `changed`: columns that
    hold another value now. Returns their rows."""
    champion = require_champion(opened.workspace, opened.ledger)
    model, columns = open_artifact(opened.workspace, champion.digest), opened.settings.data.columns
    known = load_split(opened).test.head(rows)  # of whom neither model was taught
    frame = known[list(columns.features)].assign(**changed)
    scores = np.random.default_rng(3).uniform(0.05, 0.6, rows) if bad else model.scores(frame)
    ids = [f"L{place}" for place in range(rows)]
    times = [at + timedelta(seconds=place) for place in range(rows)]
    log_predictions(opened.state, frame, columns, ids=ids, times=times, scores=scores.tolist(), version=champion.version)
    if outcomes:
        churned = known[columns.target].astype(int).tolist()
        log_outcomes(opened.state, ids=ids, predicted=[None] * rows, observed=[at + timedelta(hours=1)] * rows, churned=churned)
    return frame
