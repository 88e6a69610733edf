"""Answers about what happened and what to do: the cause, the champion, the advice, how sure it is, and what no evidence can say."""

from agent.operators.chat_rulebook.facts import Facts
from agent.operators.chat_rulebook.obstacles import obstacle
from agent.operators.chat_rulebook.recognition import Question
from agent.operators.chat_rulebook.wording import cause_of, named, said, source, words
from pipeline.measures.measure import Measure
from pipeline.words import ACTIONS, CAUSES, action_name
from tools.evidence_pack import EvidencePack


def what_happened(facts: Facts, question: Question) -> str:
    """The cause, with its strongest evidence and the runner-up."""
    found = facts.found
    if found is None:
        return undiagnosed(facts)
    lines = [
        f"**{CAUSES[found.cause].headline}** ({cause_of(found)}{where(found)}, confidence {found.confidence:.2f}). {said(found.said)}{source(facts.diagnosis)}",
        "",
        f"It asks for **{action_name(found.action)}**: {ACTIONS[found.action].means}.",
    ]
    others = [one.said for one in found.findings if one.said and one.said not in found.said]
    lines += [f"- {said(one)}{source(facts.diagnosis)}" for one in others[:4]]
    return "\n".join([*lines, *_runner_up(facts, found)])


def how_the_champion_does(facts: Facts, question: Question) -> str:
    """ROC-AUC on the window's outcomes beside that of acceptance, and whether what happened does harm."""
    found, metrics = facts.found, facts.metrics
    lines = []
    if metrics is None:
        lines.append(f"The champion's metrics are unavailable: {said(facts.refused('get_current_model_metrics') or 'they were not read')}")
    elif metrics.window is None:
        lines.append(
            f"How it does now is unavailable: the window's {metrics.labelled_rows} labelled rows with {metrics.labelled_churners} labelled "
            f"churners are too few. When accepted, ROC-AUC was {measured(metrics.gate.roc_auc)} on the test set{source(metrics)}."
        )
    else:
        now, then = metrics.window.roc_auc, metrics.gate.roc_auc
        lines += [
            _health(now, then, found),
            f"- now: ROC-AUC {measured(now)} on {now.n} labelled rows{source(metrics)}",
            f"- when it was accepted: ROC-AUC {measured(then)} on {then.n} rows of the test set{source(metrics)}",
        ]
    if metrics is not None and metrics.dates:
        lines.append(f"- {said(metrics.dates)}{source(metrics)}")
    if found is not None:
        lines += ["", f"What happened: {cause_of(found)}{where(found)}. {said(found.said)}{source(facts.diagnosis)}"]
    for name in ("measured_performance", "level_change", "estimated_performance"):
        one = facts.finding(name)
        if one is not None and one.said and found is not None and one.said not in found.said:
            lines.append(f"- {said(one.said)}{source(facts.diagnosis)}")
    return "\n".join(lines)


def what_to_do(facts: Facts, question: Question) -> str:
    """The action the diagnosis asks for, and why."""
    found = facts.found
    if found is None:
        return undiagnosed(facts)
    trains = found.action in {"retrain", "recalibrate"}
    asked = "retrain" in question.concepts
    against = obstacle(facts) if trains else None
    lead = ("No. " if found.action != "retrain" else "Not now. " if against else "Yes. ") if asked else ""
    how = f" (mode {words(found.mode)})" if found.mode else ""
    lines = [
        f"{lead}**{action_name(found.action).capitalize()}**{how}: {ACTIONS[found.action].means}.",
        "",
        f"Because of {cause_of(found)}{where(found)}, confidence {found.confidence:.2f}: {said(found.said)}{source(facts.diagnosis)}",
    ]
    if against:
        lines.insert(1, against)
    elif trains and not facts.trainings:
        order = "Recalibrate the model" if found.action == "recalibrate" else "Retrain the model"
        lines += ["", f"“{order}” has a candidate trained once you agree; nothing is deployed by it."]
    return "\n".join([*lines, *_runner_up(facts, found)])


def how_sure(facts: Facts, question: Question) -> str:
    """The confidence, what it means, the runner-up and the blind spots."""
    found = facts.found
    if found is None:
        return undiagnosed(facts)
    return "\n".join(
        [
            f"Confidence {found.confidence:.2f} in {cause_of(found)}{where(found)}: how probable the evidence makes it, weighed as on worlds with a "
            f"known truth{source(facts.diagnosis)}. It rests on this: {said(found.said)}",
            *_runner_up(facts, found),
            *_not_seen(facts, found),
        ]
    )


def what_is_not_seen(facts: Facts, question: Question) -> str:
    """Blind spots, and what would settle the runner-up."""
    found = facts.found
    if found is None or facts.drift is None:
        return undiagnosed(facts)
    return "\n".join(
        [
            f"Outcomes are known for {facts.drift.labelled_rows} labelled rows of the window, of the others they are not{source(facts.drift)}.",
            *(_not_seen(facts, found) or [f"No further blind spot is on record for this window{source(facts.diagnosis)}."]),
            *_runner_up(facts, found),
            "",
            "Single customers, other systems, and why people do what they do cannot be seen here at all.",
        ]
    )


def if_nothing_is_done(facts: Facts, question: Question) -> str:
    """What is known of leaving everything as it is."""
    found = facts.found
    if found is None:
        return undiagnosed(facts)
    lines = [f"{CAUSES[found.cause].idle} It is {cause_of(found)}{where(found)}: {said(found.said)}{source(facts.diagnosis)}"]
    for name in ("score_shift", "measured_performance", "gain_newest", "gain_recent", "gain_combined", "gain_recalibrate"):
        one = facts.finding(name)
        if one is not None and one.said and one.said not in found.said:
            lines.append(f"- {said(one.said)}{source(facts.diagnosis)}")
    lines += ["", "What the coming weeks bring is not known from this window."]
    return "\n".join(lines)


