"""Customers per risk tier under champion and challenger, as one bar each."""

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.measures.risk_tiers import TIERS, TierFlow


@dataclass(frozen=True)
class Segment:
    """One tier of a bar: start and width in 0-100 of it."""

    tier: str
    start: float
    width: float
    customers: int


def tier_bars(flow: TierFlow) -> Mapping[str, tuple[Segment, ...]]:
    """The bar of each model of a flow that holds any customer."""
    return {"champion": _segments([flow.before(tier) for tier in TIERS]), "challenger": _segments([flow.after(tier) for tier in TIERS])}


def _segments(counts: list[int]) -> tuple[Segment, ...]:
    scale = 100 / max(1, sum(counts))
    return tuple(
        Segment(tier, round(sum(counts[:place]) * scale, 2), round(counts[place] * scale, 2), counts[place])
        for place, tier in enumerate(TIERS)
    )
