"""What is new because the business changed, not because anything broke: prices, offers, kinds of customers. It stays."""

import numpy as np
import pandas as pd

from pipeline.worlds.behaviour import everybody, mirrored
from pipeline.worlds.change import Change, Numbers, Pool, Severity, chosen, needed, strength_order
from pipeline.worlds.drivers import segments

_PRICES = {"mild": 1.1, "strong": 1.35}
_MOVED_ON = {"mild": 0.08, "strong": 0.25}  # share of the customers who take the new offer
_LEFT = 0.02  # of a segment's customers that the reference has where the segment is nearly absent
_ARRIVED = {"mild": 1.5, "strong": 3.0}  # weight of its customers in the window


def price_change(pool: Pool, severity: Severity, rng: np.random.Generator) -> Change:
    """Everybody's amount rises or falls by one factor, and people put up with it."""
    name = money_like(pool)
    factor = _PRICES[severity] ** int(rng.choice([-1, 1]))
    return Change((name,), renew=lambda frame, _: frame.assign(**{name: frame[name] * factor}))


def category_arrives(pool: Pool, severity: Severity, rng: np.random.Generator) -> Change:
    """A new offer, a value that a categorical column never had: of a telling column, taken by some customers of its two most frequent values;
    where the change is strong, of the most telling one, taken by those of a single value, so that whatever the model knew of them is lost."""
    telling = [name for name in strength_order(pool, needed(pool.columns.categorical, "categorical"))[:3] if pool.frame[name].nunique() > 1]
    needed(tuple(telling), "categorical")
    name = telling[0] if severity == "strong" else str(rng.choice(telling))
    common = pool.frame[name].value_counts().head(1 if severity == "strong" else 2)
    share, value = _MOVED_ON[severity] * len(pool.frame) / common.sum(), unused_value(pool.frame[name])

    def renew(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
        moved = frame[name].isin(common.index).to_numpy() & (rng.random(len(frame)) < share)
        return frame.assign(**{name: frame[name].mask(moved, value)})

    return Change((name,), renew=renew)


def segment_arrives(pool: Pool, severity: Severity, rng: np.random.Generator) -> Change:
    """Customers of a kind that the reference hardly has become common. Where the change is strong, they have reasons of their own: what
    makes others leave makes them stay."""
    newcomers = chosen(segments(pool.frame, pool.columns, 0.08, 0.35), rng)

    def weigh(frame: pd.DataFrame, expected: Numbers) -> Numbers:
        return np.where(newcomers.holds(frame), _ARRIVED[severity], 1.0)

    def absent(frame: pd.DataFrame) -> Numbers:
        return np.where(newcomers.holds(frame), _LEFT, 1.0)

    behave = mirrored(pool, newcomers.holds, everybody) if severity == "strong" else None
    return Change((newcomers.column,), weigh=weigh, absent=absent, behave=behave)


def money_like(pool: Pool) -> str:
    """The strongest numerical column among those that hold mostly fractions, as money does with its cents; else the strongest one."""
    fractional = tuple(name for name in pool.columns.numerical if (pool.frame[name].dropna() % 1 != 0).mean() > 0.5)
    return strength_order(pool, fractional or needed(pool.columns.numerical, "numerical"))[0]


def unused_value(column: pd.Series) -> str:
    """A value that a categorical column does not hold."""
    value = "New"
    while value in set(column):
        value += " again"
    return value
