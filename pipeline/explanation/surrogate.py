"""A second opinion on one answer: LIME's, a weighted linear fit to what the model says of customers around this one.

The library `lime` is not used: its last release is of 2020 and without a wheel, and it brings matplotlib and scikit-image for what stands here.

Source: Ribeiro, Singh and Guestrin (2016), "Why should I trust you?".
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipeline.explanation.raw_columns import RawColumns

if TYPE_CHECKING:
    import pandas as pd

Numbers = NDArray[np.float64]
_DRAWN = 2_000  # customers around the one; with half as many, middling features change places from seed to seed
_KERNEL = 0.75  # of the square root of the number of features: LIME's own width
_PENALTY = 1.0  # LIME's own ridge
_PARTS = (0.25, 0.5, 0.75)  # a number is "the same" in the same quarter of the background: LIME's own discretiser


@dataclass(frozen=True)
class Surrogate:
    """`effects`: how much having the customer's own value, or one like it, moves the probability, shape (features,). `fit`: the weighted share of
    the variance around the customer that the line explains, at most 1."""

    effects: Numbers
    fit: float


def surrogate_of(
    probabilities: "Callable[[pd.DataFrame], Numbers]", customer: "pd.DataFrame", background: "pd.DataFrame", raw: RawColumns, seed: int
) -> Surrogate:
    """The line around one customer.

    Args:
        probabilities: of churn, of typed rows.
        customer: one typed row.
        background: typed rows from which each feature's values are drawn, apart from all others.
        raw: of these columns.
        seed: of the draws.
    """
    from sklearn.linear_model import Ridge

    rng = np.random.default_rng(seed)
    own, known = raw.code(customer)[0], raw.code(background)
    drawn = np.column_stack([rng.choice(known[:, place], _DRAWN) for place in range(own.size)])
    drawn[0] = own
    same = np.column_stack([_same(drawn[:, place], own[place], known[:, place], raw.is_number(place)) for place in range(own.size)])
    weights = np.exp(-(1 - same).sum(axis=1) / (_KERNEL**2 * own.size))
    said = probabilities(raw.frame(drawn))
    line = Ridge(alpha=_PENALTY).fit(same, said, sample_weight=weights)
    return Surrogate(np.asarray(line.coef_), float(line.score(same, said, sample_weight=weights)))


def _same(values: Numbers, own: float, known: Numbers, number: bool) -> Numbers:
    if np.isnan(own):
        return np.asarray(np.isnan(values), dtype=np.float64)
    if not number:
        return np.asarray(values == own, dtype=np.float64)
    present = known[~np.isnan(known)]
    ends = np.quantile(present, _PARTS) if present.size else np.empty(0)
    return np.asarray(~np.isnan(values) & (np.searchsorted(ends, values) == np.searchsorted(ends, own)), dtype=np.float64)
