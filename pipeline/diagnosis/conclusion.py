"""From findings to a diagnosis: every cause weighed, and the action that loses least whichever of them it is."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pipeline.diagnosis.blind_spots import blind_spots
from pipeline.diagnosis.diagnosis import Action, Diagnosis, Rule, RunnerUp
from pipeline.diagnosis.evidence import SOURCES, EvidenceName, evidence_of
from pipeline.diagnosis.finding import Cause, Finding
from pipeline.diagnosis.hypothesis import WHAT_SETTLES, Hypothesis
from pipeline.diagnosis.readings import CauseReading, read_as
from pipeline.diagnosis.ruled_out import ruled_out
from pipeline.diagnosis.seen import Seen
from pipeline.diagnosis.setting import Setting
from pipeline.diagnosis.weighing import Weights, contributions, probable_causes, shipped_weights
from pipeline.workspace.policy import Policy

_SHOWN = 3  # hypotheses
_SENTENCES = 3  # for and against each
_BEHIND_A_FAULT: tuple[Cause, ...] = ("concept_drift", "covariate_harmful")
_TRAINS: tuple[Action, ...] = ("retrain", "recalibrate")
_FAULTS: tuple[Cause, ...] = ("data_fault", "label_fault", "unsure")
_REMEDIED: tuple[Cause, ...] = ("covariate_harmful", "prior_shift", "concept_drift")  # by another model, or another level
_WAITED = 0.25  # of the time that a remedy would have gained in, until more outcomes are known
_CHANGES: tuple[Cause, ...] = ("concept_drift", "covariate_harmful", "prior_shift", "data_fault")
_LIKELY = 0.5  # of the others, from which their change is told
_ONCE_FIXED = "Besides, once that is fixed"
_WHERE: Mapping[Cause, str] = {"unsure": "Besides, among the other customers"}
# Where no finding tells the cause by itself, and several together make it the most probable one.
_UNREAD: Mapping[Cause, tuple[Rule, Action, str]] = {
    "data_fault": ("broken_data", "fix_data", "Several small signs together speak for broken data, none of them by itself."),
    "label_fault": ("untrusted_labels", "collect_labels", "Outcomes miss what is expected in a way that speaks against the outcomes."),
    "concept_drift": ("changed_behaviour", "collect_labels", "Several small signs together speak for customers who behave differently."),
    "covariate_harmful": ("unfamiliar_customers", "collect_labels", "Customers came whom the champion hardly knows."),
    "prior_shift": ("changed_level", "collect_labels", "Several small signs together speak for another churn rate."),
    "covariate_benign": ("moved_harmlessly", "monitor", "The customers moved a little, and nothing shows harm."),
}


def conclude(findings: Sequence[Finding], setting: Setting, policy: Policy, weights: Weights | None = None) -> Diagnosis:
    """Weigh the causes and choose the action of least expected regret. `weights`: the shipped ones unless given."""
    seen, weights = Seen(findings), weights or shipped_weights()
    evidence = evidence_of(seen, setting, policy)
    contacts = next(iter(seen.notable("unlogged_contacts")), None)
    probabilities = _beside_contacts(probable_causes(evidence, weights), contacts)
    told = {cause: p for cause, p in probabilities.items() if p >= policy.diagnosis.told_from}
    first = next(iter(probabilities))
    # What no finding tells may be probable, but proposes nothing, unless it is the most probable of all.
    readings = {cause: reading for cause in told if (reading := read_as(cause, seen, setting, policy))}
    if contacts is not None:
        readings["unsure"] = CauseReading("unlogged_contacts", "unsure", "collect_labels", contacts.said)
    hypotheses = tuple(_hypothesis(cause, p, evidence, weights, seen) for cause, p in list(told.items())[:_SHOWN])
    reading = readings.get(first) or _unread(first, setting, policy, hypotheses)
    readings = {**readings, first: reading}
    # What no check found is nothing to ask people for while no change is the most probable, however much a change would cost.
    quiet = first == "none" and not any(one.notable for one in seen.all)
    chosen = reading if quiet else _least_regret(probabilities, readings, seen, setting, policy)
    besides = _besides(chosen, seen, setting, policy) or _among_the_others(probabilities, seen, setting, policy)
    said = reading.said if chosen.action == reading.action else f"{reading.said} {_instead(chosen, first, probabilities, seen)}"
    said = said if besides is None else f"{said} {_WHERE.get(first, _ONCE_FIXED)}: {besides.said}"
    limit = setting.offers.limit if setting.offers else None
    if limit:
        said = f"{said} {limit}"
        # Whom the campaign reached, nothing is known of: no model can be judged for them.
        chosen = replace(chosen, action="collect_labels", mode=None) if chosen.action in _TRAINS else chosen
    second: Cause = [*probabilities][1]
    unseen = not setting.labels_usable(policy)
    if unseen and chosen.action == "monitor":
        second = "concept_drift"  # what no column shows, and only outcomes could
    return Diagnosis(
        cause=first,
        confidence=round(probabilities[first], 3),
        column=reading.column,
        action=chosen.action,
        mode=chosen.mode,
        rule=reading.rule,
        said=said,
        findings=seen.ranked(first),
        blind_spots=blind_spots(seen, setting, policy),
        runner_up=RunnerUp(cause=second, tell_apart=WHAT_SETTLES[second]),
        without_outcomes=unseen,
        hypotheses=hypotheses,
        also=None if besides is None else besides.cause if first in {"data_fault", "unsure"} else "data_fault",
        then=None if besides is None else besides.action,
        fault_probability=round(_faulty(probabilities), 3),
        ruled_out=ruled_out(findings, policy.evidence),
    )


def _unread(cause: Cause, setting: Setting, policy: Policy, hypotheses: Sequence[Hypothesis] = ()) -> CauseReading:
    rule, action, said = _UNREAD[cause]
    signs = [one.speaks_for[0] for one in hypotheses if one.cause == cause and one.speaks_for]
    said = f"{said} The strongest sign: {signs[0]}" if signs else said
    all_in = setting.trainable(policy) and not setting.outcomes_to_come
    return CauseReading(rule, cause, "monitor" if action == "collect_labels" and all_in and cause != "label_fault" else action, said)


def _least_regret(
    probabilities: Mapping[Cause, float], readings: Mapping[Cause, CauseReading], seen: Seen, setting: Setting, policy: Policy
) -> CauseReading:
    """The reading whose action loses least on average; a training is none of them while faulty data or outcomes are too probable, or a check
    of the outcomes calls them wrong: then no weight of other evidence makes them fit for a training."""
    faulty = _faulty(probabilities) >= policy.diagnosis.training_refused_from or bool(seen.wrong_outcomes)
    # What would be trained for is worth more outcomes, which also tell whether these can be trusted.
    allowed = [replace(one, action="collect_labels", mode=None) if faulty and one.action in _TRAINS else one for one in readings.values()]

    def expected(one: CauseReading) -> float:
        return sum(p * _regret(cause, one.action, seen, policy) for cause, p in probabilities.items())

    return min(allowed, key=expected)


def _regret(cause: Cause, action: Action, seen: Seen, policy: Policy) -> float:
    """Points that an action loses where this is the cause: what is usual, unless outcomes measured what the remedies gain here."""
    usual = policy.diagnosis.regret[cause][action]
    gains = {one.name: one.strength for one in seen.notable("gain_recalibrate", "gain_combined", "gain_recent", "gain_newest")}
    if not gains or cause not in _REMEDIED:
        return usual
    best = max(gains.values())
    if action == "recalibrate" and "gain_recalibrate" in gains:
        return min(usual, best - gains["gain_recalibrate"])
    lost = {"monitor": best, "collect_labels": _WAITED * best}
    return max(usual, lost.get(action, 0.0))


def _besides(chosen: CauseReading, seen: Seen, setting: Setting, policy: Policy) -> CauseReading | None:
    """A second cause beside broken data that are to be fixed: what trusted outcomes show of the rows once repaired, or by a model that never saw
    the columns in question."""
    if chosen.action != "fix_data" or not setting.judged_without or not setting.trainable(policy) or seen.wrong_outcomes:
        return None
    for cause in _BEHIND_A_FAULT:
        reading = read_as(cause, seen, setting, policy)
        # Where the champion ranks plainly worse for another reason than the fault, another model is tried once the rows are whole.
        if reading is not None and seen.notable("measured_performance" if reading.action != "retrain" else "conditional_change"):
            return replace(reading, action="retrain")
    return None


def _beside_contacts(probabilities: Mapping[Cause, float], contacts: Finding | None) -> dict[Cause, float]:
    """The probabilities with that of contacts nobody wrote down, as `unsure`, the most probable first."""
    if contacts is None:
        return {**probabilities}
    found: dict[Cause, float] = {"unsure": contacts.strength, **{cause: p * (1 - contacts.strength) for cause, p in probabilities.items()}}
    return dict(sorted(found.items(), key=lambda pair: -pair[1]))


def _faulty(probabilities: Mapping[Cause, float]) -> float:
    """Probability that nothing may be taught: of faulty data or outcomes, or outcomes of contacted customers."""
    return sum(probabilities.get(cause, 0.0) for cause in _FAULTS)


def _among_the_others(probabilities: Mapping[Cause, float], seen: Seen, setting: Setting, policy: Policy) -> CauseReading | None:
    """What outcomes of the customers below the score of a likely campaign show, where that most likely is a change of their own."""
    contacted = probabilities.get("unsure", 0.0)
    first, second = list(probabilities)[:2]
    if first != "unsure" or second not in _CHANGES or probabilities[second] < _LIKELY * (1.0 - contacted):
        return None
    return read_as(second, seen, setting, policy)


def _instead(chosen: CauseReading, first: Cause, probabilities: Mapping[Cause, float], seen: Seen) -> str:
    """Why another action than that of the most probable cause."""
    if chosen.cause != first:
        return f"It may also be this: {chosen.said}"
    if seen.wrong_outcomes:
        return f"A check calls the outcomes wrong, so more of them come before a training: {seen.wrong_outcomes[0].said}"
    return f"Data or outcomes may be faulty ({_faulty(probabilities):.0%}), so more outcomes come before a training."


def _hypothesis(cause: Cause, p: float, evidence: Mapping[EvidenceName, float], weights: Weights, seen: Seen) -> Hypothesis:
    if cause == "unsure":
        told = tuple(one.said for one in seen.notable("unlogged_contacts"))
        return Hypothesis(cause=cause, probability=round(p, 3), speaks_for=told, settle="A list of the customers who were contacted.")
    added = contributions(evidence, weights, cause)
    pro, contra = [name for name, one in added.items() if one > 0], [name for name, one in reversed(added.items()) if one < 0]
    return Hypothesis(
        cause=cause,
        probability=round(p, 3),
        speaks_for=tuple(said for name in pro if (said := _told(name, seen)))[:_SENTENCES],
        speaks_against=tuple(said for name in contra if (said := _told(name, seen)))[:_SENTENCES],
        settle=WHAT_SETTLES[cause],
    )


def _told(name: EvidenceName, seen: Seen) -> str | None:
    """The sentence of the finding behind a piece of evidence."""
    found = seen.notable(*SOURCES.get(name, ()))
    measured = [one for source in SOURCES.get(name, ()) if (one := seen.measured(source)) is not None]
    return next((one.said for one in (*found, *measured)), None)
