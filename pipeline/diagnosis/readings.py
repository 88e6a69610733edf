"""What each cause would mean here: which finding tells it, which column it concerns, and what to do about it if it is the one.

How probable it is, `weighing` tells. Thresholds are in the policy, `[evidence]` and `[training]`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pipeline.diagnosis.diagnosis import Action, Mode, Rule
from pipeline.diagnosis.finding import Cause, Finding, Name
from pipeline.diagnosis.seen import Seen
from pipeline.diagnosis.setting import Setting
from pipeline.words import rows_of_customers
from pipeline.workspace.policy import Policy

_MODES: Mapping[Name, Mode] = {"gain_combined": "combined", "gain_recent": "recent", "gain_newest": "newest"}


@dataclass(frozen=True)
class CauseReading:
    """A cause as the findings would have it. `rule` names the kind of evidence that tells it most clearly."""

    rule: Rule
    cause: Cause
    action: Action
    said: str
    column: str | None = None
    mode: Mode | None = None


def _broken_data(seen: Seen, setting: Setting, policy: Policy) -> CauseReading | None:
    # What a person declared is said before what statistics suspect.
    if declared := seen.notable("expectation_broken"):
        return _fault("broken_data", [*declared, *(one for one in seen.family("data") if one not in declared)])
    if feed := seen.notable("feed_late", "too_few_rows", "too_many_rows"):
        said = f"{feed[0].said} Ask the owner of the feed before anything rests on these rows."
        return CauseReading("broken_data", "data_fault", "fix_data", said)
    return _fault("broken_data", seen.family("data"))


def _lost_dependency(seen: Seen, setting: Setting, policy: Policy) -> CauseReading | None:
    return _fault("lost_dependency", seen.notable("dependency_lost"))


def _moved_alone(seen: Seen, setting: Setting, policy: Policy) -> CauseReading | None:
    return _fault("moved_alone", seen.notable("moved_alone"))


def _fault(rule: Rule, found: Sequence[Finding]) -> CauseReading | None:
    if not found:
        return None
    worst = found[0]
    others = len({finding.column for finding in found} - {worst.column})
    more = f" {others} more columns are affected." if others > 1 else " One more column is affected." if others else ""
    return CauseReading(rule, "data_fault", "fix_data", f"{worst.said}{more} No model trained on these rows can be trusted.", worst.column)


def _untrusted_labels(seen: Seen, setting: Setting, policy: Policy) -> CauseReading | None:
    # What says since when comes first: it names whom to ask, and most of the rest follows from it.
    wrong = seen.wrong_outcomes
    found = [one for one in wrong if one.name in ("labels_stopped", "labels_redefined")] or wrong
    if not found:
        return None
    said = f"{found[0].said} Neither a verdict nor a model can rest on them yet."
    return CauseReading("untrusted_labels", "label_fault", "collect_labels", said, found[0].column)


def _changed_behaviour(seen: Seen, setting: Setting, policy: Policy) -> CauseReading | None:
    found = [one for one in seen.notable("conditional_change", "calibration_slope") if "concept_drift" in one.argues_for]
    found = found or [*seen.notable("measured_performance", "gain_newest", "gain_recent", "gain_combined")]
    return _remedy("changed_behaviour", "concept_drift", found[0], seen, setting, policy) if found else None


def _changed_without_labels(seen: Seen, setting: Setting, policy: Policy) -> CauseReading | None:
    """New prices may be resented: how probable that is decides whether to ask for outcomes."""
    prices = seen.notable("rescaled")
    if setting.labels_usable(policy) or not prices:
        return None
    said = f"{prices[0].said} Whether customers resent it, only outcomes tell: a small random sample is enough to begin with."
    return CauseReading("changed_behaviour", "concept_drift", "collect_labels", said, prices[0].column)


def _unfamiliar_customers(seen: Seen, setting: Setting, policy: Policy) -> CauseReading | None:
    found = [one for one in seen.notable("conditional_change", "calibration_slope") if "covariate_harmful" in one.argues_for]
    gained = seen.notable("gain_combined", "gain_recent", "gain_newest")
    moved = seen.notable("unsupported_rows", "unseen_category", "population_moved")
    if not found and gained and moved:
        found = [*moved]
    return _remedy("unfamiliar_customers", "covariate_harmful", found[0], seen, setting, policy) if found else None


def _remedy(rule: Rule, cause: Cause, why: Finding, seen: Seen, setting: Setting, policy: Policy) -> CauseReading:
    """What to do about a champion that is wrong about some customers: what showed its worth on held-out recent rows, else people, now."""
    column = why.column
    if gained := seen.notable("gain_newest") or seen.notable("gain_recent") or seen.notable("gain_combined"):
        mode = _MODES[gained[0].name]
        if setting.trainable(policy):
            return CauseReading(rule, cause, "retrain", " ".join(dict.fromkeys((why.said, gained[0].said))), column, mode)
    gained = seen.notable("gain_recalibrate") if setting.trainable(policy) else ()
    # Of customers whom nobody knew, a level is most of what there is to learn yet. Of known ones who behave otherwise, outcomes to come tell more.
    if not setting.trainable(policy) or (setting.outcomes_to_come and not (gained and cause == "covariate_harmful")):
        return CauseReading(
            rule, cause, "collect_labels", f"{why.said} Too few outcomes are known to show that another model does better.", column
        )
    if gained:
        return CauseReading(rule, cause, "recalibrate", f"{why.said} {gained[0].said}", column, "recalibrate")
    if harm := seen.notable("measured_performance"):
        return CauseReading(rule, cause, "collect_labels", f"{harm[0].said} {_stop(why)}", column)
    return CauseReading(rule, cause, "monitor", f"{why.said} No other model was shown to be worth more.", column)


def _stop(why: Finding) -> str:
    """What to stop until there is a remedy, and what would help to find one."""
    whom = "" if why.segment is None else f", first of all for customers with `{why.segment[0]}` {why.segment[1]}"
    return (
        f"No other model was shown to be worth more, so this needs people now: stop acting on its scores{whom}. The outcomes of the newest "
        "customers would show whether a model of them alone does better."
    )


def _changed_level(seen: Seen, setting: Setting, policy: Policy) -> CauseReading | None:
    rules = policy.evidence.performance
    level, prior = seen.measured("level_change"), seen.measured("prior_estimate")
    if level is None or level.z is None:
        return None
    agreed = prior is not None and prior.z is not None and prior.z * level.z > 0
    # Labels and scores are two witnesses of one rate: together they may show what neither shows alone.
    together = 0.0 if prior is None or prior.z is None or not agreed else (abs(level.z) + abs(prior.z)) / 2**0.5
    if not level.notable and not (abs(level.z) > rules.level_z_agreed and together > rules.level_z):
        return None
    if level.z < 0 and not (agreed and together > rules.level_z) and setting.outcomes_to_come and not setting.by_list:
        said = f"{level.said} The customers look no less likely to churn: either the outcomes are not all in yet, or everyone stays more often."
        return CauseReading("conflict", "prior_shift", "collect_labels", said)
    if not setting.trainable(policy):
        return CauseReading("changed_level", "prior_shift", "collect_labels", f"{level.said} Too few outcomes are known to recalibrate by.")
    return CauseReading("changed_level", "prior_shift", "recalibrate", level.said, mode="recalibrate")


def _unfamiliar_without_labels(seen: Seen, setting: Setting, policy: Policy) -> CauseReading | None:
    if setting.labels_usable(policy):
        return None
    unseen, unsupported, moved = seen.notable("unseen_category"), seen.notable("unsupported_rows"), seen.notable("population_moved")
    if not unseen and not (unsupported and moved):
        return None
    if seen.notable("rescaled") and not unseen:
        return None  # a price list moves everyone a little out of the reference's range
    why = (unseen or unsupported)[0]
    return CauseReading("unfamiliar_without_labels", "covariate_harmful", "collect_labels", why.said, why.column)


def _changed_prior(seen: Seen, setting: Setting, policy: Policy) -> CauseReading | None:
    estimate, explains = seen.notable("prior_estimate"), seen.notable("prior_explains")
    if setting.labels_usable(policy) or not estimate:
        return None
    why = explains[0].said if explains else "Whether it is the level or the mix of customers that moved, only outcomes tell."
    said = f"{estimate[0].said} {why} Outcomes are needed to recalibrate by, and to see that it helps."
    return CauseReading("changed_prior", "prior_shift", "collect_labels", said)


def _moved_harmlessly(seen: Seen, setting: Setting, policy: Policy) -> CauseReading | None:
    found = seen.notable("rescaled", "population_moved", "unsupported_rows", "unseen_category", "score_shift")
    if not found:
        return None
    why = (seen.notable("rescaled") or found)[0]
    shown = "and the outcomes show no harm" if setting.labels_usable(policy) else "and nothing shows harm, which takes outcomes to rule out"
    said = f"{why.said} The population moved, {shown}."
    shift = seen.measured("score_shift")
    if setting.scored_again and shift is not None and shift.z is not None and shift.z < 0:
        said += " Churners leave an active base: it turns loyal and its scores fall without any other cause."
    return CauseReading("moved_harmlessly", "covariate_benign", "monitor", said, why.column)


def _nothing(seen: Seen, setting: Setting, policy: Policy) -> CauseReading | None:
    rows = rows_of_customers(setting.rows, setting.customers)
    said = f"Nothing in {rows} speaks for a change."
    if setting.everyone < policy.drift.min_rows:
        said = f"{rows} are fewer than the {policy.drift.min_rows:,} that a verdict takes; only very large changes would show."
    return CauseReading("nothing", "none", "monitor", said)


_BY_CAUSE: Mapping[Cause, tuple[Callable[[Seen, Setting, Policy], CauseReading | None], ...]] = {
    "data_fault": (_broken_data, _lost_dependency, _moved_alone),
    "label_fault": (_untrusted_labels,),
    "concept_drift": (_changed_behaviour, _changed_without_labels),
    "covariate_harmful": (_unfamiliar_customers, _unfamiliar_without_labels),
    "prior_shift": (_changed_level, _changed_prior),
    "covariate_benign": (_moved_harmlessly,),
    "none": (_nothing,),
}


def read_as(cause: Cause, seen: Seen, setting: Setting, policy: Policy) -> CauseReading | None:
    """What the findings say of this cause; None where none of them tells it."""
    return next((reading for rule in _BY_CAUSE.get(cause, ()) if (reading := rule(seen, setting, policy)) is not None), None)
