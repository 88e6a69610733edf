"""Rows scored since a deploy: what is missing in them, and which of their values the deployed model does not know though the replaced one did."""

from datetime import datetime

import numpy as np
import pandas as pd

from pipeline.models.artifact import Artifact, open_artifact
from pipeline.profiles.profile import spelling_of
from pipeline.record.opened_workspace import Opened
from pipeline.shadow.deployed import Deploy
from pipeline.shadow.own_log_rows import own_log_rows, shadow_log, why_not
from pipeline.shadow.served_sample import served_sample
from pipeline.stored_record import StoredRecord
from pipeline.tables.cell_values import spelt

_ROWS = 2_000


class ColumnShare(StoredRecord):
    """A column, the share of the rows since the deploy (0-1), and the share to compare it with."""

    column: str
    share: float
    before: float


class LiveRows(StoredRecord):
    """Some `rows` that the deployed model scored. `missing`: the column whose missing values rose most over the rows that windows are
    compared with. `unknown`: the one with most values that the model was not trained on, over those that the replaced one was not; None where
    there is none. `mean_score` is of what the model said, `expected_score` of what it said of its training data; so are the quartiles `scores` and
    `expected_scores`, and `score_distance` is how far both distributions lie apart (Kolmogorov-Smirnov, 0-1)."""

    rows: int
    mean_score: float
    expected_score: float
    scores: tuple[float, float, float]
    expected_scores: tuple[float, float, float]
    score_distance: float
    missing: ColumnShare | None
    unknown: ColumnShare | None


def live_rows(opened: Opened, deploy: Deploy, until: datetime) -> LiveRows | None:
    """Look at some thousand rows that the deployed model scored; None where there are none, or the team's own log
    has no ids, scoring times or features.

    Raises:
        DataError: the team's own log cannot be read.
        IntegrityError: one of the two models was deleted, or changed.
    """
    from scipy.stats import ks_2samp

    model, before = (open_artifact(opened.workspace, one.digest) for one in (deploy.champion, deploy.predecessor))
    rows = _rows_since(opened, deploy, model, until)
    if rows is None or rows.empty:
        return None
    scores, expected = rows["_score"].to_numpy(), model.reference_scores()
    return LiveRows(
        rows=len(rows),
        mean_score=float(scores.mean()),
        expected_score=float(expected.mean()),
        scores=_quartiles(scores),
        expected_scores=_quartiles(expected),
        score_distance=float(ks_2samp(scores, expected).statistic),
        missing=_missing(rows, model),
        unknown=_unknown(rows, model, before),
    )


def _rows_since(opened: Opened, deploy: Deploy, model: Artifact, until: datetime) -> pd.DataFrame | None:
    log = shadow_log(opened)
    if log is None:
        return served_sample(opened.state, model.manifest.columns, deploy.at, until, deploy.champion.version, _ROWS)
    return None if why_not(log, model.manifest.columns) else own_log_rows(opened, log, model, model, deploy.at, until)


def _quartiles(scores: np.ndarray) -> tuple[float, float, float]:
    low, middle, high = np.quantile(scores, (0.25, 0.5, 0.75))
    return float(low), float(middle), float(high)


def _missing(rows: pd.DataFrame, model: Artifact) -> ColumnShare | None:
    profile, gone = model.profile(), rows.isna().mean()
    nulls = {one.name: one.nulls for one in profile.numerical} | {one.name: one.nulls for one in profile.categorical}
    found = [ColumnShare(column=name, share=float(gone[name]), before=many / max(1, profile.rows)) for name, many in nulls.items()]
    return _most_risen(found)


def _unknown(rows: pd.DataFrame, model: Artifact, before: Artifact) -> ColumnShare | None:
    shares = [_unknown_shares(rows, one) for one in (model, before)]
    found = [ColumnShare(column=name, share=share, before=shares[1].get(name, 0.0)) for name, share in shares[0].items()]
    return _most_risen(found)


def _most_risen(found: list[ColumnShare]) -> ColumnShare | None:
    worst = max(found, key=lambda one: one.share - one.before, default=None)
    return worst if worst is not None and worst.share > worst.before else None


def _unknown_shares(rows: pd.DataFrame, model: Artifact) -> dict[str, float]:
    profile = model.profile()
    cells = spelt(rows, spelling_of(profile))
    columns = [one for one in profile.categorical if one.name in cells]
    return {one.name: float((cells[one.name].notna() & ~cells[one.name].isin(one.known)).mean()) for one in columns}
