"""How sure churn must be for a customer to be called at risk, what is done about it, and whom another model would call so.

One place for the bounds: answers, reports and the review page all name customers by them.
"""

from collections.abc import Sequence
from itertools import product
from typing import Literal, get_args

from pipeline.stored_record import StoredRecord

Tier = Literal["low", "medium", "high"]
RetentionAction = Literal["monitor", "review", "escalate"]

TIERS: tuple[Tier, ...] = get_args(Tier)
# Above: more likely to leave than two in three, so that a person's time is well spent even where every third would have stayed.
HIGH_ABOVE = 0.7
# Above: near enough to even odds for a person to look; in most tables of customers well above the share that leaves anyway.
MEDIUM_ABOVE = 0.4


class TierMove(StoredRecord):
    """How many customers one model puts into tier `before` and another into `after`."""

    before: Tier
    after: Tier
    customers: int


class TierFlow(StoredRecord):
    """Customers per tier under two models that scored the same rows: all nine pairs of tiers, lowest first."""

    moves: tuple[TierMove, ...]

    @property
    def customers(self) -> int:
        """How many customers both models scored."""
        return sum(move.customers for move in self.moves)

    def before(self, tier: Tier) -> int:
        """Customers whom the first model puts into `tier`."""
        return sum(move.customers for move in self.moves if move.before == tier)

    def after(self, tier: Tier) -> int:
        """Customers whom the second model puts into `tier`."""
        return sum(move.customers for move in self.moves if move.after == tier)

    def changed(self) -> tuple[TierMove, ...]:
        """The pairs of different tiers that hold any customer, most customers first."""
        return tuple(
            sorted((move for move in self.moves if move.before != move.after and move.customers), key=lambda move: -move.customers)
        )

    def said(self) -> str:
        """The changes as one sentence for people."""
        if not self.changed():
            return f"All {self.customers:,} customers stay in their risk tier."
        named = [f"{move.customers:,} from {move.before} to {move.after}" for move in self.changed()]
        return f"Of {self.customers:,} customers, these change their risk tier: {', '.join(named)}."


def tier_of(p: float) -> Tier:
    """The tier of a customer who churns with probability `p`; a bound itself belongs to the tier below it."""
    if p > HIGH_ABOVE:
        return "high"
    return "medium" if p > MEDIUM_ABOVE else "low"


def action_for(tier: Tier, expected_value: float) -> RetentionAction:
    """What to do about a customer: nothing where the risk is low or an offer is not expected to pay; else a person looks at a medium
    risk, and a high one is escalated.

    Args:
        tier: of the customer's probability of churn.
        expected_value: of an offer to this customer, in the team's currency (`pipeline.measures.campaign_value`).
    """
    if tier == "low" or expected_value <= 0:
        return "monitor"
    return "escalate" if tier == "high" else "review"


def tier_flow(before: Sequence[float], after: Sequence[float]) -> TierFlow:
    """Who changes tier when the second scores replace the first; both are probabilities of churn of the same customers, in one order."""
    pairs = [(tier_of(one), tier_of(other)) for one, other in zip(before, after, strict=True)]
    return TierFlow(
        moves=tuple(TierMove(before=one, after=other, customers=pairs.count((one, other))) for one, other in product(TIERS, TIERS))
    )
