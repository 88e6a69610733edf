"""Columns that mean something else, or sway with the season, and rows that are nobody: real values all of them, sent by a feed that works."""

import numpy as np
import pandas as pd

from pipeline.worlds.change import Change, NotExpressible, Pool, Severity, needed, strength_order
from pipeline.worlds.distortions import whole

_COUNTED = {"mild": 0.7, "strong": 0.35}  # share of what a number counted that it still counts
_SEASON = {"mild": 1.2, "strong": 1.6}
_SWAY = 0.15  # standard deviation of the logarithm by which a customer's season differs from others'
_NOBODY = {"mild": 0.1, "strong": 0.3}


def recorded_differently(pool: Pool, severity: Severity, rng: np.random.Generator) -> Change:
    """The most telling number is defined anew: it counts a part of what it counted, for each customer another part, so that no factor undoes it."""
    name = strength_order(pool, needed(pool.columns.numerical, "numerical"))[0]
    column, share = pool.frame[name], _COUNTED[severity]
    least = float(column.min())

    def renew(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
        counted = least + (frame[name] - least) * rng.beta(8 * share, 8 * (1 - share), len(frame))
        return frame.assign(**{name: counted.round() if whole(column) else counted})

    return Change((name,), renew=renew)


def seasonal_usage(pool: Pool, severity: Severity, rng: np.random.Generator) -> Change:
    """A season: up to three numbers rise, for each customer by a factor of their own around a common one; people behave as before."""
    names = [str(name) for name in rng.permutation(needed(pool.columns.numerical, "numerical"))[:3]]

    def renew(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
        factor = _SEASON[severity] * np.exp(rng.normal(0, _SWAY, len(frame)))
        risen = {name: frame[name] * factor for name in names}
        return frame.assign(**{name: column.round() if whole(pool.frame[name]) else column for name, column in risen.items()})

    return Change(tuple(names), renew=renew)


def bot_rows(pool: Pool, severity: Severity, rng: np.random.Generator) -> Change:
    """Some rows are no customers but bots or test accounts: every column is filled by itself, each of its values as likely as another."""
    values = {name: np.sort(pool.frame[name].dropna().unique()) for name in pool.columns.features}

    def damage(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
        nobody = rng.random(len(frame)) < _NOBODY[severity]
        return frame.assign(**{name: frame[name].mask(nobody, rng.choice(known, len(frame))) for name, known in values.items()})

    return Change(damage=damage)


def offer_withdrawn(pool: Pool, severity: Severity, rng: np.random.Generator) -> Change:
    """An offer is closed, and its customers, or most of them, were moved to another: a value of a categorical column gives way to another."""
    names = [name for name in strength_order(pool, needed(pool.columns.categorical, "categorical"))[:3] if pool.frame[name].nunique() > 2]
    if not names:
        raise NotExpressible("This scenario closes one offer of three, and no column has as many values.", "Choose another scenario.")
    name = str(rng.choice(names))
    shares = pool.frame[name].value_counts(normalize=True)
    closed, other = shares.index[1], shares.index[0]
    moved = {"mild": 0.7, "strong": 1.0}[severity]

    def renew(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
        goes = (frame[name] == closed).to_numpy(dtype=bool) & (rng.random(len(frame)) < moved)
        return frame.assign(**{name: frame[name].mask(goes, other)})

    return Change((name,), renew=renew)
