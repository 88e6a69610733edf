"""What one mechanism took, in each draw of what is not known for sure; and shares that can be told only together."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.diagnosis.attribution.attribution import LossShare, Mechanism

Numbers = NDArray[np.float64]

_LOW, _HIGH = 0.05, 0.95
# Which are told as one where each alone is within chance and they together are not; the first that helps.
_TOGETHER: tuple[tuple[frozenset[Mechanism], Mechanism], ...] = (
    (frozenset({"changed_behaviour", "churn_level"}), "changed_behaviour"),
    (frozenset({"changed_behaviour", "churn_level", "customer_mix"}), "changed_customers"),
)


@dataclass(frozen=True)
class DrawnShare:
    """The share of a mechanism: as found, then in each draw, shape (1 + draws,)."""

    what: Mechanism
    where: str | None
    drawn: Numbers

    @property
    def within_chance(self) -> bool:
        """Whether its interval holds zero."""
        low, high = interval(self.drawn)
        return low <= 0 <= high

    def told(self) -> LossShare:
        """It with its 90% interval."""
        low, high = interval(self.drawn)
        return LossShare(what=self.what, where=self.where, amount=float(self.drawn[0]), low=low, high=high)


def interval(drawn: Numbers) -> tuple[float, float]:
    """Around what was found, the first, as far as the other draws lie apart."""
    low, middle, high = np.quantile(drawn[1:], [_LOW, 0.5, _HIGH])
    return float(drawn[0] + low - middle), float(drawn[0] + high - middle)


def joined(shares: Sequence[DrawnShare]) -> Sequence[DrawnShare]:
    """The shares, of which those as one that are beyond chance only together: level and behaviour move the same outcomes, and what one takes more
    of the other takes less. Where there are none, the shares as they are."""
    for kinds, as_one in _TOGETHER:
        parts = [share for share in shares if share.what in kinds]
        places = [share.where for share in parts if share.what == as_one]
        one = DrawnShare(as_one, places[0] if len(places) == 1 else None, np.sum([share.drawn for share in parts], axis=0))
        if len(parts) > 1 and all(share.within_chance for share in parts) and not one.within_chance:
            return [one, *(share for share in shares if share.what not in kinds)]
    return shares
