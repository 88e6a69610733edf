"""How a model treats groups of customers: whom it selects for an offer, which churners it misses, which stayers it takes for churners."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from types import MappingProxyType
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from pipeline.measures.measure import Measure
from pipeline.measures.metrics import wilson
from pipeline.stored_record import StoredRecord

RateName = Literal["selected", "missed", "false_alarms"]
RATES: tuple[RateName, ...] = get_args(RateName)
RATE_NAMES: Mapping[RateName, str] = MappingProxyType(
    {"selected": "share selected", "missed": "churners missed", "false_alarms": "false alarms"}
)
_FEWEST = 25  # rows a rate is of: fewer say little, and could point at a person


class GroupRates(StoredRecord):
    """Customers with `value` in `column`: the share `selected` (a score from the threshold on), of the churners the share `missed`, of the others
    the share of `false_alarms`; 0-1, with Wilson's intervals. A rate of too few rows is None."""

    column: str
    value: str
    rows: int
    selected: Measure | None
    missed: Measure | None
    false_alarms: Measure | None


class RateGap(StoredRecord):
    """Two groups of a column whose `rate` differs, the higher one first, with an interval that holds for all pairs and rates looked at together."""

    column: str
    rate: RateName
    higher: str
    lower: str
    difference: float
    low: float
    high: float


class Fairness(StoredRecord):
    """The rates of all groups, and of each column and rate the widest gap between two of them."""

    groups: tuple[GroupRates, ...]
    gaps: tuple[RateGap, ...]

    def beyond(self, bound: float) -> tuple[RateGap, ...]:
        """The gaps that are wider than `bound`, beyond chance."""
        return tuple(gap for gap in self.gaps if gap.low > bound)


def measure_fairness(y: ArrayLike, p: ArrayLike, threshold: float, groups: Mapping[str, Sequence[str]], confidence: float) -> Fairness:
    """Rates by group.

    Args:
        y: outcomes, 1 is churn, shape (n,).
        p: probabilities of churn, shape (n,).
        threshold: a row at or above it is selected.
        groups: values of the columns to look at, each of shape (n,).
        confidence: of the rates' intervals, each by itself, and of the gaps, all together.
    """
    churned, selected = np.asarray(y) == 1, np.asarray(p, dtype=np.float64) >= threshold
    found = []
    for column, values in groups.items():
        texts = np.asarray(values, dtype=object).astype(str)
        for text in sorted(set(texts)):
            inside = texts == text

            def share(hits: int, of: int) -> Measure | None:
                if of < _FEWEST:
                    return None
                low, high = wilson(hits, of, confidence)
                return Measure(value=hits / of, n=of, low=low, high=high)

            left, stayed = inside & churned, inside & ~churned
            found.append(
                GroupRates(
                    column=column,
                    value=text,
                    rows=int(inside.sum()),
                    selected=share(int((inside & selected).sum()), int(inside.sum())),
                    missed=share(int((left & ~selected).sum()), int(left.sum())),
                    false_alarms=share(int((stayed & selected).sum()), int(stayed.sum())),
                )
            )
    return Fairness(groups=tuple(found), gaps=_widest(found, confidence))


def _widest(groups: Sequence[GroupRates], confidence: float) -> tuple[RateGap, ...]:
    pairs = [
        (rate, one, other)
        for rate in RATES
        for one, other in combinations(groups, 2)
        if one.column == other.column and getattr(one, rate) is not None and getattr(other, rate) is not None
    ]
    each = 1 - (1 - confidence) / max(1, len(pairs))
    gaps = [_gap(rate, one, other, each) for rate, one, other in pairs]
    kinds = dict.fromkeys((gap.column, gap.rate) for gap in gaps)
    return tuple(_surest(gap for gap in gaps if (gap.column, gap.rate) == kind) for kind in kinds)


def _surest(gaps: Iterator[RateGap]) -> RateGap:
    return max(gaps, key=lambda gap: (gap.low, gap.difference))


def _gap(rate: RateName, one: GroupRates, other: GroupRates, confidence: float) -> RateGap:
    """Source: Newcombe (1998), "Interval Estimation for the Difference Between Independent Proportions", method 10."""
    rates: list[tuple[Measure, str]] = [(getattr(group, rate), group.value) for group in (one, other)]
    (high, higher), (low, lower) = sorted(rates, key=lambda told: -told[0].value)
    ends = [wilson(told.value * told.n, told.n, confidence) for told in (high, low)]
    difference = high.value - low.value
    least = difference - ((high.value - ends[0][0]) ** 2 + (ends[1][1] - low.value) ** 2) ** 0.5
    most = difference + ((ends[0][1] - high.value) ** 2 + (low.value - ends[1][0]) ** 2) ** 0.5
    return RateGap(column=one.column, rate=rate, higher=higher, lower=lower, difference=difference, low=least, high=most)
