"""Answers about what moved: the window, its features one by one, and whether a column is broken."""

from typing import get_args

from agent.operators.chat_rulebook.answers_on_cause import undiagnosed
from agent.operators.chat_rulebook.facts import Facts
from agent.operators.chat_rulebook.feature_lines import by_segment, closely
from agent.operators.chat_rulebook.named_times import ends_early
from agent.operators.chat_rulebook.recognition import Question
from agent.operators.chat_rulebook.wording import cause_of, named, said, source
from pipeline.diagnosis.finding import DataName, Name
from pipeline.drift.summary import FeatureDrift
from reports.markdown_cells import cell, score

_LISTED = 12  # features in one answer; more would not be read
_DATA: frozenset[Name] = frozenset({*get_args(DataName), "dependency_lost", "moved_alone"})


def what_moved(facts: Facts, question: Question) -> str:
    """What drifted, most first, and what it comes to."""
    assert facts.drift is not None
    drift, cite = facts.drift.drift, source(facts.drift)
    if drift.share is None:
        return f"There is no verdict on drift: the window's {drift.current_rows} rows are too few for one{cite}."
    moved = [one for one in drift.features if one.drifted or one.calibrated]
    moved.sort(key=lambda one: one.moved_share, reverse=True)
    lines = [f"**{drift.drifted} of {drift.features_total} features drifted**, a share of {drift.share:.1%}{cite}. {_spanned(facts)}"]
    if not moved:
        lines[0] = f"**Nothing drifted.** {lines[0]}"
    if moved:
        lines.append("Most moved first, told by how many of the rows, or more, have other values now:")
    lines += [_move(one) for one in moved[:_LISTED]]
    if len(moved) > _LISTED:
        lines.append("- and others, which moved less; ask for one by its name")
    lines += [f"- {said(one.said)}" for one in drift.findings]
    if facts.found is not None:
        lines.append(f"\nWhat happened: **{cause_of(facts.found)}**. {said(facts.found.said)}{source(facts.diagnosis)}")
    if "days" in question.concepts:
        lines.append(
            "\nThis compares the whole window with the reference, not with the days before: from which day on something moved, a single feature "
            "shows day by day (“tenure by day”, with your feature's name). Another window: `/window`."
        )
    return "\n".join(lines)


def one_feature(facts: Facts, question: Question) -> str:
    """One feature from near, with what the diagnosis has on it."""
    feature = question.features[0]
    lines = [_verdict(facts, feature)]
    by = question.features[1] if len(question.features) > 1 else None
    seen = facts.views.get((feature, by))
    if seen is None:
        lines.append(f"A closer look is unavailable: {said(facts.refused('inspect_feature') or 'it could not be read.')}")
    else:
        lines += closely(seen, days=bool({"days", "each"} & question.concepts))
    lines += _evidence(facts, feature)
    return "\n".join(lines)


def broken_or_real(facts: Facts, question: Question) -> str:
    """Whether a column is broken or the world changed."""
    feature, found = question.features[0], facts.found
    if found is None:
        return undiagnosed(facts)
    own = [one for one in facts.findings if one.column == feature]
    faults = [one for one in own if one.name in _DATA]
    cite = source(facts.diagnosis)
    if faults or (found.cause == "data_fault" and found.column == feature):
        told = faults[0].said if faults and faults[0].said else found.said
        lines = [
            f"**{named(feature)} is broken**, as far as the data show: {said(told)}{cite}",
            "",
            f"To do: **fix data**, with confidence {found.confidence:.2f}: ask whoever owns the feed whether the column means what it meant.",
        ]
    elif rescaled := next((one for one in own if one.name == "rescaled"), None):
        lines = [f"**It looks like new prices, not like broken data**: {said(rescaled.said or found.said)}{cite}"]
    else:
        lines = [f"**Nothing speaks for a fault in {named(feature)}**{cite}.", _verdict(facts, feature)]
        if found.cause == "data_fault":
            lines.append(f"But the data are broken elsewhere: {said(found.said)}{cite}")
        lines += [f"Not to be seen: {said(spot)}" for spot in found.blind_spots if f"`{feature}`" in spot]
    return "\n".join(lines)


