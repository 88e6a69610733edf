"""A change of the world as data: who comes, how they behave, what becomes of their columns, and what is known of their outcomes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.errors import DataError
from pipeline.tables.schema import Schema
from pipeline.worlds.drivers import CustomerGroup, strongest_first

Numbers = NDArray[np.float64]
Severity = Literal["mild", "strong"]


@dataclass(frozen=True)
class Pool:
    """Labelled customers to draw from. `frame`: typed features and target; `expected`: chance of churn as far as it is known, shape
    (rows,), which is the outcome itself (0 or 1) where only that is known."""

    frame: pd.DataFrame
    columns: Schema
    expected: Numbers


def labelled(frame: pd.DataFrame, columns: Schema) -> Pool:
    """The pool of a typed table, of whose customers only the outcomes are known."""
    return Pool(frame, columns, frame[columns.target].to_numpy(dtype="float64"))


@dataclass(frozen=True)
class Change:
    """What differs from the world of the reference; None is nothing. Every part works on any rows of the table it was planned for.

    `columns`: which one a diagnosis should name, each of them right. `weigh`: weight of each row of a pool when customers are drawn, shape
    (rows,); `absent`: the same for the reference, where it does not have who comes now. `behave`: chance of churn from the features
    and what it was, both shape (rows,); `earlier`: the same for the first part of the reference, where it was so before. `onset`: share of the
    customers who behave so yet, from how recent the row is (0 oldest to 1 newest); all do in the end. `renew`: columns that mean what they
    meant and hold other values from now on. `damage`: a fault of the feed, until somebody fixes it. `as_sent`: a damaged typed frame as the
    broken feed really sends it. `replayed`: share of the rows that are old ones of the reference, sent again. `recorded`: outcomes as they are
    written down by now, NaN where they are not, from the rows with their real outcomes and how recent each is. `most_rows`: of the window.
    """

    columns: tuple[str, ...] = ()
    weigh: Callable[[pd.DataFrame, Numbers], Numbers] | None = None
    absent: Callable[[pd.DataFrame], Numbers] | None = None
    behave: Callable[[pd.DataFrame, Numbers], Numbers] | None = None
    earlier: Callable[[pd.DataFrame, Numbers], Numbers] | None = None
    onset: Callable[[Numbers], Numbers] | None = None
    renew: Callable[[pd.DataFrame, np.random.Generator], pd.DataFrame] | None = None
    damage: Callable[[pd.DataFrame, np.random.Generator], pd.DataFrame] | None = None
    as_sent: Callable[[pd.DataFrame], pd.DataFrame] | None = None
    replayed: float = 0.0
    recorded: Callable[[pd.DataFrame, Numbers, np.random.Generator], Numbers] | None = None
    most_rows: int | None = None

    @property
    def only_behaviour(self) -> bool:
        """Whether nothing but the chance of churn is another."""
        return self.behave is not None and self.weigh is None and self.renew is None and self.damage is None

    def weights(self, pool: Pool) -> Numbers:
        """Weight of each of the pool's customers when some are drawn, shape (rows,)."""
        return np.ones(len(pool.frame)) if self.weigh is None else self.weigh(pool.frame, pool.expected)

    def chances(self, pool: Pool, places: NDArray[np.int64], recency: Numbers) -> Numbers:
        """Chance of churn of the customers at these places of the pool, by how recent each is, both shape (rows,)."""
        before = pool.expected[places]
        if self.behave is None:
            return before
        after = self.behave(pool.frame, pool.expected)[places]
        return after if self.onset is None else before + self.onset(recency) * (after - before)

    def within(self, part: int, parts: int) -> "Change":
        """The change during one of as many equal parts of the time in which it sets in, counted from 0."""
        onset = self.onset
        return self if onset is None else replace(self, onset=lambda recency: onset((part + recency) / parts))

    def settled(self) -> "Change":
        """The change once everybody behaves so."""
        return replace(self, onset=None)


Planner = Callable[[Pool, Severity, np.random.Generator], Change]


class NotExpressible(DataError):
    """The table has no column of the kind that a change needs."""


def needed(names: tuple[str, ...], kind: str, count: int = 1) -> tuple[str, ...]:
    """`names`, of which a change needs `count`.

    Raises:
        NotExpressible: there are fewer.
    """
    if len(names) < count:
        what = f"a {kind} column, and the table has none" if count == 1 else f"{count} {kind} columns, and the table has {len(names)}"
        raise NotExpressible(f"This scenario changes {what}.", "Choose another scenario, such as high_churn.")
    return names


def strength_order(pool: Pool, names: tuple[str, ...]) -> list[str]:
    """`names`, those first that say most about churn in the pool."""
    return strongest_first(pool.frame, names, pool.expected)


def chosen(among: Sequence[CustomerGroup], rng: np.random.Generator) -> CustomerGroup:
    """One of the segments.

    Raises:
        NotExpressible: there is none.
    """
    if not among:
        raise NotExpressible("No kind of customers in this table has a fitting size.", "Choose another scenario, such as high_churn.")
    return among[int(rng.integers(len(among)))]
