"""A week of scorings under a change, of as many different customers as there are that fit."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.errors import DataError
from pipeline.worlds.change import Change, Numbers, Pool
from pipeline.worlds.scenarios import recency, rows_at

DAYS = 7
_MET = 0.95  # of what a change asks for, while its most wanted customers come but once
_SURE = 1 + 1e-9  # a chance of one, rounded

Places = NDArray[np.int64]


@dataclass(frozen=True)
class DrawnWeek:
    """`frame`: features and target as `typed` returns them, and `_day` (0 to 6, sorted); its index numbers the scorings, and rows that share a
    number are one scoring that a fault sent twice. `customers`: who was scored, as a place in the pool, and `told`: whether their outcome gets
    known at all, both shape (scorings,). The target is what is recorded by now."""

    frame: pd.DataFrame
    customers: Places
    told: NDArray[np.bool_]

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
        luck = rng.random(len(pool.frame))[customers]  # one for each customer: who is scored again has the same outcome
        frame[target] = (luck < change.chances(pool, customers, recency(day, DAYS))).astype("int8")
    if change.renew is not None:
        frame = change.renew(frame, rng)
    told = np.ones(len(frame), dtype=bool)
    if change.recorded is not None:
        seen = change.recorded(frame, recency(day, DAYS), rng)
        told = ~np.isnan(seen)
        frame[target] = np.where(told, seen, frame[target]).astype("int8")
    if change.damage is not None:
        frame = change.damage(frame, rng)
        arrived, numbers = np.unique(frame.index, return_inverse=True)  # a fault may lose rows, or send some twice
        frame.index, customers, told = pd.Index(numbers), customers[arrived], told[arrived]
    return DrawnWeek(frame, customers, told)


def most_at_once(weights: Numbers) -> int:
    """How many different customers of these weights a week can have, so that 95% of what the weights ask for is still met."""
    share = weights / weights.sum()
    few, many = 1, len(weights)
    while few < many:
        middle = (few + many + 1) // 2
        met = np.minimum(middle * share, 1).sum() >= _MET * middle
        few, many = (middle, many) if met else (few, middle - 1)
    return few


def _sampled(weights: Numbers, rows: int, rng: np.random.Generator) -> tuple[Places, Places]:
    """Place and day of each row: different customers as far as they go, then each of these again and again, so that rows and customers
    have the same shares.

    Source: Madow (1949), "On the Theory of Systematic Sampling, II", here in random order.
    """
    distinct = min(rows, most_at_once(weights))
    order = rng.permutation(len(weights))
    asked = np.cumsum(_chances(weights, distinct)[order])
    chosen = order[np.searchsorted(asked, rng.random() + np.arange(distinct), side="right").clip(max=len(order) - 1)]
    # All rows of a customer lie side by side. They get one day, so that a split of the week by time never judges a model on copies of
    # its training rows.
    places = chosen[np.sort(np.arange(rows) % distinct)]
    first = np.flatnonzero(np.diff(places, prepend=-1))
    day = np.sort(np.arange(rows) % DAYS)[first]
    return places, np.repeat(day, np.diff(first, append=rows))


def _chances(weights: Numbers, drawn: int) -> Numbers:
    """Of each customer to be among `drawn`, shape (rows,): in proportion to the weights, and never more than one."""
    certain = np.zeros(len(weights), dtype=bool)
    while True:
        others = np.where(certain, 0.0, weights)
        chances = np.asarray(np.where(certain, 1.0, (drawn - certain.sum()) * others / (others.sum() or 1.0)), dtype=np.float64)
        over = chances > _SURE
        if not over.any():
            return np.minimum(chances, 1.0)
        certain |= over