def what_it_is_worth(facts: Facts, question: Question) -> str:
    """Gains that were measured on known outcomes."""
    found = facts.found
    if found is None:
        return undiagnosed(facts)
    gains = [
        one.said for one in found.findings if one.name in {"gain_newest", "gain_recent", "gain_combined", "gain_recalibrate"} and one.said
    ]
    lines = [f"- {said(gain)}{source(facts.diagnosis)}" for gain in gains]
    if found.action == "retrain" and not gains:
        lines = [f"- {said(found.said)}{source(facts.diagnosis)}"]
    if lines:
        return "\n".join(["What another model would have earned, measured on outcomes that are known:", *lines])
    looked = [one for one in found.ruled_out if one.startswith("gain_")]
    if looked:
        return (
            f"No other model was shown to be worth more than the champion on the outcomes that are known: looked for "
            f"{', '.join(words(one.removeprefix('gain_')) for one in looked)}{source(facts.diagnosis)}. What the champion itself earns is unavailable here."
        )
    return f"Unavailable: no gain was measured, as the diagnosis is {cause_of(found)}: {said(found.said)}{source(facts.diagnosis)}"


def which_remedy(facts: Facts, question: Question) -> str:
    """Whether the simpler remedy is enough, by what was tried on held-out outcomes."""
    found = facts.found
    if found is None:
        return undiagnosed(facts)
    gain = facts.finding("gain_recalibrate")
    cite = source(facts.diagnosis)
    if found.action == "recalibrate":
        return f"**Yes, recalibrating is what is asked for**: {said((gain and gain.said) or found.said)}{cite}"
    instead = f"What is asked for is **{action_name(found.action)}**: {ACTIONS[found.action].means}. {said(found.said)}{cite}"
    if gain is not None and gain.said:
        return f"**It helps, but it is not what is asked for**: {said(gain.said)}{cite}\n\n{instead}"
    if "gain_recalibrate" in found.ruled_out:
        return f"**No**: the champion recalibrated was tried on the known outcomes and was not shown to be worth more{cite}.\n\n{instead}"
    return f"**No**: recalibrating was not shown to help here{cite}.\n\n{instead}"


def how_many_leave(facts: Facts, question: Question) -> str:
    """Whether the churn rate moved, as outcomes show it and as scores suggest."""
    found = facts.found
    if found is None or facts.drift is None:
        return undiagnosed(facts)
    measured, estimated = facts.finding("level_change"), facts.finding("prior_estimate")
    cite = source(facts.diagnosis)
    told = [one.said for one in (measured, estimated) if one is not None and one.said]
    if measured is not None:
        lead = f"**Yes, {'more' if measured.strength > 0 else 'fewer'} than before**, by the outcomes:"
    elif told:
        lead = "**The outcomes show no change of the level**; the scores alone suggest one:"
    elif "level_change" in found.ruled_out:
        lead = f"**Not that it shows**: neither outcomes nor scores speak for another churn rate{cite}."
    else:
        lead = f"Unavailable: the level was not measured. The diagnosis is {cause_of(found)}: {said(found.said)}{cite}"
    known = (
        f"{facts.drift.labelled_rows} labelled rows, {facts.drift.labelled_churners} labelled churners in the window{source(facts.drift)}."
    )
    return "\n".join([lead, *(f"- {said(one)}{cite}" for one in told), f"- {known}"])


def undiagnosed(facts: Facts) -> str:
    """What is said where nothing is known of what happened."""
    return f"What happened is unavailable: {said(facts.refused('diagnose') or 'the diagnosis could not be read.')}"


def where(found: EvidencePack) -> str:
    """The column at fault, to go on with; nothing where there is none."""
    return f" in {named(found.column)}" if found.column else ""


def measured(measure: Measure) -> str:
    """A measure with its interval."""
    interval = "" if measure.low is None or measure.high is None else f" (interval {measure.low:.3f} to {measure.high:.3f})"
    return f"{measure.value:.3f}{interval}"


def _health(now: Measure, then: Measure, found: EvidencePack | None) -> str:
    """What two measures come to, given what happened. Intervals that do not meet are a difference that chance hardly makes."""
    cause = None if found is None else found.cause
    if cause == "data_fault":
        return "**Not to be trusted while the data are broken**, whatever the outcomes say."
    if cause == "label_fault":
        return "**Unknown**: the outcomes cannot be trusted."
    if now.high is not None and then.low is not None and now.high < then.low:
        return "**Worse than when it was accepted, by more than chance.**"
    if cause in {"concept_drift", "covariate_harmful"}:
        return "**Wrong about some customers.**"
    if cause == "prior_shift":
        return "**It still ranks customers, but its probabilities are off.**"
    return "**As good as when it was accepted, as far as the outcomes show: no harm is seen.**"


def _runner_up(facts: Facts, found: EvidencePack) -> list[str]:
    if found.runner_up is None:
        return []
    return [
        "",
        f"Next likely: {cause_of(found.runner_up)}. What would settle it: {said(found.runner_up.tell_apart)}{source(facts.diagnosis)}",
    ]


def _not_seen(facts: Facts, found: EvidencePack) -> list[str]:
    return [f"- not to be seen here: {said(spot)}{source(facts.diagnosis)}" for spot in found.blind_spots]
