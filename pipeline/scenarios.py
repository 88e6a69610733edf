"""Named changes with a known truth, drawn from any pool of labelled customers: what drift, diagnosis and triage are tried on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np
import pandas as pd

from pipeline.drivers import lean, risk, riskiest, strongest_first
from pipeline.errors import DataError
from pipeline.schema import Schema

Truth = Literal["none", "covariate_benign", "covariate_harmful", "prior_shift", "concept_drift", "data_fault"]

DAY = "_day"
_SHIFT = 0.4  # standard deviations by which each moving column leans on its own
_CATEGORY_SHIFT = 0.6  # more, because a distance between shares grows more slowly than one between means
_CHURN_ODDS = 2.5
_MISSING_SHARE = 0.25
_CENTS_PER_DOLLAR = 100
_NEW_CATEGORY_SHARE = 0.12
_SETTLED_LEAVE, _NEWCOMERS_LEAVE = 0.75, 0.15


@dataclass(frozen=True)
class Scenario:
    """One named change: what it `says` to people, and its cause in the words of a diagnosis."""

    name: str
    says: str
    truth: Truth


SCENARIOS: Mapping[str, Scenario] = MappingProxyType(
    {
        scenario.name: scenario
        for scenario in (
            Scenario("none", "Nothing changed: new customers like the old ones.", "none"),
            Scenario(
                "numeric_shift", "More customers with the values that settled customers have in numerical columns.", "covariate_benign"
            ),
            Scenario("category_mix", "The mix of categories moved; customers of each kind behave as before.", "covariate_benign"),
            Scenario("high_churn", "Churners became far more common; churners and stayers look as before.", "prior_shift"),
            Scenario(
                "behaviour_change",
                "The same customers, but in the riskiest group settled customers leave and new ones stay.",
                "concept_drift",
            ),
            Scenario("null_spike", "A quarter of the most telling numerical column stopped arriving.", "data_fault"),
            Scenario("unit_change", "An amount arrives in cents instead of dollars.", "data_fault"),
            Scenario("new_category", "A value never seen before fills part of the most telling categorical column.", "data_fault"),
            Scenario("market_shift", "A competitor's offer draws settled customers, who make up more of the base by now.", "concept_drift"),
        )
    }
)


def draw(scenario: str, rows: int, pool: pd.DataFrame, schema: Schema, seed: int, *, days: int = 7) -> pd.DataFrame:
    """A window of `rows` labelled customers under a scenario: features and target as `typed` returns them, and `_day` (0 to days - 1, sorted).

    `pool` is typed and labelled: held-back rows of the reference, or many generated customers. Rows are drawn with replacement; id and
    time are left out, because a drawn row is a new customer of its day. Columns are chosen by what they say about the target in `pool`:

    - `numeric_shift`, `category_mix`: columns that move together lean towards their less risky values, the others keep their shares:
      up to three numerical columns, or one more than a fifth of all features, categorical. P(churn | features) stays.
    - `high_churn`: churners are drawn with 2.5 times the odds. P(features | churn) stays.
    - `behaviour_change`: rows, and so features, are those of `none`. Among the customers in the riskiest third of the strongest column
      that does not move with the leading one, the relation to the leading column reverses: its safer half churns with
      probability 0.75, its riskier half with 0.15.
    - `market_shift`: the same reversal, and one more than two fifths of all features lean towards the settled customers.
    - `null_spike`, `unit_change`, `new_category` damage a column after the outcome was drawn.

    Raises:
        DataError: no such scenario, a pool smaller than `days`, or no column of the kind that the scenario needs.
    """
    if scenario not in SCENARIOS:
        raise DataError(f"There is no scenario `{scenario}`.", f"Choose one of {', '.join(SCENARIOS)}.")
    if len(pool) < days:
        raise DataError(f"{len(pool)} customers cannot be spread over {days} days.", "Bring more labelled rows.")
    rng = np.random.default_rng(seed)
    weights = _WEIGHTS[scenario](pool, schema) if scenario in _WEIGHTS else np.ones(len(pool))
    picked, day = _pick(weights, rows, days, rng)
    window = pool.loc[:, [*schema.features, schema.target]].iloc[picked].reset_index(drop=True)
    if scenario in _REVERSED:
        probability = _reversed_probability(pool, schema)[picked]
        churned = np.where(np.isnan(probability), window[schema.target], rng.random(rows) < probability)
        window[schema.target] = churned.astype("int8")
    if scenario in _DAMAGE:
        _DAMAGE[scenario](window, pool, schema, rng)
    return window.assign(**{DAY: day})


def _pick(weights: np.ndarray, rows: int, days: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    # A small pool gives several copies of one customer. Each belongs to one day only, so that a split of the window by time never
    # judges a model on copies of the rows that taught it.
    belongs = rng.permutation(len(weights)) % days
    day = np.sort(np.arange(rows) % days)
    picked = np.empty(rows, dtype=int)
    for number in range(days):
        candidates = np.flatnonzero(belongs == number)
        share = weights[candidates] / weights[candidates].sum()
        picked[day == number] = rng.choice(candidates, size=int((day == number).sum()), p=share)
    return picked, day


def _leading(pool: pd.DataFrame, schema: Schema) -> str:
    churned = pool[schema.target].to_numpy(dtype="float64")
    return strongest_first(pool, schema.numerical or schema.categorical, churned)[0]


def _followers(pool: pd.DataFrame, schema: Schema, lead: str, among: tuple[str, ...], count: int) -> list[str]:
    """The column `lead` and those that move most with it, `count` in all."""
    others = strongest_first(pool, [name for name in among if name != lead], risk(pool, schema, lead))
    return [lead, *others][:count]


def _lean_to_safety(pool: pd.DataFrame, schema: Schema, lead: str, movers: list[str], strength: float) -> np.ndarray:
    held = [name for name in schema.features if name not in movers]
    return lean(pool, movers, held, -risk(pool, schema, lead), strength)


def _numeric_shift(pool: pd.DataFrame, schema: Schema) -> np.ndarray:
    lead = _strongest(pool, schema, schema.numerical, "numerical")
    return _lean_to_safety(pool, schema, lead, _followers(pool, schema, lead, schema.numerical, 3), _SHIFT)


def _category_mix(pool: pd.DataFrame, schema: Schema) -> np.ndarray:
    lead = _strongest(pool, schema, schema.categorical, "categorical")
    movers = _followers(pool, schema, lead, schema.categorical, len(schema.features) // 5 + 2)
    return _lean_to_safety(pool, schema, lead, movers, _CATEGORY_SHIFT)


def _high_churn(pool: pd.DataFrame, schema: Schema) -> np.ndarray:
    return np.where(pool[schema.target] == 1, _CHURN_ODDS, 1.0)


def _market_movers(pool: pd.DataFrame, schema: Schema) -> list[str]:
    return _followers(pool, schema, _leading(pool, schema), schema.features, 2 * len(schema.features) // 5 + 1)


def _market_shift(pool: pd.DataFrame, schema: Schema) -> np.ndarray:
    return _lean_to_safety(pool, schema, _leading(pool, schema), _market_movers(pool, schema), _SHIFT)


def _reversed_probability(pool: pd.DataFrame, schema: Schema) -> np.ndarray:
    """The new probability of churn of each pool row, NaN where the customer behaves as before."""
    movers = _market_movers(pool, schema)
    apart = [name for name in schema.features if name not in movers]
    churned = pool[schema.target].to_numpy(dtype="float64")
    drawn = riskiest(pool, schema, strongest_first(pool, apart, churned)[0], 1 / 3) if apart else np.ones(len(pool), dtype=bool)
    new = riskiest(pool, schema, _leading(pool, schema), 1 / 2)
    return np.where(drawn, np.where(new, _NEWCOMERS_LEAVE, _SETTLED_LEAVE), np.nan)


def _null_spike(window: pd.DataFrame, pool: pd.DataFrame, schema: Schema, rng: np.random.Generator) -> None:
    name = _strongest(pool, schema, schema.numerical, "numerical")
    window.loc[rng.random(len(window)) < _MISSING_SHARE, name] = np.nan


def _unit_change(window: pd.DataFrame, pool: pd.DataFrame, schema: Schema, rng: np.random.Generator) -> None:
    # Money has cents: where some columns hold mostly fractions, it is one of them.
    fractional = tuple(name for name in schema.numerical if (pool[name].dropna() % 1 != 0).mean() > 0.5)
    window[_strongest(pool, schema, fractional or schema.numerical, "numerical")] *= _CENTS_PER_DOLLAR


def _new_category(window: pd.DataFrame, pool: pd.DataFrame, schema: Schema, rng: np.random.Generator) -> None:
    name = _strongest(pool, schema, schema.categorical, "categorical")
    value = "New"
    while value in set(pool[name]):
        value += " again"
    window.loc[rng.random(len(window)) < _NEW_CATEGORY_SHARE, name] = value


def _strongest(pool: pd.DataFrame, schema: Schema, names: tuple[str, ...], kind: str) -> str:
    if not names:
        raise DataError(f"This scenario changes a {kind} column, and the table has none.", "Choose another scenario, such as high_churn.")
    return strongest_first(pool, names, pool[schema.target].to_numpy(dtype="float64"))[0]


_WEIGHTS: Mapping[str, Callable[[pd.DataFrame, Schema], np.ndarray]] = {
    "numeric_shift": _numeric_shift,
    "category_mix": _category_mix,
    "high_churn": _high_churn,
    "market_shift": _market_shift,
}
_REVERSED = frozenset({"behaviour_change", "market_shift"})
_DAMAGE: Mapping[str, Callable[[pd.DataFrame, pd.DataFrame, Schema, np.random.Generator], None]] = {
    "null_spike": _null_spike,
    "unit_change": _unit_change,
    "new_category": _new_category,
}
