"""Customers per risk tier under champion and challenger, as one bar each."""

from dataclasses import dataclass

from pipeline.measures.risk_tiers import TIERS, TierFlow


@dataclass(frozen=True)
class Segment:
    """One tier of a bar: start and width in 0-100 of it."""

    tier: str
    start: float
    width: float
    customers: int


@dataclass(frozen=True)
class TierBars:
    """Both models' tiers over the same customers, and the moves in a sentence."""

    customers: int
    champion: tuple[Segment, ...]
    challenger: tuple[Segment, ...]
    said: str


def tier_bars(flow: TierFlow) -> TierBars:
    """The bars of a flow that holds any customer."""
    before, after = ([count(tier) for tier in TIERS] for count in (flow.before, flow.after))
    return TierBars(flow.customers, _segments(before), _segments(after), flow.said())


def _segments(counts: list[int]) -> tuple[Segment, ...]:
    scale = 100 / max(1, sum(counts))
    return tuple(
        Segment(tier, round(sum(counts[:place]) * scale, 2), round(counts[place] * scale, 2), counts[place])
        for place, tier in enumerate(TIERS)
    )
