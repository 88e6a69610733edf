"""A week of scorings under a change, in which nobody comes more often than the change asks for."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.errors import DataError
from pipeline.worlds.change import Change, Numbers, Pool
from pipeline.worlds.scenarios import recency, rows_at

DAYS = 7

Places = NDArray[np.int64]


@dataclass(frozen=True)
class DrawnWeek:
    """`frame`: features and target as `typed` returns them, and `_day` (0 to 6, sorted); its index numbers the scorings, and rows that share a
    number are one scoring that a fault sent twice. `customers`: who was scored, as a place in the pool, shape (scorings,). The target is what
    is recorded by now."""

    frame: pd.DataFrame
    customers: Places

    @property
    def drawn_again(self) -> int:
        """Scorings of customers who were scored before in the same week."""
        return len(self.customers) - len(np.unique(self.customers))


def draw_week(change: Change, pool: Pool, rows: int, rng: np.random.Generator) -> DrawnWeek:
    """`rows` scorings, or as many as the change allows (`tiny_window`).

    Id and time of the pool's rows are left out. A customer who is scored again is so on the same day and has the same outcome.

    Raises:
        DataError: a pool smaller than a week has days.
    """
    if len(pool.frame) < DAYS:
        raise DataError(f"{len(pool.frame)} customers cannot be spread over {DAYS} days.", "Bring more labelled rows.")
    target = pool.columns.target
    customers, day = _sampled(change.weights(pool), min(rows, change.most_rows or rows), rng)
    frame = rows_at(pool, customers, day)
    if change.behave is not None:
        churned = rng.random(len(pool.frame)) < change.chances(pool)
        frame[target] = churned[customers].astype("int8")
    if change.renew is not None:
        frame = change.renew(frame, rng)
    if change.recorded is not None:
        seen = rng.random(len(frame)) < change.recorded(recency(day, DAYS))
        frame[target] = (frame[target].to_numpy() * seen).astype("int8")
    return DrawnWeek(frame if change.damage is None else change.damage(frame, rng), customers)


def _sampled(weights: Numbers, rows: int, rng: np.random.Generator) -> tuple[Places, Places]:
    """Place and day of each row. A customer comes as often as their share of the weights asks for, rounded down or up: with even weights
    nobody twice before everybody came once.

    Source: Madow (1949), "On the Theory of Systematic Sampling, II", here in random order.
    """
    order = rng.permutation(len(weights))
    asked = np.cumsum(weights[order]) * (rows / weights.sum())
    places = order[np.searchsorted(asked, rng.random() + np.arange(rows), side="right").clip(max=len(order) - 1)]
    # All rows of a customer lie side by side. They get one day, so that a split of the week by time never judges a model on copies of
    # its training rows.
    first = np.flatnonzero(np.diff(places, prepend=-1))
    day = np.sort(np.arange(rows) % DAYS)[first]
    return places, np.repeat(day, np.diff(first, append=rows))
