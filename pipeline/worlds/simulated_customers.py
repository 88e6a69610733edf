"""Where simulated customers come from: the held-back rows of a team's table, or a generator that never runs dry."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd

from pipeline.intake.reference import load_split
from pipeline.record.opened_workspace import Opened
from pipeline.tables.reading import raw_of, typed
from pipeline.tables.schema import Schema
from pipeline.worlds.change import Change, Pool, labelled
from pipeline.worlds.drawn_week import most_at_once
from pipeline.worlds.telephone_customers import make_customers

_PLANNED_ON = 8_000  # generated customers: so many order the columns by strength as 20,000 do, half as many do not
_SPARE = 1.2
_MOST_GENERATED, _MOST_PER_ROW = 100_000, 4  # for one week; where a change asks for fewer still, some come again


class CustomerSource(Protocol):
    """Whom a week is drawn from."""

    @property
    def planning(self) -> Pool:
        """The customers that a change is planned on."""
        ...

    def most_in_a_week(self, change: Change) -> int | None:
        """How many different customers a week under `change` can have; None where more can be made."""
        ...

    def for_week(self, change: Change, rows: int, logged: int) -> Pool:
        """Customers to draw `rows` of, `logged` simulated predictions after the first."""
        ...


@dataclass(frozen=True)
class HeldBack:
    """The rows that no model was trained or judged on, every week the same."""

    planning: Pool

    def most_in_a_week(self, change: Change) -> int:
        return most_at_once(change.weights(self.planning))

    def for_week(self, change: Change, rows: int, logged: int) -> Pool:
        return self.planning


class Generated:
    """Telco-like customers, every week others, and never those of the reference."""

    def __init__(self, columns: Schema, reference_seed: int, seed: int) -> None:
        self._columns, self._reference_seed, self._seed = columns, reference_seed, seed
        self.planning = self._made(_PLANNED_ON, 0)

    def most_in_a_week(self, change: Change) -> None:
        return None

    def for_week(self, change: Change, rows: int, logged: int) -> Pool:
        # As many as it takes for nobody to come twice, with some to spare: those of the week are not those of the plan.
        weights = change.weights(self.planning)
        size = min(int(np.ceil(_SPARE * rows * len(weights) / most_at_once(weights))), max(_MOST_PER_ROW * rows, _MOST_GENERATED))
        return self.planning if logged == 0 and size <= _PLANNED_ON else self._made(max(size, _PLANNED_ON), logged)

    def _made(self, rows: int, logged: int) -> Pool:
        seed = self._reference_seed + 1 + int(np.random.default_rng([self._seed, logged]).integers(2**31))
        return labelled(typed(raw_of(make_customers(rows, seed), "generated customers"), self._columns, with_target=True), self._columns)


@dataclass(frozen=True)
class Replaying:
    """Customers of another source, and among them `share` old ones: rows of the reference that the champion was trained on."""

    fresh: CustomerSource
    old: Pool
    share: float

    @property
    def planning(self) -> Pool:
        return self.fresh.planning

    def most_in_a_week(self, change: Change) -> int:
        return min(int(len(self.old.frame) / self.share), self.fresh.most_in_a_week(change) or len(self.old.frame))

    def for_week(self, change: Change, rows: int, logged: int) -> Pool:
        if self.share == 1:
            return self.old
        fresh = self.fresh.for_week(change, rows, logged).frame
        repeated = np.arange(int(len(fresh) * self.share / (1 - self.share))) % len(self.old.frame)
        return labelled(pd.concat([fresh, self.old.frame.iloc[repeated]], ignore_index=True), self.old.columns)


def customer_source(opened: Opened, seed: int) -> CustomerSource:
    """Generated customers in a workspace around generated ones, else the held-back rows.

    Raises:
        DataError: see `load_reference`.
    """
    data = opened.settings.data
    if data.synthetic_seed is not None:
        return Generated(data.columns, data.synthetic_seed, seed)
    return HeldBack(labelled(load_split(opened).held_back, data.columns))


def replaying(opened: Opened, fresh: CustomerSource, share: float) -> CustomerSource:
    """`fresh` customers with a share of old ones among them; `fresh` alone where that is 0.

    Raises:
        DataError: see `load_reference`.
    """
    return Replaying(fresh, labelled(load_split(opened).train, fresh.planning.columns), share) if share else fresh
