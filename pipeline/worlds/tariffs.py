"""Prices that change otherwise than by one factor, or that people mind. It stays, and nothing broke."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from pipeline.worlds.behaviour import odds_times
from pipeline.worlds.change import Change, Numbers, Pool, Severity, needed, strength_order
from pipeline.worlds.drivers import level
from pipeline.worlds.novelties import money_like

_RISE = {"mild": 0.15, "strong": 0.4}  # the dearest plan's, in its share of the price; the first plan's falls by half of that
_MINDED = {"mild": 3.0, "strong": 4.0}  # by how much the log-odds of leaving rise with the logarithm of a price
_EVERYBODYS = {"mild": 1.15, "strong": 1.35}
_DEAR = {"mild": 0.7, "strong": 1.2}  # by how much the log-odds of leaving rise with a standard deviation of the price


def tariff_per_plan(pool: Pool, severity: Severity, rng: np.random.Generator) -> Change:
    """Every plan gets a new price: some rise, some fall, and people put up with it."""
    name, factor = _new_prices(pool, severity, rng)
    return Change((name,), renew=lambda frame, _: frame.assign(**{name: frame[name] * factor(frame)}))


def tariff_resented(pool: Pool, severity: Severity, rng: np.random.Generator) -> Change:
    """Every plan gets a new price; customers leave where it rose and stay where it fell."""
    name, factor = _new_prices(pool, severity, rng)
    return Change(
        (name,),
        behave=odds_times(pool, lambda frame: factor(frame) ** _MINDED[severity]),
        renew=lambda frame, _: frame.assign(**{name: frame[name] * factor(frame)}),
    )


def price_rise_resented(pool: Pool, severity: Severity, rng: np.random.Generator) -> Change:
    """All prices rise by one factor; the more somebody paid already, the more likely they leave, and who pays little stays."""
    name = money_like(pool)
    standing = level(pool.frame[name])

    behave = odds_times(pool, lambda frame: np.asarray(np.exp(_DEAR[severity] * standing(frame[name]))))
    return Change((name,), behave=behave, renew=lambda frame, _: frame.assign(**{name: frame[name] * _EVERYBODYS[severity]}))


def _new_prices(pool: Pool, severity: Severity, rng: np.random.Generator) -> tuple[str, Callable[[pd.DataFrame], Numbers]]:
    """The column of prices, and the factor of each row's by its plan: the value of a telling categorical column."""
    name = money_like(pool)
    telling = strength_order(pool, needed(pool.columns.categorical, "categorical"))
    plan = next((column for column in telling if pool.frame[column].nunique() > 1), None)
    needed((plan,) if plan else (), "categorical")
    values = sorted(str(value) for value in pool.frame[plan].dropna().unique())
    steps = np.linspace(-_RISE[severity] / 2, _RISE[severity], len(values))
    factors = dict(zip(values, 1 + rng.permutation(steps), strict=True))
    return name, lambda frame: frame[plan].map(factors).fillna(1.0).to_numpy(dtype="float64")
