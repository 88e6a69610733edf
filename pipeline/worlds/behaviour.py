"""How customers behave changes: the same columns, another chance of churn."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from pipeline.worlds.arrivals import followers, lean_to_safety
from pipeline.worlds.change import Change, Numbers, Pool, Severity, chosen, strength_order
from pipeline.worlds.drivers import riskiest, segments

_ODDS = {"mild": 1.6, "strong": 2.5}
_SETTLED_LEAVE = {"mild": 0.5, "strong": 0.75}
_NEWCOMERS_LEAVE = {"mild": 0.25, "strong": 0.15}
_MARKET_LEAN = {"mild": 0.25, "strong": 0.4}
_OFFERED, _STILL_LEAVE = {"mild": 0.1, "strong": 0.25}, 0.25
_FADED = {"mild": 0.5, "strong": 1.0}

Behave = Callable[[pd.DataFrame, Numbers], Numbers]
Mask = Callable[[pd.DataFrame], np.ndarray]


def odds_shift(pool: Pool, severity: Severity, rng: np.random.Generator) -> Change:
    """The same customers as ever; for everybody the odds of leaving rise or fall by one factor."""
    odds = _ODDS[severity] ** int(rng.choice([-1, 1]))
    return Change(behave=odds_times(pool, lambda frame: np.full(len(frame), odds)))


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
    said_by_tops = _said_by(pool, tops, estimated)

    def behave(frame: pd.DataFrame, expected: Numbers) -> Numbers:
        turned = logit(estimated(frame)) - 2 * said_by_tops(frame)
        return np.where(affected(frame), 1 / (1 + np.exp(-turned)), expected)

    return Change(tuple(tops), behave=behave)


def behaviour_change(pool: Pool, severity: Severity, rng: np.random.Generator) -> Change:
    """In the riskiest group settled customers leave and new ones stay."""
    return Change((_leading(pool),), behave=_settled_leave(pool, severity))


def market_shift(pool: Pool, severity: Severity, rng: np.random.Generator) -> Change:
    """More than two fifths of all features lean towards the settled customers, and these now leave."""
    weigh = lean_to_safety(pool.columns, _leading(pool), _market_movers(pool), _MARKET_LEAN[severity])
    return Change((_leading(pool),), weigh=weigh, behave=_settled_leave(pool, severity))


def campaign_effect(pool: Pool, severity: Severity, rng: np.random.Generator) -> Change:
    """An offer to the customers at highest risk works: most of those who would have left stay."""
    estimated = estimated_risk(pool)
    bar = float(np.quantile(estimated(pool.frame), 1 - _OFFERED[severity]))
    return Change(behave=lambda frame, expected: np.where(estimated(frame) >= bar, _STILL_LEAVE * expected, expected))


def driver_fades(pool: Pool, severity: Severity, rng: np.random.Generator) -> Change:
    """The strongest reason to leave ceases to be one, as where anybody may end any contract at any time: half of what it said, or all of it."""
    top = strength_order(pool, pool.columns.features)[0]
    estimated = estimated_risk(pool)
    said_by_top = _said_by(pool, [top], estimated)

    def behave(frame: pd.DataFrame, expected: Numbers) -> Numbers:
        return np.asarray(expit(logit(estimated(frame)) - _FADED[severity] * said_by_top(frame)))

    return Change((top,), behave=behave)


def everybody(frame: pd.DataFrame) -> np.ndarray:
    """All rows, as a mask."""
    return np.ones(len(frame), dtype=bool)


def odds_times(pool: Pool, factor: Callable[[pd.DataFrame], Numbers]) -> Behave:
    """The odds of leaving are multiplied by a factor, shape (rows,), of the customer's own."""
    estimated = estimated_risk(pool)

    def behave(frame: pd.DataFrame, expected: Numbers) -> Numbers:
        # Outcomes that are known already are turned with the chance that gives such customers the new odds.
        p, odds = estimated(frame), factor(frame)
        new = odds * p / (1 - p + odds * p)
        return np.where(odds > 1, expected + (1 - expected) * (new - p) / (1 - p), expected * new / p)

    return behave


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


def _said_by(pool: Pool, names: list[str], estimated: Callable[[pd.DataFrame], Numbers]) -> Callable[[pd.DataFrame], Numbers]:
    """The say of some columns: what the log-odds lose when everybody has one and the same value in them, less the pool's average."""
    usual = {name: pool.frame[name].median() if name in pool.columns.numerical else pool.frame[name].mode().iloc[0] for name in names}

    def said(frame: pd.DataFrame) -> Numbers:
        return np.asarray(logit(estimated(frame)) - logit(estimated(frame.assign(**usual))))

    average = float(said(pool.frame).mean())
    return lambda frame: np.asarray(said(frame) - average)


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
