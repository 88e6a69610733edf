"""A list of customers whose outcomes were asked for: how it was made, and what it was to settle."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from pipeline.diagnosis.asking.region import Region
from pipeline.diagnosis.asking.settled import ODDS_OF_A_KIND, ODDS_OF_ALL, Rival
from pipeline.stored_record import StoredRecord
from pipeline.words import counted

_RIVALS: Mapping[Rival, tuple[str, str]] = MappingProxyType(
    {
        "concept_drift": (
            "changed behaviour",
            f"in one kind of them the odds of leaving changed {ODDS_OF_A_KIND:g}-fold, or scores say half of what they said",
        ),
        "prior_shift": ("a changed churn rate", f"for all of them the odds of leaving changed {ODDS_OF_ALL:g}-fold"),
    }
)


class AskedList(StoredRecord):
    """`customers` are on it; `champion` is the digest of the model whose scores divided them at `cuts`, within or without `regions`. `since` and
    `until` (UTC): of the window, None where it has no times. `known`: customers of it whose outcome was known without asking. `if_changed` and
    `if_not`: see `Settled`. `left_out`: customers whose id a spreadsheet would run."""

    customers: int
    champion: str
    cuts: tuple[float, ...]
    regions: tuple[Region, ...]
    since: datetime | None
    until: datetime | None
    known: int
    rival: Rival
    if_changed: float
    if_not: float
    left_out: int = 0

    @property
    def probability(self) -> float:
        """That the right one of both is told, 0-1."""
        return min(self.if_changed, self.if_not)

    @property
    def said(self) -> str:
        """What it settles, in a sentence for people."""
        what, _ = _RIVALS[self.rival]
        return f"Ask these {counted(self.customers, 'customer')}: it settles {what} against none with probability {self.probability:.2f}."

    @property
    def meaning(self) -> str:
        """What that probability is of."""
        what, size = _RIVALS[self.rival]
        return (
            f"Of outcomes as they would be if {size}, {self.if_changed:.0%} are diagnosed as {what}; of outcomes as they would be if nothing had changed, "
            f"{self.if_not:.0%} as no change."
        )
