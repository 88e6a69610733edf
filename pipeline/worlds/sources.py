"""What goes wrong at one of several sources of a feed, or with the feed as a whole, while every cell looks as cells do."""

import numpy as np
import pandas as pd

from pipeline.worlds.change import Change, Pool, Severity, chosen, needed, strength_order
from pipeline.worlds.drivers import segments

_NEW_VERSION = 1 / 3  # share of the rows
_RENAMED = {"mild": 1, "strong": 3}  # columns
_LEAST, _MOST = {"mild": 0.05, "strong": 0.15}, {"mild": 0.2, "strong": 0.4}  # share of the customers whose feed is missing
_REPLAYED = {"mild": 0.4, "strong": 1.0}


def version_renames(pool: Pool, severity: Severity, rng: np.random.Generator) -> Change:
    """A third of the rows come from a new version of the app, which spells the values of telling categorical columns otherwise."""
    names = strength_order(pool, needed(pool.columns.categorical, "categorical"))[: _RENAMED[severity]]
    spelt = {name: _codes(pool.frame[name]) for name in names}

    def damage(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
        new = rng.random(len(frame)) < _NEW_VERSION
        renamed = {name: frame[name].where(~new, frame[name].map(lambda cell, name=name: spelt[name].get(cell, cell))) for name in names}
        return frame.assign(**{name: column.astype(object) for name, column in renamed.items()})

    return Change(tuple(names), damage=damage)


def feed_missing(pool: Pool, severity: Severity, rng: np.random.Generator) -> Change:
    """The customers of one source, all of those with one value of a column, do not arrive."""
    categories = [group for group in segments(pool.frame, pool.columns, _LEAST[severity], _MOST[severity]) if group.value is not None]
    missing = chosen(categories or segments(pool.frame, pool.columns, 0.05, 0.5), rng)
    return Change((missing.column,), damage=lambda frame, _: frame[~missing.holds(frame)])


def replayed_batch(pool: Pool, severity: Severity, rng: np.random.Generator) -> Change:
    """The batch, or a part of it, is one of old rows that the champion was trained on."""
    return Change(replayed=_REPLAYED[severity])


def _codes(column: pd.Series) -> dict[str, str]:
    """The values of a column as a program would name them, none of them a value of the column."""
    values = sorted(str(value) for value in column.dropna().unique())
    codes = {value: value.casefold().replace(" ", "_").replace("-", "_") for value in values}
    return {value: code if code not in values else f"v2_{code}" for value, code in codes.items()}
