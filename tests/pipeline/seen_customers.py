"""Windows of generated customers beside a reference, scored by a quick champion: what evidence without labels is tried on."""

from collections.abc import Callable
from functools import cache
from typing import cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.diagnosis.observed import Observed
from pipeline.models.artifact import Artifact
from pipeline.models.unfitted_model import build
from pipeline.profiles.counting import profile_reference, profile_window
from pipeline.profiles.profile import Profile
from pipeline.roles.inference import infer
from pipeline.sources.source import Frame
from pipeline.tables.reading import raw_of, typed
from pipeline.tables.schema import Schema
from pipeline.windows.window import Labelled
from pipeline.workspace.policy import load_policy
from pipeline.worlds.telephone_customers import make_customers
from prompts import policy_text

RULES = load_policy(policy_text(), {}).evidence
REFERENCE_ROWS, POOL_ROWS = 4000, 30_000


@cache
def schema() -> Schema:
    return infer(raw_of(make_customers(2000, 1), "customers"), "Churn", "Yes").schema


@cache
def customers(rows: int, seed: int) -> pd.DataFrame:
    """Typed and labelled; never to be written to."""
    return typed(raw_of(make_customers(rows, seed), "customers"), schema(), with_target=True)


@cache
def _champion() -> tuple[object, NDArray[np.float64]]:
    from sklearn.model_selection import cross_val_predict

    reference, columns = customers(REFERENCE_ROWS, 2), schema()
    x, y = reference[list(columns.features)], reference[columns.target].to_numpy()
    model = build("logistic_regression", {}, 7, columns)
    return model.fit(x, y), cross_val_predict(model, x, y, cv=5, method="predict_proba")[:, 1]


@cache
def _profile(kept: tuple[int, ...]) -> Profile:
    return profile_reference(Frame(customers(REFERENCE_ROWS, 2).loc[list(kept), list(schema().features)]), schema())


def drawn(rows: int, seed: int, weights: Callable[[pd.DataFrame], NDArray[np.float64]] | None = None) -> pd.DataFrame:
    """Customers other than the reference's, with the outcome; `weights` says who comes more often."""
    pool = customers(POOL_ROWS, 3)
    chance = None if weights is None else weights(pool) / weights(pool).sum()
    picked = np.random.default_rng(seed).choice(len(pool), rows, replace=False, p=chance)
    return pool.iloc[picked].reset_index(drop=True)


def seen(window: pd.DataFrame, ids: pd.Series | None = None, reference: pd.DataFrame | None = None) -> Observed:
    """What there is to see of a window; `reference` stands for a part of the champion's."""
    columns, (model, scores) = schema(), _champion()
    before = customers(REFERENCE_ROWS, 2)
    kept = before.index if reference is None else reference.index
    before, features = before.loc[kept].reset_index(drop=True), list(columns.features)
    profile = _profile(tuple(kept))
    rows = window[features].reset_index(drop=True)
    return Observed(
        champion=cast(Artifact, None),  # nothing without labels asks it anything
        columns=columns,
        rows=len(rows),
        profile_before=profile,
        profile=profile_window(Frame(rows), columns, profile),
        before=before[features],
        before_scores=scores[kept.to_numpy()],
        reference=before[[*features, columns.target]],
        reference_scores=scores[kept.to_numpy()],
        window=rows,
        times=None,
        ids=ids,
        scores=model.predict_proba(rows)[:, 1],  # type: ignore[attr-defined]
        labelled=Labelled(rows.iloc[:0], pd.Series(dtype="int64"), None, None),
        labelled_scores=np.zeros(0),
        importances=dict.fromkeys(features, 0.01),
    )


def shuffled(frame: pd.DataFrame, *columns: str, seed: int = 5) -> pd.DataFrame:
    """A join out of step: these columns are those of other customers."""
    order = np.random.default_rng(seed).permutation(len(frame))
    return frame.assign(**{name: frame[name].to_numpy()[order] for name in columns})


def leaning(column: str, strength: float) -> Callable[[pd.DataFrame], NDArray[np.float64]]:
    """More customers with high values of a numerical column, or with the value that comes first by name of a categorical one."""

    def weights(pool: pd.DataFrame) -> NDArray[np.float64]:
        values = pool[column]
        if values.dtype.kind == "f":
            return np.exp(strength * ((values - values.mean()) / values.std()).fillna(0).to_numpy())
        return np.exp(strength * (values == min(values.dropna())).to_numpy(dtype="float64"))

    return weights


def only_some(column: str, value: str, share: float) -> pd.DataFrame:
    """The reference with a `share` (0-1) of those customers that have the value."""
    reference = customers(REFERENCE_ROWS, 2)
    return reference[(reference[column] != value) | (np.random.default_rng(1).random(len(reference)) < share)]
