"""Named changes with a known truth, for any labelled table: what drift, diagnosis and triage are tried on."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import get_args

import numpy as np
import pandas as pd

from pipeline.diagnosis.finding import Cause
from pipeline.errors import DataError
from pipeline.tables.schema import Schema
from pipeline.worlds import arrivals, behaviour, faults, novelties
from pipeline.worlds.change import NOTHING, Change, Numbers, Planner, Pool, Severity

DAY = "_day"
SEVERITIES: tuple[Severity, ...] = get_args(Severity)


@dataclass(frozen=True)
class Scenario:
    """One named change: what it `says` to people, its cause in the words of a diagnosis, and `plan`, which makes it for a table.

    Whether a moved population (`covariate_...`) does harm depends on the table and the model: `truth` is then what is usual.
    """

    name: str
    says: str
    truth: Cause
    plan: Planner


def _nothing(pool: Pool, severity: Severity, rng: np.random.Generator) -> Change:
    return NOTHING


_ALL = (
    Scenario("none", "Nothing changed: new customers like the old ones.", "none", _nothing),
    Scenario("tiny_window", "Nothing changed, and hardly anybody was scored.", "none", arrivals.tiny_window),
    Scenario("harmless_tilt", "Columns that say little about churn moved.", "covariate_benign", arrivals.harmless_tilt),
    Scenario(
        "important_tilt",
        "The column that says most moved; customers of each kind behave as before.",
        "covariate_benign",
        arrivals.important_tilt,
    ),
    Scenario("seasonal_mix", "A season: a quarter of the columns moved, each its own way.", "covariate_benign", arrivals.seasonal_mix),
    Scenario(
        "segment_arrives",
        "Customers of a kind that the reference hardly has became common.",
        "covariate_harmful",
        novelties.segment_arrives,
    ),
    Scenario("category_arrives", "A new offer: some customers changed over to it.", "covariate_benign", novelties.category_arrives),
    Scenario("price_change", "Prices rose or fell by one factor for everybody.", "covariate_benign", novelties.price_change),
    Scenario(
        "prior_shift", "Churners became more or less common; churners and stayers look as before.", "prior_shift", arrivals.prior_shift
    ),
    Scenario(
        "odds_shift", "The same customers; for everybody the odds of leaving moved by one factor.", "prior_shift", behaviour.odds_shift
    ),
    Scenario(
        "segment_concept",
        "In one kind of customers those who used to stay now leave, and the other way round.",
        "concept_drift",
        behaviour.segment_concept,
    ),
    Scenario("drivers_reverse", "What made customers leave now makes them stay.", "concept_drift", behaviour.drivers_reverse),
    Scenario("null_spike", "A part of the most telling numerical column stopped arriving.", "data_fault", faults.null_spike),
    Scenario("unit_change", "An amount arrives in cents instead of dollars.", "data_fault", faults.unit_change),
    Scenario("category_recoded", "The values of a telling categorical column are spelt anew.", "data_fault", faults.category_recoded),
    Scenario("columns_swapped", "Two columns changed places.", "data_fault", faults.columns_swapped),
    Scenario("defaulted", "A default stands where a telling column has values.", "data_fault", faults.defaulted),
    Scenario("clipped", "A telling numerical column is cut off at the top.", "data_fault", faults.clipped),
    Scenario("misaligned_join", "A telling column arrives with the values of other customers.", "data_fault", faults.misaligned_join),
    Scenario("schema_break", "A telling column is gone, or words stand among its numbers.", "data_fault", faults.schema_break),
    Scenario("duplicated_rows", "A join gives some customers twice.", "data_fault", faults.duplicated_rows),
    Scenario("immature_labels", "Outcomes were taken before they were ripe.", "label_fault", faults.immature_labels),
    Scenario(
        "numeric_shift",
        "More customers with the values that settled customers have in numerical columns.",
        "covariate_benign",
        arrivals.numeric_shift,
    ),
    Scenario(
        "category_mix", "The mix of categories moved; customers of each kind behave as before.", "covariate_benign", arrivals.category_mix
    ),
    Scenario("high_churn", "Churners became far more common; churners and stayers look as before.", "prior_shift", arrivals.high_churn),
    Scenario(
        "behaviour_change",
        "The same customers, but in the riskiest group settled customers leave and new ones stay.",
        "concept_drift",
        behaviour.behaviour_change,
    ),
    Scenario(
        "new_category", "A value never seen before fills part of the most telling categorical column.", "data_fault", faults.new_category
    ),
    Scenario(
        "market_shift",
        "A competitor's offer draws settled customers, who make up more of the base by now.",
        "concept_drift",
        behaviour.market_shift,
    ),
)
SCENARIOS: Mapping[str, Scenario] = MappingProxyType({scenario.name: scenario for scenario in _ALL})
KINDS = tuple(SCENARIOS)[:22]  # of the benchmark; the others are variants of these, kept for demonstrations


def scenario_named(name: str) -> Scenario:
    """The scenario of that name.

    Raises:
        DataError: there is none.
    """
    if name not in SCENARIOS:
        raise DataError(f"There is no scenario `{name}`.", f"Choose one of {', '.join(SCENARIOS)}.")
    return SCENARIOS[name]


def draw(
    scenario: str, rows: int, pool: pd.DataFrame, schema: Schema, seed: int, *, days: int = 7, severity: Severity = "strong"
) -> pd.DataFrame:
    """A window of `rows` labelled customers under a scenario: features and target as `typed` returns them, and `_day` (0 to days - 1, sorted).

    `pool` is typed and labelled: held-back rows of the reference, or many generated customers. Rows are drawn with replacement; id and
    time are left out, because a drawn row is a new customer of its day. Rows that share an index label are one customer who came twice.
    The target is what is recorded by now. A window never has more rows than the scenario allows (`tiny_window`).

    Raises:
        DataError: no such scenario, a pool smaller than `days`, or no column of the kind that the scenario needs.
    """
    planned = scenario_named(scenario).plan
    if len(pool) < days:
        raise DataError(f"{len(pool)} customers cannot be spread over {days} days.", "Bring more labelled rows.")
    drawn_from = Pool(pool, schema, pool[schema.target].to_numpy(dtype="float64"))
    # What is changed goes by a generator of its own, so that who is drawn depends on the seed and the weights alone.
    change = planned(drawn_from, severity, np.random.default_rng([seed, 1]))
    rng = np.random.default_rng(seed)
    window, expected, _ = draw_customers(drawn_from, change, min(rows, change.most_rows or rows), days, rng)
    if change.behave is not None:
        window[schema.target] = (rng.random(len(window)) < expected).astype("int8")
    if change.renew is not None:
        window = change.renew(window, rng)
    if change.recorded is not None:
        seen = rng.random(len(window)) < change.recorded(recency(window[DAY].to_numpy(), days))
        window[schema.target] = (window[schema.target].to_numpy() * seen).astype("int8")
    return window if change.damage is None else change.damage(window, rng)


def draw_customers(pool: Pool, change: Change, rows: int, days: int, rng: np.random.Generator) -> tuple[pd.DataFrame, Numbers, Numbers]:
    """Rows of a pool as they come under a change, not yet renewed or damaged: the frame with `_day`, each row's chance of churn, and its
    place in the pool, both shape (rows,)."""
    weights = np.ones(len(pool.frame)) if change.weigh is None else change.weigh(pool.frame, pool.expected)
    expected = pool.expected if change.behave is None else change.behave(pool.frame, pool.expected)
    picked, day = _pick(weights, rows, days, rng)
    frame = pool.frame.loc[:, [*pool.columns.features, pool.columns.target]].iloc[picked].reset_index(drop=True)
    return frame.assign(**{DAY: day}), expected[picked], picked


def recency(day: np.ndarray, days: int) -> Numbers:
    """How late in the window each row came, 0 to 1."""
    return np.asarray(day / max(1, days - 1), dtype=np.float64)


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
