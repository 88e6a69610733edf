"""Findings: single pieces of evidence about what happened to a window, each with its strength and what it argues for."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from pipeline.stored_record import StoredRecord

Cause = Literal["none", "covariate_benign", "covariate_harmful", "prior_shift", "concept_drift", "data_fault", "label_fault", "unsure"]
Family = Literal[
    "data",
    "dependency",
    "moved_alone",
    "support",
    "score",
    "prior",
    "labels",
    "performance",
    "challengers",
    "events",
    "expectations",
    "history",
    "repairs",
    "offers",
]
RepairName = Literal["turned_round", "factor", "shift", "set_missing", "renamed", "exchanged", "left_out", "clipped"]
# What no population does by itself.
DataName = Literal[
    "missing_column",
    "text_in_numbers",
    "all_missing",
    "more_missing",
    "unit_change",
    "sign_flipped",
    "constant",
    "value_spike",
    "clipped",
    "swapped_columns",
    "renamed_category",
    "impossible_values",
    "duplicate_rows",
    "replayed_rows",
    "vanished_category",
    "stopped_feed",
    "expectation_broken",
    "feed_late",
    "too_few_rows",
    "too_many_rows",
]
Name = Literal[
    DataName,
    # dependency, moved alone
    "dependency_lost",
    "moved_alone",
    "rescaled",
    # support
    "population_moved",
    "unsupported_rows",
    "unseen_category",
    "grew_with_time",
    # score, and performance estimated without labels
    "score_shift",
    "estimated_performance",
    # prior estimated without labels
    "prior_estimate",
    "prior_explains",
    # can the labels be trusted?
    "labels_immature",
    "labels_selected",
    "labels_inverted",
    "labels_stopped",
    "labels_redefined",
    # performance on trusted labels
    "measured_performance",
    "level_change",
    "calibration_slope",
    "conditional_change",
    # challengers on held-out recent rows
    "gain_combined",
    "gain_recent",
    "gain_newest",
    "gain_recalibrate",
    # what offers brought, and offers that nobody wrote down
    "offer_effect",
    "unlogged_contacts",
    # what people wrote down
    "known_event",
    # what breaks a declared expectation in too few rows to matter
    "expectation_missed",
    # what people ruled of earlier cases
    "ruled_before",
    # faults undone in memory
    "repair_returns",
    "repair_fails",
]


class Preceding(StoredRecord):
    """An event, and how many `minutes` before a fault it was over, or had begun where it was not. `name` is untrusted text."""

    name: str
    minutes: float


class Finding(StoredRecord):
    """One piece of evidence.

    `strength` is in the unit that `unit` names, measured on `n` rows, with its interval where one is known; `z` is how many standard errors
    it lies from what an unchanged world shows. `column` and `segment` (a column and its value) say where; None means the window as a whole.
    `days` are the first and last one of rows that lie in a span of days. `share` is the share of the window's rows it concerns, 0-1. `said` is one sentence for people: what, how sure, so what.
    `began`: scoring time (UTC) of the first row of a fault that began within the window; `follows`: what happened shortly before.
    `notable`: it passed the policy's threshold. What is not notable is evidence of absence and is kept.
    """

    family: Family
    name: Name
    column: str | None = None
    segment: tuple[str, str] | None = None
    days: tuple[str, str] | None = Field(None, exclude_if=lambda days: days is None)
    began: datetime | None = Field(None, exclude_if=lambda began: began is None)
    follows: tuple[Preceding, ...] = Field((), exclude_if=lambda events: not events)
    strength: float
    unit: str
    n: int
    low: float | None = None
    high: float | None = None
    z: float | None = None
    share: float = 1.0
    notable: bool = True
    argues_for: tuple[Cause, ...] = ()
    argues_against: tuple[Cause, ...] = ()
    said: str
