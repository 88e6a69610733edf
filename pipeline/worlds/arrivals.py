"""Who comes changes; customers of each kind behave as before."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from pipeline.tables.schema import Schema
from pipeline.worlds.change import Change, Numbers, Pool, Severity, chosen, needed, strength_order
from pipeline.worlds.drivers import lean, level, risk, segments, strongest_first

_LEAN = {"mild": 0.25, "strong": 0.4}  # standard deviations by which each moving column shifts on its own
_LEAN_CATEGORIES = {"mild": 0.4, "strong": 0.6}  # more: a distance between shares grows more slowly than one between means
_TILT = {"mild": 0.35, "strong": 0.8}
_SEASON = {"mild": 0.3, "strong": 0.6}
_LEFT = {"mild": 0.2, "strong": 0.0}  # of the customers of a kind that is taken on no more
_ODDS = {"mild": 1.6, "strong": 2.5}

Weigh = Callable[[pd.DataFrame, Numbers], Numbers]


def tiny_window(pool: Pool, severity: Severity, rng: np.random.Generator) -> Change:
    """Nothing changed, and hardly anybody was scored."""
    return Change(most_rows={"mild": 150, "strong": 60}[severity])


def numeric_shift(pool: Pool, severity: Severity, rng: np.random.Generator) -> Change:
    """Up to three numerical columns that move together lean towards their less risky values; the others keep their shares."""
    lead = strength_order(pool, needed(pool.columns.numerical, "numerical"))[0]
    movers = followers(pool, lead, pool.columns.numerical, 3)
    return Change(tuple(movers), weigh=lean_to_safety(pool.columns, lead, movers, _LEAN[severity]))


def category_mix(pool: Pool, severity: Severity, rng: np.random.Generator) -> Change:
    """One more than a fifth of all features, categorical ones that move together, lean towards their less risky values."""
    lead = strength_order(pool, needed(pool.columns.categorical, "categorical"))[0]
    movers = followers(pool, lead, pool.columns.categorical, len(pool.columns.features) // 5 + 2)
    return Change(tuple(movers), weigh=lean_to_safety(pool.columns, lead, movers, _LEAN_CATEGORIES[severity]))


def harmless_tilt(pool: Pool, severity: Severity, rng: np.random.Generator) -> Change:
    """The two columns that say least about churn move."""
    movers = strength_order(pool, needed(pool.columns.features, "feature", 3))[-2:]
    return Change(tuple(movers), weigh=_tilt(pool, movers, [_sign(rng) * _TILT[severity] for _ in movers]))


def important_tilt(pool: Pool, severity: Severity, rng: np.random.Generator) -> Change:
    """The column that says most about churn moves, and with it what goes with it."""
    lead = strength_order(pool, pool.columns.features)[0]
    return Change((lead,), weigh=_tilt(pool, [lead], [_sign(rng) * _TILT[severity]]))


def seasonal_mix(pool: Pool, severity: Severity, rng: np.random.Generator) -> Change:
    """A season: a quarter of the columns move, each its own way."""
    names = [str(name) for name in rng.permutation(pool.columns.features)[: max(2, len(pool.columns.features) // 4)]]
    return Change(tuple(names), weigh=_tilt(pool, names, list(rng.normal(0, _SEASON[severity], len(names)))))


def prior_shift(pool: Pool, severity: Severity, rng: np.random.Generator) -> Change:
    """More or fewer churners, who look as churners did, among stayers who look as stayers did."""
    return _churners_drawn(_ODDS[severity] ** _sign(rng))


def high_churn(pool: Pool, severity: Severity, rng: np.random.Generator) -> Change:
    """Churners are drawn with higher odds. P(features | churn) stays."""
    return _churners_drawn(_ODDS[severity])


def intake_stops(pool: Pool, severity: Severity, rng: np.random.Generator) -> Change:
    """No new customers of one kind are taken on any more, and few or none of those who were there are left."""
    group = chosen(segments(pool.frame, pool.columns, 0.08, 0.35), rng)
    return Change((group.column,), weigh=lambda frame, expected: np.where(group.holds(frame), _LEFT[severity], 1.0))


def lean_to_safety(columns: Schema, lead: str, movers: Sequence[str], strength: float) -> Weigh:
    """Weights under which `movers` lean towards what safe values of `lead` go with, and all other features keep their shares."""
    held = [name for name in columns.features if name not in movers]
    return lambda frame, expected: lean(frame, movers, held, -risk(frame, columns, lead), strength)


def followers(pool: Pool, lead: str, among: tuple[str, ...], count: int) -> list[str]:
    """The column `lead` and those that move most with it, `count` in all."""
    others = strongest_first(pool.frame, [name for name in among if name != lead], risk(pool.frame, pool.columns, lead))
    return [lead, *others][:count]


def _churners_drawn(odds: float) -> Change:
    # A churner weighs `odds` times a stayer; of customers who are both by some chance, both the weight and the chance follow.
    return Change(
        weigh=lambda frame, expected: 1 - expected + odds * expected,
        behave=lambda frame, expected: odds * expected / (1 - expected + odds * expected),
    )


def _tilt(pool: Pool, names: Sequence[str], strengths: Sequence[float]) -> Weigh:
    levels = {name: level(pool.frame[name]) for name in names}

    def weigh(frame: pd.DataFrame, expected: Numbers) -> Numbers:
        pulls = [strength * levels[name](frame[name]) for name, strength in zip(names, strengths, strict=True)]
        return np.asarray(np.exp(np.clip(np.sum(pulls, axis=0), -3, 3)))

    return weigh


def _sign(rng: np.random.Generator) -> int:
    return int(rng.choice([-1, 1]))
