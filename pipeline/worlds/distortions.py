"""Numbers that arrive as other numbers, each of which could be one: shifted, turned round, filled in, blurred."""

import numpy as np
import pandas as pd

from pipeline.worlds.change import Change, Pool, Severity, needed, strength_order

_OFFSET = {"mild": 0.75, "strong": 2.5}  # standard deviations
_TURNED = {"mild": 0.35, "strong": 1.0}  # share of the rows
_IMPUTED = {"mild": 0.15, "strong": 0.5}
_NOISE = {"mild": 0.5, "strong": 1.5}  # standard deviations


def number_offset(pool: Pool, severity: Severity, rng: np.random.Generator) -> Change:
    """A constant is added to the most telling number, whole where the numbers are."""
    name = _most_telling(pool)
    constant = _whole_if(pool.frame[name], _OFFSET[severity] * _spread(pool.frame[name]))
    return Change((name,), damage=lambda frame, _: frame.assign(**{name: frame[name] + constant}))


def sign_flipped(pool: Pool, severity: Severity, rng: np.random.Generator) -> Change:
    """The most telling number arrives negative where it was positive: in all rows, or in a third."""
    name = _most_telling(pool)

    def damage(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
        turned = rng.random(len(frame)) < _TURNED[severity]
        return frame.assign(**{name: frame[name].where(~turned, 0.0 - frame[name])})

    return Change((name,), damage=damage)


def mean_imputed(pool: Pool, severity: Severity, rng: np.random.Generator) -> Change:
    """Part of the most telling number is filled with the column's mean."""
    name = _most_telling(pool)
    mean = _whole_if(pool.frame[name], float(pool.frame[name].mean()))

    def damage(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
        return frame.assign(**{name: frame[name].mask(rng.random(len(frame)) < _IMPUTED[severity], mean)})

    return Change((name,), damage=damage)


def noisy_number(pool: Pool, severity: Severity, rng: np.random.Generator) -> Change:
    """The most telling number is measured with noise, within the range that it had."""
    name = _most_telling(pool)
    column, least, most = pool.frame[name], pool.frame[name].min(), pool.frame[name].max()

    def damage(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
        noise = rng.normal(0, _NOISE[severity] * _spread(column), len(frame))
        blurred = (frame[name] + noise).clip(least, most)
        return frame.assign(**{name: blurred.round() if whole(column) else blurred})

    return Change((name,), damage=damage)


def whole(column: pd.Series) -> bool:
    """Whether all numbers of a column are whole."""
    return bool((column.dropna() % 1 == 0).all())


def _most_telling(pool: Pool) -> str:
    return strength_order(pool, needed(pool.columns.numerical, "numerical"))[0]


def _spread(column: pd.Series) -> float:
    return float(column.std()) or 1.0


def _whole_if(column: pd.Series, number: float) -> float:
    return float(round(number)) if whole(column) else number
