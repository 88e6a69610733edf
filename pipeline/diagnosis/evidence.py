"""Evidence by name, each from 0 (not there) to 1 (as strong as it gets): what findings come to before anybody weighs them.

A finding below its threshold counts for the part of it that was reached, so that two near misses weigh what they weigh.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Literal, get_args

from pipeline.diagnosis.finding import Cause, Finding, Name
from pipeline.diagnosis.seen import Seen
from pipeline.diagnosis.setting import Setting
from pipeline.workspace.policy import Policy

EvidenceName = Literal[
    "schema_broken",
    "values_broken",
    "missing_rose",
    "unit_changed",
    "categories_renamed",
    "columns_swapped",
    "rows_copied",
    "feed_stopped",
    "dependency_lost",
    "column_moved_alone",
    "repair_returns",
    "repair_fails",
    "column_rescaled",
    "population_moved",
    "rows_unlike_the_reference",
    "new_category",
    "scores_shifted",
    "churn_rate_moved_by_scores",
    "one_weight_explains",
    "outcomes_immature",
    "outcomes_selected",
    "outcomes_inverted",
    "outcomes_stopped",
    "churn_redefined",
    "outcomes_still_to_come",
    "ranking_fell",
    "churn_rate_moved",
    "slope_fell",
    "known_customers_changed",
    "new_customers_differ",
    "retraining_gains",
    "recalibration_gains",
    "outcomes_show_no_harm",
    "nothing_found",
    "ruled_a_fault_before",
    "ruled_real_before",
]
EVIDENCE: tuple[EvidenceName, ...] = get_args(EvidenceName)
# What shows a fault by itself: checks of the columns, and repairs that undo what they found. Relations are lost by real changes, too.
OF_FAULTS: tuple[EvidenceName, ...] = (*EVIDENCE[: EVIDENCE.index("dependency_lost")], "repair_returns", "repair_fails")

# Which findings tell it; what outcomes and columns do not show has none.
SOURCES: Mapping[EvidenceName, tuple[Name, ...]] = MappingProxyType(
    {
        "schema_broken": ("missing_column", "text_in_numbers", "all_missing", "constant"),
        "values_broken": ("value_spike", "impossible_values", "clipped", "expectation_broken"),
        "missing_rose": ("more_missing",),
        "unit_changed": ("unit_change", "sign_flipped"),
        "categories_renamed": ("renamed_category", "vanished_category"),
        "columns_swapped": ("swapped_columns",),
        "rows_copied": ("duplicate_rows", "replayed_rows", "too_many_rows"),
        "feed_stopped": ("stopped_feed", "feed_late", "too_few_rows"),
        "dependency_lost": ("dependency_lost",),
        "column_moved_alone": ("moved_alone",),
        "repair_returns": ("repair_returns",),
        "repair_fails": ("repair_fails",),
        "column_rescaled": ("rescaled",),
        "population_moved": ("population_moved",),
        "rows_unlike_the_reference": ("unsupported_rows",),
        "new_category": ("unseen_category",),
        "scores_shifted": ("score_shift",),
        "churn_rate_moved_by_scores": ("prior_estimate",),
        "one_weight_explains": ("prior_explains",),
        "outcomes_immature": ("labels_immature",),
        "outcomes_selected": ("labels_selected",),
        "outcomes_inverted": ("labels_inverted",),
        "outcomes_stopped": ("labels_stopped",),
        "churn_redefined": ("labels_redefined",),
        "outcomes_still_to_come": ("level_change",),
        "ranking_fell": ("measured_performance",),
        "churn_rate_moved": ("level_change",),
        "slope_fell": ("calibration_slope",),
        "known_customers_changed": ("conditional_change",),
        "new_customers_differ": ("conditional_change",),
        "retraining_gains": ("gain_combined", "gain_recent", "gain_newest"),
        "recalibration_gains": ("gain_recalibrate",),
        "ruled_a_fault_before": ("ruled_before",),
        "ruled_real_before": ("ruled_before",),
    }
)
# Findings that a person's declaration makes: nothing of them is chance.
DECLARED: tuple[Name, ...] = ("expectation_broken", "feed_late", "too_few_rows", "too_many_rows")
_HARM: tuple[EvidenceName, ...] = (
    "ranking_fell",
    "churn_rate_moved",
    "slope_fell",
    "known_customers_changed",
    "new_customers_differ",
    "retraining_gains",
    "recalibration_gains",
)
_WHATEVER: tuple[EvidenceName, ...] = (
    *EVIDENCE[: EVIDENCE.index("one_weight_explains")],
    "outcomes_immature",
    "outcomes_selected",
    "outcomes_stopped",
    "churn_redefined",
    "churn_rate_moved",
)
_FAULTS: tuple[Cause, ...] = ("data_fault", "label_fault")

_FULL_Z = 10.0  # standard errors from which more make nothing surer
_FULL_GAIN = 10.0  # points of the maximum campaign profit
_HALF = 0.5  # of full strength, which passing the threshold alone is worth


def evidence_of(seen: Seen, setting: Setting, policy: Policy) -> Mapping[EvidenceName, float]:
    """The strength of every piece of evidence, 0-1."""
    support, performance = policy.evidence.support, policy.evidence.performance
    trusted = setting.labels_usable(policy) and not seen.wrong_outcomes

    def found(name: EvidenceName) -> float:
        """Half for passing the threshold, the rest by the rows it concerns; all of it where a person declared what is broken."""
        hits = seen.notable(*SOURCES[name])
        return (
            1.0
            if any(hit.name in DECLARED for hit in hits)
            else max((_HALF + _HALF * min(1.0, 2 * hit.share) for hit in hits), default=0.0)
        )

    def measured(name: Name, of: Callable[[Finding], float]) -> float:
        one = seen.measured(name)
        return 0.0 if one is None else min(1.0, max(0.0, of(one)))

    def surely(finding: Finding, least: float) -> float:
        """Standard errors of either sign: half of full strength at the threshold `least`, squarely less below it, where chance lies."""
        z = abs(finding.z or 0.0)
        return _HALF + (z - least) / _FULL_Z if finding.notable else _HALF * min(1.0, z / least) ** 2

    rulings = [one for one in seen.all if one.name == "ruled_before"]
    strengths: dict[EvidenceName, float] = {
        "schema_broken": found("schema_broken"),
        "values_broken": found("values_broken"),
        "missing_rose": found("missing_rose"),
        "unit_changed": found("unit_changed"),
        "categories_renamed": found("categories_renamed"),
        "columns_swapped": found("columns_swapped"),
        "rows_copied": found("rows_copied"),
        "feed_stopped": found("feed_stopped"),
        "dependency_lost": measured("dependency_lost", lambda one: _HALF + one.strength),
        "column_moved_alone": found("column_moved_alone"),
        "repair_returns": found("repair_returns"),
        "repair_fails": 0.0 if seen.notable("repair_returns") else found("repair_fails"),
        "column_rescaled": found("column_rescaled"),
        "population_moved": measured(
            "population_moved", lambda one: (one.strength - support.domain_auc) / 0.3 + (0.2 if one.notable else 0.0)
        ),
        "rows_unlike_the_reference": measured("unsupported_rows", lambda one: one.share / 0.4 if one.notable else 0.0),
        "new_category": measured("unseen_category", lambda one: _HALF + one.share),
        "scores_shifted": measured("score_shift", lambda one: one.strength / 0.4 if one.notable else 0.0),
        "churn_rate_moved_by_scores": measured("prior_estimate", lambda one: surely(one, policy.evidence.prior.z)),
        "one_weight_explains": measured("prior_explains", lambda one: one.strength if one.notable else one.strength / 2),
        "outcomes_immature": found("outcomes_immature"),
        "outcomes_selected": found("outcomes_selected"),
        "outcomes_inverted": found("outcomes_inverted"),
        "outcomes_stopped": found("outcomes_stopped"),
        "churn_redefined": float(any(one.name == "labels_redefined" for one in seen.wrong_outcomes)),
        "outcomes_still_to_come": measured(
            "level_change",
            lambda one: surely(one, performance.level_z) * _immaturity(seen, policy) if _missing(one, seen, setting, policy) else 0.0,
        ),
        "ranking_fell": measured("measured_performance", lambda one: 0.0 if (one.z or 0.0) > 0 else surely(one, performance.auc_z)),
        "churn_rate_moved": measured("level_change", lambda one: surely(one, performance.level_z)),
        "slope_fell": measured("calibration_slope", lambda one: 0.0 if (one.z or 0.0) > 0 else surely(one, performance.slope_z)),
        "known_customers_changed": _segment(seen, "concept_drift"),
        "new_customers_differ": _segment(seen, "covariate_harmful"),
        "retraining_gains": max(
            measured(name, lambda one: one.strength / _FULL_GAIN + 0.2 if one.notable else 0.0)
            for name in ("gain_combined", "gain_recent", "gain_newest")
        ),
        "recalibration_gains": measured("gain_recalibrate", lambda one: one.strength / _FULL_GAIN + 0.2 if one.notable else 0.0),
    }
    ruled = [one for one in rulings if one.column in _suspects(seen)]
    strengths["ruled_a_fault_before"] = float(any(one.argues_for[0] in _FAULTS for one in ruled))
    strengths["ruled_real_before"] = float(any(one.argues_for[0] not in _FAULTS for one in ruled))
    strengths["outcomes_show_no_harm"] = max(0.0, 1.0 - max(strengths[name] for name in _HARM)) if trusted else 0.0
    strengths["nothing_found"] = max(0.0, 1.0 - max(strengths[name] for name in _WHATEVER))
    return strengths


def _missing(level: Finding, seen: Seen, setting: Setting, policy: Policy) -> bool:
    """Whether there are fewer churners than expected, though the customers look no less likely to churn, and not all outcomes are in."""
    prior = seen.measured("prior_estimate")
    agrees = prior is not None and (prior.z or 0.0) < -policy.evidence.performance.level_z_agreed
    return (level.z or 0.0) < 0 and not agrees and setting.outcomes_to_come and not setting.by_list


def _immaturity(seen: Seen, policy: Policy) -> float:
    """How far churn that rises with the age of the labels, as it does while they mature, could explain what is missing, 0-1; 1 where nobody can tell."""
    one = seen.measured("labels_immature")
    if one is None or one.notable:
        return 1.0
    return min(1.0, max(0.0, one.z or 0.0) / policy.evidence.labels.age_z)


def _suspects(seen: Seen) -> set[str]:
    """Columns that something here calls broken."""
    return {one.column for one in seen.all if one.notable and one.column and "data_fault" in one.argues_for and one.family != "history"}


def _segment(seen: Seen, cause: str) -> float:
    hits = [one for one in seen.notable("conditional_change") if cause in one.argues_for]
    return max((min(1.0, _HALF + abs(one.z or 0.0) / (2 * _FULL_Z)) for one in hits), default=0.0)
