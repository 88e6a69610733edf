"""Why the model says what it says of one customer, feature by feature, beside the reasons given at scoring and a second opinion."""

from typing import TYPE_CHECKING

import numpy as np
from pydantic import BaseModel, Field

from pipeline.explanation.attributions import Numbers, Unit, rank_correlation
from pipeline.explanation.explainer import Explainer
from pipeline.explanation.raw_columns import RawColumns
from pipeline.explanation.surrogate import surrogate_of
from pipeline.measures.risk_tiers import Tier, tier_of
from pipeline.models.artifact import Artifact
from pipeline.scoring.customer_row import Cell, frame_of
from pipeline.scoring.scorer import Scorer
from pipeline.tables.typed_parquet import read_spread

if TYPE_CHECKING:
    import pandas as pd

_TOP = 3  # as many as there are reasons
_AROUND = 2_000  # training rows whose values the second opinion draws from


class Contribution(BaseModel, frozen=True):
    """One feature: the customer's value, None where missing; its SHAP value; the effect behind the scoring's reasons and the second opinion's,
    both in probability."""

    feature: str
    value: float | str | None
    effect: float = Field(description="SHAP value, in `unit`; above 0 raises the risk")
    reason: float = Field(description="Effect by the rule behind `reasons`, in probability")
    second: float = Field(description="Effect by the second opinion (LIME), in probability")


class Agreement(BaseModel, frozen=True):
    """How another account of the same answer agrees with SHAP: `rank_correlation` over all features (Spearman), None where one has no ranks;
    `shared`: how many of the three strongest are the same; `opposed`: of SHAP's three strongest those it gives the other sign."""

    rank_correlation: float | None
    shared: int
    opposed: tuple[str, ...]


class CustomerExplanation(BaseModel, frozen=True):
    """The answer about one customer taken apart. `base` and all effects add up to `response`, the model's before calibration, in `unit`;
    `contributions`: strongest first. `fit`: how well the second opinion's line fits the model around the customer, at most 1."""

    method: str
    unit: Unit
    base: float
    response: float
    probability: float
    tier: Tier
    contributions: tuple[Contribution, ...]
    reasons_agree: Agreement
    second_agrees: Agreement
    fit: float


class CustomerExplainer:
    """Explains customers of one model; several threads may ask it."""

    def __init__(self, artifact: Artifact, scorer: Scorer, explainer: Explainer) -> None:
        """All three of the same model."""
        self._artifact = artifact
        self._scorer = scorer
        self._explainer = explainer
        self._around = read_spread(artifact.reference_file, artifact.manifest.columns, _AROUND)

    def explain(self, cells: list[Cell]) -> CustomerExplanation:
        """The answer about a customer as `Scorer.cells` gives it.

        Raises:
            DataError: a number too great to compute with.
        """
        columns, seed = self._scorer.schema, self._artifact.manifest.seed
        probability, reasons = self._scorer.explained(cells)
        row = frame_of([cells], columns)
        found = self._explainer.explain(row)
        second = surrogate_of(self._probabilities, row, self._around, RawColumns(columns, self._around), seed)
        effects = found.effects[0]
        shown = [None if cell != cell else cell for cell in cells]
        parts = [
            Contribution(feature=name, value=shown[place], effect=effects[place], reason=reasons[place], second=second.effects[place])
            for place, name in enumerate(columns.features)
        ]
        return CustomerExplanation(
            method=self._explainer.method,
            unit=self._explainer.unit,
            base=found.base,
            response=float(found.response[0]),
            probability=probability,
            tier=tier_of(probability),
            contributions=tuple(sorted(parts, key=lambda part: -abs(part.effect))),
            reasons_agree=agreement(columns.features, effects, reasons),
            second_agrees=agreement(columns.features, effects, second.effects),
            fit=second.fit,
        )

    def _probabilities(self, rows: "pd.DataFrame") -> Numbers:
        return np.asarray(self._artifact.model.predict_proba(rows)[:, 1], dtype=np.float64)


def agreement(features: tuple[str, ...], effects: Numbers, others: Numbers) -> Agreement:
    """How `others` agree with SHAP's `effects`, both of shape (features,)."""
    strongest, theirs = (np.argsort(-np.abs(found), kind="stable")[:_TOP].tolist() for found in (effects, others))
    opposed = tuple(features[place] for place in strongest if effects[place] * others[place] < 0)
    return Agreement(rank_correlation=rank_correlation(effects, others), shared=len({*strongest} & {*theirs}), opposed=opposed)
