"""What breaks on the way: columns that no longer say what they said, rows that come twice, outcomes that have not matured yet. Customers are
the same, and so are their reasons."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from pipeline.worlds.change import Change, NotExpressible, Numbers, Pool, Severity, needed, strength_order
from pipeline.worlds.novelties import money_like, unused_value

_MISSING = {"mild": 0.08, "strong": 0.25}
_CENTS_PER_DOLLAR = 100
_NEW_CATEGORY = {"mild": 0.05, "strong": 0.12}
_DEFAULTED = {"mild": 0.15, "strong": 0.6}
_CLIPPED_AT = {"mild": 0.85, "strong": 0.55}  # quantile of the column
_UNREADABLE = 0.3
_REPEATED = {"mild": 0.06, "strong": 0.4}
_IMMATURE = {"mild": 0.7, "strong": 1.0}  # of the newest churners, the share that does not show yet


def null_spike(pool: Pool, severity: Severity, rng: np.random.Generator) -> Change:
    """Part of the most telling numerical column stopped arriving."""
    name = strength_order(pool, needed(pool.columns.numerical, "numerical"))[0]
    return Change((name,), damage=in_some(name, _MISSING[severity], np.nan))


def new_category(pool: Pool, severity: Severity, rng: np.random.Generator) -> Change:
    """A value never seen before fills part of the most telling categorical column, whatever stood there."""
    name = strength_order(pool, needed(pool.columns.categorical, "categorical"))[0]
    return Change((name,), damage=in_some(name, _NEW_CATEGORY[severity], unused_value(pool.frame[name])))


def unit_change(pool: Pool, severity: Severity, rng: np.random.Generator) -> Change:
    """An amount arrives in cents instead of dollars: from everywhere, or from the one source that a value of another column stands for."""
    name = money_like(pool)
    if severity == "strong":
        return Change((name,), damage=lambda frame, _: frame.assign(**{name: frame[name] * _CENTS_PER_DOLLAR}))
    source = next((column for column in rng.permutation(pool.columns.categorical) if pool.frame[column].nunique() > 1), None)
    if source is None:
        raise NotExpressible(
            "This scenario breaks one source of several, and no categorical column distinguishes them.", "Choose it `strong`."
        )
    value = pool.frame[source].value_counts().index[1]

    def damage(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
        return frame.assign(**{name: frame[name].where(frame[source] != value, frame[name] * _CENTS_PER_DOLLAR)})

    return Change((name,), damage=damage)


def category_recoded(pool: Pool, severity: Severity, rng: np.random.Generator) -> Change:
    """The values of a telling categorical column arrive spelt anew: the most frequent one, or all of them as numbers."""
    name = strength_order(pool, needed(pool.columns.categorical, "categorical"))[0]
    values = [str(value) for value in pool.frame[name].value_counts().index]
    spelt = {values[0]: _respelt(values)} if severity == "mild" else {value: f"code {place}" for place, value in enumerate(sorted(values))}
    return Change(
        (name,), damage=lambda frame, _: frame.assign(**{name: frame[name].map(lambda cell: spelt.get(cell, cell)).astype(object)})
    )


def columns_swapped(pool: Pool, severity: Severity, rng: np.random.Generator) -> Change:
    """Two numerical columns changed places, or two categorical ones that share values."""
    numerical = strength_order(pool, pool.columns.numerical)
    alike = _alike(pool)
    if not alike and len(numerical) < 2:
        raise NotExpressible("This scenario swaps two columns of one kind, and the table has no such pair.", "Choose another scenario.")
    if alike and (severity == "mild" or len(numerical) < 2):
        one, other = alike
    else:
        one, other = numerical[0], numerical[1 if severity == "strong" else -1]
    return Change((one, other), damage=lambda frame, _: frame.assign(**{one: frame[other], other: frame[one]}))


def defaulted(pool: Pool, severity: Severity, rng: np.random.Generator) -> Change:
    """A default stands where a telling column has values: zero, or the most frequent category."""
    name = str(rng.choice(strength_order(pool, pool.columns.features)[:3]))
    default = 0.0 if name in pool.columns.numerical else str(pool.frame[name].value_counts().index[0])
    return Change((name,), damage=in_some(name, _DEFAULTED[severity], default))


def clipped(pool: Pool, severity: Severity, rng: np.random.Generator) -> Change:
    """A telling numerical column is cut off at the top."""
    name = strength_order(pool, needed(pool.columns.numerical, "numerical"))[0]
    limit = float(pool.frame[name].quantile(_CLIPPED_AT[severity]))
    return Change((name,), damage=lambda frame, _: frame.assign(**{name: frame[name].clip(upper=limit)}))


def misaligned_join(pool: Pool, severity: Severity, rng: np.random.Generator) -> Change:
    """A column arrives with the values of other customers: the most telling one, or one of middling weight."""
    ordered = strength_order(pool, pool.columns.features)
    name = ordered[0] if severity == "strong" else ordered[len(ordered) // 3]

    def damage(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
        others = pd.Series(rng.permutation(frame[name].to_numpy()), index=frame.index, dtype=frame[name].dtype)
        return frame.assign(**{name: others})

    return Change((name,), damage=damage)


def schema_break(pool: Pool, severity: Severity, rng: np.random.Generator) -> Change:
    """A telling column is gone, or words stand among its numbers. Read as a table, both are missing values."""
    if severity == "strong":
        name = strength_order(pool, pool.columns.features)[0]
        return Change((name,), damage=in_some(name, 1.0, np.nan), as_sent=lambda frame: frame.drop(columns=name))
    name = strength_order(pool, needed(pool.columns.numerical, "numerical"))[0]

    def as_sent(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.assign(**{name: frame[name].map("{:g}".format).astype(object).where(frame[name].notna(), "unknown")})

    return Change((name,), damage=in_some(name, _UNREADABLE, np.nan), as_sent=as_sent)


def duplicated_rows(pool: Pool, severity: Severity, rng: np.random.Generator) -> Change:
    """A join gives some customers twice. A row's index names its customer."""

    def damage(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
        times = 1 + (rng.random(len(frame)) < _REPEATED[severity]).astype(int)
        return frame.loc[frame.index.repeat(times)]

    return Change(damage=damage)


def immature_labels(pool: Pool, severity: Severity, rng: np.random.Generator) -> Change:
    """Outcomes are taken before they have matured: the later a churner was scored, the likelier they still count as a stayer."""

    target = pool.columns.target

    def recorded(frame: pd.DataFrame, recency: Numbers, rng: np.random.Generator) -> Numbers:
        return np.asarray(frame[target].to_numpy(dtype="float64") * (rng.random(len(frame)) < 1 - _IMMATURE[severity] * recency))

    return Change(recorded=recorded)


def in_some(name: str, share: float, value: object) -> Callable[[pd.DataFrame, np.random.Generator], pd.DataFrame]:
    """A fault that puts `value` into a share of a column's rows, in 0-1."""

    def damage(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
        column = frame[name].copy()
        column[rng.random(len(frame)) < share] = value
        return frame.assign(**{name: column})

    return damage


def _respelt(values: list[str]) -> str:
    """The first value in another spelling that none of `values` has."""
    spelt = values[0].lower().replace("-", " ").replace("_", " ")
    return f"{spelt}." if spelt in values else spelt


def _alike(pool: Pool) -> tuple[str, str] | None:
    """The strongest two categorical columns that share most of their values."""
    ordered = strength_order(pool, pool.columns.categorical)
    held = {name: set(pool.frame[name].dropna()) for name in ordered}
    for place, one in enumerate(ordered):
        for other in ordered[place + 1 :]:
            if len(held[one] & held[other]) >= 2:
                return one, other
    return None
