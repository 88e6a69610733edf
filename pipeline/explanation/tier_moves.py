"""Which features moved how many customers between risk tiers since the model was trained.

Of every feature the window's effects are given the distribution they have on the reference, rank for rank, while all else stays; whoever would
then be in another tier was moved by this feature. What two halves of the reference move by themselves is said beside it.
"""

import numpy as np

from pipeline.explanation.attributions import Attributions, Numbers
from pipeline.measures.risk_tiers import TIERS, tier_of
from pipeline.stored_record import StoredRecord


class FeatureMoves(StoredRecord):
    """How many of the window's customers this feature put into a `higher` and into a `lower` tier than without its shift; `by_chance`: how many
    between two halves of the reference, for as many customers."""

    feature: str
    higher: int
    lower: int
    by_chance: float

    @property
    def moved(self) -> int:
        """Both together."""
        return self.higher + self.lower


class TierMoves(StoredRecord):
    """Of `rows` of the window, by feature, those that move most first."""

    rows: int
    reference_rows: int
    features: tuple[FeatureMoves, ...]


class Scale:
    """From a model's response to its probability, which never falls as the response rises: read off customers whose two are known."""

    def __init__(self, response: Numbers, probability: Numbers) -> None:
        """Both of shape (customers,)."""
        self._response, places = np.unique(response, return_index=True)
        self._probability = np.maximum.accumulate(probability[places])

    def tiers(self, response: Numbers) -> Numbers:
        """Places among the tiers, lowest first, shape (customers,)."""
        found = np.interp(response, self._response, self._probability)
        return np.array([TIERS.index(tier_of(p)) for p in found.tolist()], dtype=np.float64)


def tier_moves(features: tuple[str, ...], reference: Attributions, window: Attributions, scale: Scale, *, seed: int) -> TierMoves:
    """The moves, by feature.

    Args:
        features: names, shape (features,).
        reference: SHAP values of some of its rows.
        window: of some of its rows, by the same explainer.
        scale: of the model.
        seed: of ties and halves.
    """
    rng = np.random.default_rng(seed)
    half = rng.permutation(len(reference.effects))
    one, other = (Attributions(reference.base, reference.effects[part]) for part in np.array_split(half, 2))
    share = len(window.effects) / len(other.effects)
    found = []
    for place, name in enumerate(features):
        higher, lower = _moved(place, reference, window, scale, rng)
        chance = sum(_moved(place, one, other, scale, rng)) * share
        found.append(FeatureMoves(feature=name, higher=higher, lower=lower, by_chance=chance))
    ordered = tuple(sorted(found, key=lambda moves: -moves.moved))
    return TierMoves(rows=len(window.effects), reference_rows=len(reference.effects), features=ordered)


def _moved(place: int, reference: Attributions, window: Attributions, scale: Scale, rng: np.random.Generator) -> tuple[int, int]:
    effects = window.effects[:, place]
    ranks = np.empty(effects.size)
    ranks[np.lexsort((rng.random(effects.size), effects))] = (
        np.arange(effects.size) + 0.5
    ) / effects.size  # ties, as of a category, by lot
    before = window.response - effects + np.quantile(reference.effects[:, place], ranks)
    change = scale.tiers(window.response) - scale.tiers(before)
    return int((change > 0).sum()), int((change < 0).sum())
