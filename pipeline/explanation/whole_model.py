"""What a model goes by, over many customers: the effects of each feature, how they agree with what else is said of the model, and, of a window,
which features moved customers between tiers."""

from typing import TYPE_CHECKING, cast

import numpy as np

from pipeline.explanation.attributions import Attributions, Unit, rank_correlation
from pipeline.explanation.explainer import Explainer
from pipeline.explanation.tier_moves import Scale, TierMoves, tier_moves
from pipeline.models.artifact import Artifact
from pipeline.scoring.customer_row import Row
from pipeline.scoring.scorer import Scorer
from pipeline.stored_record import StoredRecord
from pipeline.tables.typed_parquet import read_spread, spread

if TYPE_CHECKING:
    import pandas as pd

_ROWS, _SAMPLED_ROWS = 200, 50  # the mean effect of a middling feature is then good to a tenth; more cost seconds


class FeatureEffects(StoredRecord):
    """One feature over the explained rows: `effects` (SHAP values) and the `values` they belong to, in one order; `strength`: mean of |effect|."""

    feature: str
    numerical: bool
    strength: float
    effects: tuple[float, ...]
    values: tuple[float | str | None, ...]


class ModelExplanation(StoredRecord):
    """Effects of all features on `rows` of `of_rows` rows, strongest first, in `unit`.

    `reasons_agree`: median over the rows of the rank correlation with the effects behind the reasons at scoring. `importance_agrees`: rank correlation
    of the strengths with permutation importance. None where one has no ranks."""

    model_version: str
    model_digest: str
    about: str
    method: str
    unit: Unit
    base: float
    rows: int
    of_rows: int
    features: tuple[FeatureEffects, ...]
    reasons_agree: float | None
    importance_agrees: float | None
    moves: TierMoves | None = None


def explain_model(artifact: Artifact, scorer: Scorer, explainer: Explainer, window: "pd.DataFrame | None", about: str) -> ModelExplanation:
    """The explanation of one model on its training rows, or on the rows of a window beside them.

    Args:
        artifact, scorer, explainer: of one model.
        window: typed rows with its features, None for its training rows.
        about: which rows these are, for people.
    """
    manifest = artifact.manifest
    columns, most = manifest.columns, _SAMPLED_ROWS if explainer.sampled else _ROWS
    reference = read_spread(artifact.reference_file, columns, most)[list(columns.features)]
    told = explainer.explain(reference)
    rows, found, moves = reference, told, None
    if window is not None:
        rows = window[list(columns.features)].iloc[spread(len(window), most)].reset_index(drop=True)
        found = explainer.explain(rows)
        both = np.concatenate([artifact.scores(reference), artifact.scores(rows)])
        scale = Scale(np.concatenate([told.response, found.response]), both)
        moves = tier_moves(columns.features, told, found, scale, seed=manifest.seed)
    strength = np.abs(found.effects).mean(axis=0)
    drops = {one.feature: one.auc_drop for one in artifact.importances()}
    cells = rows.astype(object).where(rows.notna(), None)
    effects = [
        FeatureEffects(
            feature=name,
            numerical=name in columns.numerical,
            strength=float(strength[place]),
            effects=tuple(found.effects[:, place].tolist()),
            values=tuple(cells[name].tolist()),
        )
        for place, name in enumerate(columns.features)
    ]
    return ModelExplanation(
        model_version=scorer.version,
        model_digest=artifact.digest,
        about=about,
        method=explainer.method,
        unit=explainer.unit,
        base=found.base,
        rows=len(rows),
        of_rows=manifest.rows if window is None else len(window),
        features=tuple(sorted(effects, key=lambda one: -one.strength)),
        reasons_agree=_reasons_agree(scorer, rows, found),
        importance_agrees=rank_correlation(strength, np.array([drops.get(name, 0.0) for name in columns.features])),
        moves=moves,
    )


def _reasons_agree(scorer: Scorer, rows: "pd.DataFrame", found: Attributions) -> float | None:
    told = cast(list[Row], rows.astype(object).where(rows.notna(), None).to_dict("records"))
    each = [
        rank_correlation(found.effects[place], scorer.explained(scorer.cells(row))[1]) for place, row in enumerate(told[:_SAMPLED_ROWS])
    ]
    known = [one for one in each if one is not None]
    return float(np.median(known)) if known else None
