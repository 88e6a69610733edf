"""Which columns say most about churn, which move together, and how to draw customers so that some move and the rest stay."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipeline.tables.schema import Schema

_CELLS = 10  # of a numerical column, equally full
_PRIOR_ROWS = 20  # a cell of few rows says little: its mean is drawn towards the overall mean by this many rows
_RAKING_ROUNDS = 20
_END = 0.2  # share of a numerical column's rows in the segment at one of its ends


@dataclass(frozen=True)
class CustomerGroup:
    """Customers of one kind: those with `value` in a categorical column, or with a number from `low` to `high` in a numerical one."""

    column: str
    value: str | None = None
    low: float = -np.inf
    high: float = np.inf

    def holds(self, frame: pd.DataFrame) -> np.ndarray:
        """Mask of the rows that belong to it, shape (rows,)."""
        if self.value is not None:
            return (frame[self.column] == self.value).to_numpy(dtype=bool)
        return frame[self.column].between(self.low, self.high).to_numpy(dtype=bool)


def segments(frame: pd.DataFrame, schema: Schema, least: float, most: float) -> list[CustomerGroup]:
    """Segments that hold between `least` and `most` (0-1) of the rows: values of categorical columns, both ends of numerical ones."""
    found = [CustomerGroup(name, value=str(value)) for name in schema.categorical for value in sorted(frame[name].dropna().unique())]
    for name in schema.numerical:
        low, high = frame[name].quantile([_END, 1 - _END])
        found += [CustomerGroup(name, high=float(low)), CustomerGroup(name, low=float(high))]
    return [segment for segment in found if least <= segment.holds(frame).mean() <= most]


def level(column: pd.Series) -> Callable[[pd.Series], np.ndarray]:
    """Where any column of this kind stands in `column`, as numbers of mean 0 and spread 1 there: the number itself (missing is 0), or
    whether it is the most frequent category."""
    if column.dtype.kind == "f":
        mean, spread = float(column.mean()), float(column.std()) or 1.0
        return lambda other: ((other - mean) / spread).fillna(0.0).clip(-3, 3).to_numpy()
    common = column.value_counts().index[0]
    share = float((column == common).mean())
    spread = float(np.sqrt(share * (1 - share))) or 1.0
    return lambda other: ((other == common).to_numpy(dtype="float64") - share) / spread


def cells(column: pd.Series) -> np.ndarray:
    """The cell of each row, shape (rows,): tenths of a numerical column, values of a categorical one, and one for missing."""
    if column.dtype.kind != "f":
        return pd.factorize(column, use_na_sentinel=False)[0]
    edges = np.unique(column.quantile(np.arange(1, _CELLS) / _CELLS))
    return np.where(column.isna(), len(edges) + 1, np.searchsorted(edges, column, side="right"))


def explained(column: pd.Series, by: np.ndarray) -> np.ndarray:
    """Mean of `by` in the cell of `column` each row lies in, shape (rows,)."""
    cell = cells(column)
    means = (np.bincount(cell, by) + _PRIOR_ROWS * by.mean()) / (np.bincount(cell) + _PRIOR_ROWS)
    return np.asarray(means[cell])


def strongest_first(frame: pd.DataFrame, names: Sequence[str], by: np.ndarray) -> list[str]:
    """The columns `names`, those first whose cells differ most in `by`."""
    spread = {name: float(explained(frame[name], by).std()) for name in names}
    return sorted(names, key=lambda name: -spread[name])


def risk(frame: pd.DataFrame, schema: Schema, name: str) -> np.ndarray:
    """Share of churners in the cell of column `name` each row lies in, shape (rows,)."""
    return explained(frame[name], frame[schema.target].to_numpy(dtype="float64"))


def riskiest(frame: pd.DataFrame, schema: Schema, name: str, share: float) -> np.ndarray:
    """Mask of the rows in the riskiest cells of column `name`: as many cells as it takes to hold `share` (0-1) of all rows."""
    risks = risk(frame, schema, name)
    return np.asarray(risks >= np.quantile(risks, 1 - share, method="lower"))


def lean(frame: pd.DataFrame, movers: Sequence[str], held: Sequence[str], towards: np.ndarray, strength: float) -> np.ndarray:
    """Weights, shape (rows,), under which the columns `movers` lean `towards` larger values and the columns `held` keep their shares.

    Each mover is expressed by what its cells say about `towards`, standardised; a weight is exp(strength * their sum), then raked
    (iterative proportional fitting, Deming and Stephan 1940) until every cell of every held column weighs what it did. Weights depend
    on features only, so P(churn | features) is exactly what it was.
    """
    weights = np.ones(len(frame))
    for name in movers:
        said = explained(frame[name], towards)
        weights *= np.exp(strength * (said - said.mean()) / (said.std() or 1))
    margins = [(cell, np.bincount(cell) / len(frame)) for cell in (cells(frame[name]) for name in held)]
    for _ in range(_RAKING_ROUNDS):
        for cell, shares in margins:
            present = np.bincount(cell, weights) / weights.sum()
            weights *= np.divide(shares, present, out=np.ones(len(shares)), where=present > 0)[cell]
    return weights