def data_faults(facts: Facts, question: Question) -> str:
    """Whether the data are broken, and where."""
    found, cite = facts.found, source(facts.diagnosis)
    if found is None or facts.drift is None:
        return undiagnosed(facts)
    faults = [one for one in facts.findings if one.name in _DATA and one.said]
    odd = [f"- {said(one.said)}{source(facts.drift)}" for one in facts.drift.drift.findings]
    if found.cause == "data_fault":
        lines = [f"**Yes, the data are broken**: {said(found.said)} To do: **fix data**{cite}."]
        lines += [f"- {said(one.said or '')}{cite}" for one in faults[1:]]
    elif found.cause == "label_fault":
        lines = [f"**The outcomes cannot be trusted**: {said(found.said)} To do: **collect labels**{cite}."]
    else:
        lines = [
            f"**No fault of the data was found**. The window's diagnosis is {cause_of(found)}: {said(found.said)}{cite}",
            *(f"- not to be seen: {said(spot)}{cite}" for spot in found.blind_spots),
        ]
    return "\n".join([*lines, *odd])


def who_is_affected(facts: Facts, question: Question) -> str:
    """Which part of the customers it concerns; single ones are never shown."""
    found, drift = facts.found, facts.drift
    if found is None or drift is None:
        return undiagnosed(facts)
    lines = ["Single customers are never shown here, so I cannot name them; kinds of customers I can."]
    feature = question.features[0] if question.features else found.column
    if feature is None:
        if found.cause == "none":
            return "\n".join([*lines, "", f"No kind stands out: {said(found.said)}{source(facts.diagnosis)}"])
        lines += ["", f"No one column holds it: {said(found.said)}{source(facts.diagnosis)}"]
        moved = sorted((one for one in drift.drift.features if one.drifted), key=lambda one: one.moved_share, reverse=True)
        return "\n".join([*lines, *(_move(one) for one in moved[:_LISTED]), *([source(drift).strip()] if moved else [])])
    entry = _entry(facts, feature)
    if entry is not None and entry.drifted:
        lines += [
            "",
            f"{named(feature)} moved {entry.moved_share:.1%}{source(drift)}: so many customers, or more, have another value than they had.",
        ]
    lines += ["", *_evidence(facts, feature)]
    if found.column == feature and not _evidence(facts, feature):
        lines.append(f"- {said(found.said)}{source(facts.diagnosis)}")
    if (seen := facts.views.get((feature, None))) is not None:
        lines += ["", *by_segment(seen)]
    return "\n".join(lines)


def the_window(facts: Facts, question: Question) -> str:
    """What is looked at, and how many outcomes are known."""
    assert facts.drift is not None
    return (
        f"{_spanned(facts)}\n\nOutcomes: {facts.drift.labelled_rows} labelled rows, {facts.drift.labelled_churners} labelled churners"
        f"{source(facts.drift)}.{f' {said(facts.drift.dates)}' if facts.drift.dates else ''} Another window: `/window`."
    )


def _spanned(facts: Facts) -> str:
    assert facts.drift is not None
    drift = facts.drift.drift
    span = "" if drift.since is None or drift.until is None else f", {drift.since:%Y-%m-%d} to {drift.until:%Y-%m-%d}"
    return f"Drift is measured on {drift.current_rows} rows of the window{span}, against {drift.reference_rows} rows of the reference{source(facts.drift)}.{f' {ended}' if (ended := ends_early(facts)) else ''}"


def _entry(facts: Facts, feature: str) -> FeatureDrift | None:
    return None if facts.drift is None else next((one for one in facts.drift.drift.features if one.name == feature), None)


def _move(one: FeatureDrift) -> str:
    why = "" if one.drifted else "; significant, though below the threshold that counts as drift"
    return f"- {named(one.name)} moved {one.moved_share:.1%}: {cell(one.change)}{why}"


def _verdict(facts: Facts, feature: str) -> str:
    entry = _entry(facts, feature)
    if entry is None:
        return f"A drift score of {named(feature)} is unavailable: it has none in this window."
    verdict = (
        "**drifted**" if entry.drifted else "moved significantly, below the threshold of drift" if entry.calibrated else "did not drift"
    )
    return (
        f"{named(feature)} {verdict}: {cell(entry.change)}.\nThe drift score of {named(feature)} is {score(entry)}, by {cell(entry.method)}"
        f"{source(facts.drift)}."
    )


def _evidence(facts: Facts, feature: str) -> list[str]:
    return [f"- {said(one.said)}{source(facts.diagnosis)}" for one in facts.findings if one.column == feature and one.said]
