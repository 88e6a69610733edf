"""The champion's answer about a customer: probability, label, risk tier, what to do, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pipeline.measures.customer_terms import terms_of_one
from pipeline.measures.measure import ServingProof
from pipeline.measures.risk_tiers import RetentionAction, Tier, action_for, tier_of
from pipeline.models.artifact import REFERENCE, Artifact
from pipeline.profiles.profile import spelling_of
from pipeline.scoring.compiled_model import CompiledModel
from pipeline.scoring.customer_row import Cell, Row, typed_cells
from pipeline.scoring.proof import PROOF_ROWS, not_ours, prove
from pipeline.scoring.reasons import Reason, top_reasons
from pipeline.scoring.whole_pipeline import WholePipeline
from pipeline.tables.categories import Spelling
from pipeline.tables.schema import Schema
from pipeline.tables.typed_parquet import read_spread
from pipeline.workspace.value_settings import CustomerValueSettings

__all__ = ["Reason", "Scored", "Scorer", "open_scorer"]


@dataclass(frozen=True, slots=True)
class Scored:
    """One answer. `label`: predicted to churn by the champion's threshold. `expected_value`: of an offer, in the team's currency."""

    probability: float
    label: bool
    tier: Tier
    action: RetentionAction
    expected_value: float
    reasons: tuple[Reason, ...]


@dataclass(frozen=True)
class Scorer:
    """One model, ready to answer; several threads may ask it. `version` is the registry's.

    Effects behind the reasons: on the fast path, the probability minus what it would be without the feature's part of the classifier's
    response (of a linear model its term, as far as it is from the average customer's; of a forest what the splits on it add on the way
    down). Through scikit-learn, the probability minus that of the same customer with the feature's typical value. Neither says what
    would happen if the value were changed. `kept_by_tier`: the share of churners that an offer keeps by risk tier, where logged offers tell it; it
    goes before `value`.
    """

    version: str
    digest: str
    schema: Schema
    spelling: Spelling
    threshold: float
    proof: ServingProof
    value: CustomerValueSettings
    whole: WholePipeline
    compiled: CompiledModel | None
    kept_by_tier: Mapping[Tier, float] = field(default_factory=dict)

    @property
    def path(self) -> Literal["fast", "scikit-learn"]:
        """By which way single customers are scored."""
        return self.proof.path

    @property
    def why(self) -> str | None:
        """Why scikit-learn scores single customers; None on the fast path."""
        return self.proof.why

    def cells(self, row: Row) -> list[Cell]:
        """The customer as the model sees it; as `typed_cells`."""
        return typed_cells(row, self.schema, self.spelling)

    def score(self, row: Row) -> Scored:
        """The answer about one customer.

        Args:
            row: features by name; one that is absent or None is missing, further entries do not count.

        Raises:
            DataError: a text where a number belongs, or a number too great to compute with.
        """
        cells = self.cells(row)
        probability, effects = self.explained(cells)
        return self._answer(probability, cells, effects)

    def explained(self, cells: Sequence[Cell]) -> tuple[float, NDArray[np.float64]]:
        """The probability of a customer as `cells` gives it, and the effects of all features behind the reasons, shape (features,).

        Raises:
            DataError: a number too great to compute with.
        """
        if self.compiled is not None:
            return self.compiled.explained(cells)
        probabilities, effects = self.whole.explained([cells])
        return float(probabilities[0]), effects[0]

    def score_many(self, rows: Sequence[Row]) -> list[Scored]:
        """Answers about several customers in their order, their probabilities by scikit-learn in one batch; arguments and errors as `score`."""
        if not rows:
            return []
        customers = [self.cells(row) for row in rows]
        if self.compiled is None:
            probabilities, effects = self.whole.explained(customers)
        else:
            probabilities = self.whole.probabilities(customers)
            effects = np.array([self.compiled.explained(cells)[1] for cells in customers])
        return [self._answer(p, cells, moved) for p, cells, moved in zip(probabilities.tolist(), customers, effects, strict=True)]

    def _answer(self, p: float, cells: Sequence[Cell], effects: NDArray[np.float64]) -> Scored:
        tier = tier_of(p)
        margin, acceptance = terms_of_one(self.value, dict(zip(self.schema.features, cells, strict=True)))
        worth = self.kept_by_tier.get(tier, acceptance) * margin * p - self.value.offer_cost
        reasons = top_reasons(self.schema.features, cells, effects)
        return Scored(p, p >= self.threshold, tier, action_for(tier, worth), worth, reasons)


def open_scorer(
    artifact: Artifact, value: CustomerValueSettings, *, version: str, kept_by_tier: Mapping[Tier, float] = MappingProxyType({})
) -> Scorer:
    """The scorer of a published model: its bytes are checked, it is loaded, compiled, and proven again on rows of its reference, all of which
    takes about a second.

    Args:
        artifact: the model; its manifest's threshold decides labels.
        value: what an offer costs and brings.
        version: the registry's.
        kept_by_tier: as `Scorer` has it.

    Raises:
        IntegrityError, ModelError: as `Artifact.model`.
    """
    manifest, model = artifact.manifest, artifact.model
    columns = manifest.columns
    reference = read_spread(artifact.path / REFERENCE, columns, PROOF_ROWS)
    compiled, proof = (None, not_ours()) if manifest.adopted else prove(model, columns, reference, manifest.threshold)
    whole = WholePipeline(model, columns, reference)
    return Scorer(
        version, artifact.digest, columns, spelling_of(artifact.profile()), manifest.threshold, proof, value, whole, compiled, kept_by_tier
    )
