"""Who is held out of a campaign: a share of each risk tier, by lot, so that what the offer brings can be seen and the model can be judged."""

import hashlib
from collections.abc import Sequence
from math import floor

from pipeline.measures.risk_tiers import TIERS, tier_of

_DRAWS = float(1 << 64)


def held_out(ids: Sequence[str], scores: Sequence[float], share: float, seed: int, period: str) -> tuple[bool, ...]:
    """Which of the customers who would be contacted are not.

    Args:
        ids: of the customers, all different.
        scores: their probabilities of churn, in the same order.
        share: to hold out of each tier, 0-1; what does not make a whole customer is drawn for, so that it is right on average.
        seed: of the lots.
        period: of the campaign, in any words: another period draws others, the same one the same again.

    >>> sum(held_out([f"C{n}" for n in range(200)], [0.8] * 200, 0.05, seed=1, period="2026-11"))
    10
    """
    drawn: set[str] = set()
    for tier in TIERS:
        lots = sorted((_lot(seed, period, id_), id_) for id_, score in zip(ids, scores, strict=True) if tier_of(score) == tier)
        wanted = share * len(lots)
        more = _lot(seed, period, f"a further one of tier {tier}") < wanted - floor(wanted)
        drawn.update(id_ for _, id_ in lots[: floor(wanted) + more])
    return tuple(id_ in drawn for id_ in ids)


def _lot(seed: int, period: str, name: str) -> float:
    """A number in 0-1 that anybody can draw again."""
    digest = hashlib.sha256(f"{seed}\0{period}\0{name}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / _DRAWS
