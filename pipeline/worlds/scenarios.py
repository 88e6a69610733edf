"""Named changes with a known truth, for any labelled table: what drift, diagnosis and triage are tried on."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import get_args

import numpy as np
import pandas as pd

from pipeline.diagnosis.finding import Cause
from pipeline.errors import DataError
from pipeline.worlds import (
    arrivals,
    behaviour,
    distortions,
    faults,
    novelties,
    onsets,
    outcome_records,
    recordings,
    sources,
    tariffs,
    two_causes,
)
from pipeline.worlds.change import Change, Numbers, Planner, Pool, Severity

DAY = "_day"
SEVERITIES: tuple[Severity, ...] = get_args(Severity)


@dataclass(frozen=True)
class Scenario:
    """One named change: `plan` makes it for a table and gives it its name; its cause in the words of a diagnosis, and what it `says` to people.

    Whether a moved population (`covariate_...`) does harm depends on the table and the model: `truth` is then what is usual. `also` is a
    second cause, where two come at once. `own_reference`: the reference differs too, so that no other kind can share its champion.
    """

    plan: Planner
    truth: Cause
    says: str
    also: Cause | None = None
    own_reference: bool = False

    @property
    def name(self) -> str:
        return self.plan.__name__


def none(pool: Pool, severity: Severity, rng: np.random.Generator) -> Change:
    """Nothing changes."""
    return Change()


_ALL = (
    Scenario(none, "none", "Nothing changed: new customers like the old ones."),
    Scenario(arrivals.tiny_window, "none", "Nothing changed, and hardly anybody was scored."),
    Scenario(arrivals.harmless_tilt, "covariate_benign", "Columns that say little about churn moved."),
    Scenario(arrivals.important_tilt, "covariate_benign", "The column that says most moved; customers of each kind behave as before."),
    Scenario(arrivals.seasonal_mix, "covariate_benign", "A season: a quarter of the columns moved, each its own way."),
    Scenario(
        novelties.segment_arrives,
        "covariate_harmful",
        "Customers of a kind that the reference hardly has became common.",
        own_reference=True,
    ),
    Scenario(novelties.category_arrives, "covariate_benign", "A new offer: some customers changed over to it."),
    Scenario(novelties.price_change, "covariate_benign", "Prices rose or fell by one factor for everybody."),
    Scenario(arrivals.prior_shift, "prior_shift", "Churners became more or less common; churners and stayers look as before."),
    Scenario(behaviour.odds_shift, "prior_shift", "The same customers; for everybody the odds of leaving moved by one factor."),
    Scenario(
        behaviour.segment_concept, "concept_drift", "In one kind of customers those who used to stay now leave, and the other way round."
    ),
    Scenario(behaviour.drivers_reverse, "concept_drift", "What made customers leave now makes them stay."),
    Scenario(faults.null_spike, "data_fault", "A part of the most telling numerical column stopped arriving."),
    Scenario(faults.unit_change, "data_fault", "An amount arrives in cents instead of dollars."),
    Scenario(faults.category_recoded, "data_fault", "The values of a telling categorical column are spelt anew."),
    Scenario(faults.columns_swapped, "data_fault", "Two columns changed places."),
    Scenario(faults.defaulted, "data_fault", "A default stands where a telling column has values."),
    Scenario(faults.clipped, "data_fault", "A telling numerical column is cut off at the top."),
    Scenario(faults.misaligned_join, "data_fault", "A telling column arrives with the values of other customers."),
    Scenario(faults.schema_break, "data_fault", "A telling column is gone, or words stand among its numbers."),
    Scenario(faults.duplicated_rows, "data_fault", "A join gives some customers twice."),
    Scenario(faults.immature_labels, "label_fault", "Outcomes were taken before they had matured."),
    Scenario(
        arrivals.numeric_shift, "covariate_benign", "More customers with the values that settled customers have in numerical columns."
    ),
    Scenario(arrivals.category_mix, "covariate_benign", "The mix of categories moved; customers of each kind behave as before."),
    Scenario(arrivals.high_churn, "prior_shift", "Churners became far more common; churners and stayers look as before."),
    Scenario(
        behaviour.behaviour_change,
        "concept_drift",
        "The same customers, but in the riskiest group settled customers leave and new ones stay.",
    ),
    Scenario(faults.new_category, "data_fault", "A value never seen before fills part of the most telling categorical column."),
    Scenario(behaviour.market_shift, "concept_drift", "A competitor's offer draws settled customers, who make up more of the base by now."),
)
_PLANTED = (
    Scenario(distortions.number_offset, "data_fault", "A constant is added to a telling number."),
    Scenario(distortions.sign_flipped, "data_fault", "A telling number arrives with its sign turned round."),
    Scenario(distortions.mean_imputed, "data_fault", "A share of a telling number is filled with its mean, and nobody says so."),
    Scenario(distortions.noisy_number, "data_fault", "A telling number is measured with noise."),
    Scenario(sources.version_renames, "data_fault", "A third of the rows, those of a new version of the app, send renamed categories."),
    Scenario(sources.feed_missing, "data_fault", "One source feed is missing: its customers do not arrive."),
    Scenario(sources.replayed_batch, "data_fault", "Old rows of the reference are sent again."),
    Scenario(outcome_records.outcomes_flipped, "label_fault", "Outcomes are turned upside down: all of them, or a third."),
    Scenario(
        outcome_records.contacted_only, "label_fault", "Outcomes of contacted customers alone are known; the offer kept some of them."
    ),
    Scenario(
        two_causes.missing_and_reversal,
        "data_fault",
        "A column that says little lost values, and what made customers leave now makes them stay.",
        also="concept_drift",
    ),
    Scenario(
        two_causes.prior_and_tilt,
        "prior_shift",
        "Churners became more or less common, and columns that say little moved.",
        also="covariate_benign",
    ),
    Scenario(onsets.reversal_half_way, "concept_drift", "From the middle of the window on, what made customers leave makes them stay."),
)
_NATURAL = (
    Scenario(onsets.gradual_reversal, "concept_drift", "Day by day more customers do the opposite of what such customers did."),
    Scenario(onsets.recurring_change, "concept_drift", "What was so in a part of the reference is so again.", own_reference=True),
    Scenario(tariffs.tariff_per_plan, "covariate_benign", "Every plan got a new price, and people put up with it."),
    Scenario(tariffs.tariff_resented, "concept_drift", "Every plan got a new price, and customers leave where it rose."),
    Scenario(tariffs.price_rise_resented, "concept_drift", "All prices rose, and who paid much already leaves."),
    Scenario(
        recordings.recorded_differently, "covariate_benign", "A telling number was defined anew and counts a part of what it counted."
    ),
    Scenario(recordings.seasonal_usage, "covariate_benign", "A season: numbers rise, for each customer by a factor of their own."),
    Scenario(recordings.bot_rows, "data_fault", "Some rows are no customers: test accounts, every column filled by itself."),
    Scenario(
        two_causes.unit_and_segment,
        "data_fault",
        "An amount arrives in another unit, and in a large group those who used to stay now leave.",
        also="concept_drift",
    ),
    Scenario(behaviour.campaign_effect, "concept_drift", "An offer to the customers at highest risk works: most of them stay."),
    Scenario(behaviour.driver_fades, "concept_drift", "The strongest reason to leave ceases to be one."),
    Scenario(arrivals.intake_stops, "covariate_benign", "No customers of one kind are taken on any more."),
    Scenario(recordings.offer_withdrawn, "covariate_benign", "An offer was closed, and its customers were moved to another."),
)
SCENARIOS: Mapping[str, Scenario] = MappingProxyType({scenario.name: scenario for scenario in (*_ALL, *_PLANTED, *_NATURAL)})
KINDS = tuple(SCENARIOS)[:22]  # of the benchmark, whose figures are compared; the rest of `_ALL` are variants of these, for demonstrations
PLANTED_KINDS = tuple(scenario.name for scenario in _PLANTED)
NATURAL_KINDS = tuple(scenario.name for scenario in _NATURAL)
ALL_KINDS = (*KINDS, *PLANTED_KINDS, *NATURAL_KINDS)
WEAK_KINDS = (  # where the rules are known to be weak: mixtures, rows that are no customers, numbers counted otherwise, outcomes turned round, slow and natural changes
    "missing_and_reversal",
    "prior_and_tilt",
    "unit_and_segment",
    "bot_rows",
    "recorded_differently",
    "outcomes_flipped",
    "gradual_reversal",
    "campaign_effect",
)


def scenario_named(name: str) -> Scenario:
    """The scenario of that name.

    Raises:
        DataError: there is none.
    """
    if name not in SCENARIOS:
        raise DataError(f"There is no scenario `{name}`.", f"Choose one of {', '.join(SCENARIOS)}.")
    return SCENARIOS[name]


def number_of(kind: str) -> int:
    """The number of a kind of the benchmark. What is drawn for it depends on that, so a new kind goes to the end of its list."""
    return ALL_KINDS.index(kind)


def draw_customers(pool: Pool, change: Change, rows: int, days: int, rng: np.random.Generator) -> tuple[pd.DataFrame, Numbers, Numbers]:
    """Rows of a pool as they come under a change, not yet renewed or damaged: the frame with `_day`, each row's chance of churn, and its
    place in the pool, both shape (rows,). Drawn with replacement."""
    picked, day = _pick(change.weights(pool), rows, days, rng)
    return rows_at(pool, picked, day), change.chances(pool, picked, recency(day, days)), picked


def rows_at(pool: Pool, places: np.ndarray, day: np.ndarray) -> pd.DataFrame:
    """Features and target of the customers at these places of a pool, numbered anew, each with its `_day`."""
    frame = pool.frame.loc[:, [*pool.columns.features, pool.columns.target]].iloc[places].reset_index(drop=True)
    return frame.assign(**{DAY: day})


def recency(day: np.ndarray, days: int) -> Numbers:
    """How late in the window each row came, 0 to 1."""
    return np.asarray(day / max(1, days - 1), dtype=np.float64)


def _pick(weights: np.ndarray, rows: int, days: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    # A small pool gives several copies of one customer. Each belongs to one day only, so that a split of the window by time never
    # judges a model on copies of its training rows.
    belongs = rng.permutation(len(weights)) % days
    day = np.sort(np.arange(rows) % days)
    picked = np.empty(rows, dtype=int)
    for number in range(days):
        candidates = np.flatnonzero(belongs == number)
        share = weights[candidates] / weights[candidates].sum()
        picked[day == number] = rng.choice(candidates, size=int((day == number).sum()), p=share)
    return picked, day
