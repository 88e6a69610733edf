"""How customers behave changes: the same columns, another chance of churn."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy.special import logit

from pipeline.worlds.arrivals import followers, lean_to_safety
from pipeline.worlds.change import Change, Numbers, Pool, Severity, chosen, strength_order
from pipeline.worlds.drivers import riskiest, segments

_ODDS = {"mild": 1.6, "strong": 2.5}
_SETTLED_LEAVE = {"mild": 0.5, "strong": 0.75}
_NEWCOMERS_LEAVE = {"mild": 0.25, "strong": 0.15}
_MARKET_LEAN = {"mild": 0.25, "strong": 0.4}

Behave = Callable[[pd.DataFrame, Numbers], Numbers]
Mask = Callable[[pd.DataFrame], np.ndarray]


def odds_shift(pool: Pool, severity: Severity, rng: np.random.Generator) -> Change:
    """The same customers as ever; for everybody the odds of leaving rise or fall by one factor."""
    estimated, odds = estimated_risk(pool), _ODDS[severity] ** int(rng.choice([-1, 1]))

    def behave(frame: pd.DataFrame, expected: Numbers) -> Numbers:
        # Outcomes that are known already are turned with the chance that gives everybody the new odds.
        p = estimated(frame)
        new = odds * p / (1 - p + odds * p)
        return expected + (1 - expected) * (new - p) / (1 - p) if odds > 1 else expected * new / p

    return Change(behave=behave)


def segment_concept(pool: Pool, severity: Severity, rng: np.random.Generator) -> Change:
    """In one kind of customers, a seventh to two fifths of all, those who used to stay now leave and those who used to leave stay: as many
    of the kind as before where the change is mild, which keeps it out of every average."""
    affected = chosen(segments(pool.frame, pool.columns, 0.14, 0.4), rng)
    return Change((affected.column,), behave=mirrored(pool, affected.holds, affected.holds if severity == "mild" else everybody))


def drivers_reverse(pool: Pool, severity: Severity, rng: np.random.Generator) -> Change:
    """The two strongest reasons to leave become reasons to stay, for all customers or for about half; the other reasons stay what they are."""
    tops = strength_order(pool, pool.columns.features)[:2]
    halves = segments(pool.frame, pool.columns, 0.35, 0.65)
    affected = chosen(halves, rng).holds if severity == "mild" and halves else everybody
    estimated = estimated_risk(pool)
    # A column's say is what the log-odds lose when everybody has one and the same value in it.
    usual = {name: pool.frame[name].median() if name in pool.columns.numerical else pool.frame[name].mode().iloc[0] for name in tops}

    def said_by_tops(frame: pd.DataFrame) -> Numbers:
        return np.asarray(logit(estimated(frame)) - logit(estimated(frame.assign(**usual))))

    average = float(said_by_tops(pool.frame).mean())

    def behave(frame: pd.DataFrame, expected: Numbers) -> Numbers:
        turned = logit(estimated(frame)) - 2 * (said_by_tops(frame) - average)
        return np.where(affected(frame), 1 / (1 + np.exp(-turned)), expected)

    return Change(tuple(tops), behave=behave)


def behaviour_change(pool: Pool, severity: Severity, rng: np.random.Generator) -> Change:
    """In the riskiest group settled customers leave and new ones stay."""
    return Change((_leading(pool),), behave=_settled_leave(pool, severity))


def market_shift(pool: Pool, severity: Severity, rng: np.random.Generator) -> Change:
    """More than two fifths of all features lean towards the settled customers, and these now leave."""
    weigh = lean_to_safety(pool.columns, _leading(pool), _market_movers(pool), _MARKET_LEAN[severity])
    return Change((_leading(pool),), weigh=weigh, behave=_settled_leave(pool, severity))


def everybody(frame: pd.DataFrame) -> np.ndarray:
    """All rows, as a mask."""
    return np.ones(len(frame), dtype=bool)


def mirrored(pool: Pool, affected: Mask, among: Mask) -> Behave:
    """Customers `affected` take the risk that is as far from the top as theirs was from the bottom, in the order of the pool's rows `among`:
    where these are the same, as many churn as before, but others."""
    estimated = estimated_risk(pool)
    ordered = np.sort(estimated(pool.frame)[among(pool.frame)])
    places = np.linspace(0, 1, len(ordered))

    def behave(frame: pd.DataFrame, expected: Numbers) -> Numbers:
        opposite = np.interp(1 - np.interp(estimated(frame), ordered, places), places, ordered)
        return np.where(affected(frame), opposite, expected)

    return behave


def estimated_risk(pool: Pool) -> Callable[[pd.DataFrame], Numbers]:
    """Chance of churn by a plain logistic regression on the pool's outcomes, within 0.01 to 0.99."""
    from pipeline.models.unfitted_model import build

    features, churned = list(pool.columns.features), pool.frame[pool.columns.target]
    model = build("logistic_regression", {}, 0, pool.columns).fit(pool.frame[features], churned)
    return lambda frame: np.clip(model.predict_proba(frame[features])[:, 1], 0.01, 0.99)


def _leading(pool: Pool) -> str:
    return strength_order(pool, pool.columns.numerical or pool.columns.categorical)[0]


def _market_movers(pool: Pool) -> list[str]:
    return followers(pool, _leading(pool), pool.columns.features, 2 * len(pool.columns.features) // 5 + 1)


def _settled_leave(pool: Pool, severity: Severity) -> Behave:
    """Among the customers in the riskiest third of the strongest column that does not move with the leading one, the safer half by the
    leading column leaves and the riskier half stays."""
    columns, lead, movers = pool.columns, _leading(pool), _market_movers(pool)
    apart = tuple(name for name in columns.features if name not in movers)
    other = strength_order(pool, apart)[0] if apart else None

    def behave(frame: pd.DataFrame, expected: Numbers) -> Numbers:
        drawn = np.ones(len(frame), dtype=bool) if other is None else riskiest(frame, columns, other, 1 / 3)
        new = riskiest(frame, columns, lead, 1 / 2)
        return np.where(drawn, np.where(new, _NEWCOMERS_LEAVE[severity], _SETTLED_LEAVE[severity]), expected)

    return behave
