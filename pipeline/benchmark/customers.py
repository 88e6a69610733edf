"""Customers for the benchmark, of any table or drawn fresh: three crowds that never meet: to train on, to look at, and to be judged by."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.errors import DataError
from pipeline.roles.inference import infer
from pipeline.tables.reading import raw_of, read_raw, typed
from pipeline.tables.schema import Schema
from pipeline.worlds.change import Pool
from pipeline.worlds.telephone_customers import churn_probability, make_customers

REFERENCE_ROWS = 6_000
_WINDOW_POOL, _FUTURE_POOL = 20_000, 20_000
_SHARES = (0.4, 0.3)  # of a table's customers: reference, window; the rest is the future
_FEWEST = 300


@dataclass(frozen=True)
class Table:
    """Where customers come from: a labelled file, or generated ones where `file` is None."""

    file: Path | None = None
    target: str = "Churn"
    positive: str = ""

    @property
    def name(self) -> str:
        return "generated customers" if self.file is None else self.file.name


@dataclass(frozen=True)
class Crowds:
    """Pools of customers, none of whom is in two. `window_rows`: the most rows a window may have, so that a small table does not speak with
    more certainty than it has customers."""

    reference: Pool
    window: Pool
    future: Pool
    window_rows: int

    @property
    def columns(self) -> Schema:
        return self.reference.columns


@lru_cache(maxsize=2)
def crowds(table: Table, seed: int) -> Crowds:
    """The three pools of one `seed`: another seed generates others, or divides a table otherwise.

    Raises:
        DataError: the table cannot be used, or has fewer than 1,000 customers.
    """
    if table.file is None:
        sizes = (REFERENCE_ROWS, _WINDOW_POOL, _FUTURE_POOL)
        reference, window, future = (_generated(rows, 3 * seed + place) for place, rows in enumerate(sizes))
        return Crowds(reference, window, future, _WINDOW_POOL)
    frame, columns = read_table(table)
    customer = np.arange(len(frame)) if columns.id is None else pd.factorize(frame[columns.id], use_na_sentinel=False)[0]
    place = np.random.default_rng(seed).permutation(customer.max() + 1)[customer] / (customer.max() + 1)
    cuts = np.searchsorted(np.cumsum(_SHARES), place, side="right")
    pools = [_pool(frame[cuts == part].reset_index(drop=True), columns) for part in range(3)]
    smallest = min(len(pool.frame) for pool in pools)
    if smallest < _FEWEST:
        raise DataError(f"{table.name} divided in three leaves {smallest} customers in one part.", "Bring at least 1,000 customers.")
    reference = Pool(pools[0].frame.head(REFERENCE_ROWS), columns, pools[0].expected[:REFERENCE_ROWS])
    return Crowds(reference, pools[1], pools[2], len(pools[1].frame))


@lru_cache(maxsize=1)
def read_table(table: Table) -> tuple[pd.DataFrame, Schema]:
    """The typed rows of a table's file and the schema that was inferred.

    Raises:
        DataError: see `read_raw`, `infer` and `typed`.
    """
    assert table.file is not None
    raw = read_raw(table.file)
    columns = infer(raw, table.target, table.positive).schema
    return typed(raw, columns, with_target=True), columns


def _generated(rows: int, seed: int) -> Pool:
    customers = make_customers(rows, seed)
    raw = raw_of(customers, "generated customers")
    columns = infer(raw, "Churn").schema
    frame = typed(raw, columns, with_target=True)
    return Pool(frame, columns, churn_probability(frame))


def _pool(frame: pd.DataFrame, columns: Schema) -> Pool:
    return Pool(frame, columns, frame[columns.target].to_numpy(dtype="float64"))
