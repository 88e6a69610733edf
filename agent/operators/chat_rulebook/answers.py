"""Answers from tool results, by kind of question. Nothing from data is markup in them, and every number says which call it is from."""

import re
from collections.abc import Callable, Iterable
from datetime import timedelta
from itertools import islice

from agent.conversation.tool_results import line
from agent.operators.chat_rulebook.facts import Facts
from agent.operators.chat_rulebook.published_questions import TOPICS, Topic
from agent.operators.chat_rulebook.recognition import Question
from pipeline.diagnosis.group_measures import MeasureName
from pipeline.shown_text import plain
from pipeline.words import ACTIONS, CAUSES, STATUSES, action_name, cause_name
from reports.markdown_cells import cell
from tools.results import ComparedModels, DiagnosisResult, DriftResult, FeatureResult, HistoryResult, MetricsResult, QueryResult, Result

_CODE = re.compile(r"(`[\w .()-]{1,80}`)")
_LISTED, _IN_A_LINE = 8, 3  # features, and things of one kind in a line; more would not be read
_FOLLOWING = {"case": ("wrong", "advice"), "history": ("production", "approver", "waiting", "retrained")}  # behind what was asked for


def answered(facts: Facts, question: Question, topic: Topic) -> str:
    """The answer, once what it needs has been called."""
    for tool in (tool for tool in ("get_drift_summary", "diagnose", "get_history") if tool in topic.needs and tool not in facts.results):
        refused = facts.since.get(tool)
        return f"That is unavailable: {said(refused.said) if refused else 'it could not be read.'}"
    told = _ANSWERS[topic.kind](facts, question)
    if isinstance(told, dict):  # what was asked for leads
        told = [told[topic.name], "", *(f"- {told[name]}" for name in _FOLLOWING[topic.kind] if name != topic.name and told[name])]
    return "\n".join(told)


def said(text: str) -> str:
    """A sentence of a tool: names in backticks stay code, all else is plain text."""
    parts = _CODE.split(plain(text, 2000))
    return "".join(one if _CODE.fullmatch(one) else re.sub(r"\S(?:.*\S)?", lambda inner: cell(inner[0]), one) for one in parts)


def source(result: Result | None) -> str:
    """Where the numbers of a sentence are from, for its end."""
    return f" (call {result.call})" if result is not None and result.call else ""


def _named(feature: str) -> str:
    return "`" + plain(feature).replace("`", "'") + "`"


def _many(told: Iterable[str], head: str = "") -> str:
    found = ("; " if head else " ").join(islice(told, _IN_A_LINE))
    return f"{head}: {found}." if head and found else found


def _case(facts: Facts, question: Question) -> dict[str, str]:
    result, drift = facts.need(DiagnosisResult), facts.need(DriftResult)
    found, cite = result.diagnosis, source(result)
    where, faulty = f" in {_named(found.column)}" if found.column else "", found.column is not None and found.cause == "data_fault"
    order = f"The tools refuse to train on this diagnosis; only a person overrules that, with `churnops case override {drift.case_id}`."
    if drift.waiting is not None:
        order = f"Version {drift.waiting.version} waits for a person{source(drift)}: `churnops reports approve {drift.waiting.case_id}`."
    elif found.action in {"retrain", "recalibrate"}:
        order = "`/triage` trains within the policy and writes the report, `/train` trains by hand; neither deploys."
    likely = f"Next likely: {cause_name(found.runner_up.cause)}. {said(found.runner_up.tell_apart)}{cite}" if found.runner_up else ""
    owner = f"Ask whoever owns the feed of{where[3:]}: `churnops diagnose` says who, where `[owners]` does." if faulty else ""
    moved = (f"{_named(one.name)} moved {one.moved_share:.1%}{source(drift)}." for one in drift.drift.features if one.name == found.column)
    told = f"{cause_name(found.cause)}{where}, confidence {found.confidence:.2f}"
    asked = next((verb for verb in ("retrain", "recalibrat") if verb in question.text), found.action)
    no = "" if found.action.startswith(asked) or question.text.startswith("why") else "No. "
    known = f"Outcomes are known of {drift.labelled_rows} labelled rows, of the others they are not{source(drift)}."
    evidence = _many(f"{said(one.said)}{cite}" for one in found.findings if one.said and one.said not in found.said)
    return {
        "wrong": f"**{CAUSES[found.cause].headline}** ({told}). {said(found.said)}{cite}",
        "advice": f"{no}To do: **{action_name(found.action)}**{where if faulty else ''}: {ACTIONS[found.action].means}. {order}",
        "urgency": f"If nothing is done: {CAUSES[found.cause].idle} What the coming weeks bring is not known.",
        "evidence": evidence,
        "sure": f"How sure: {told}, weighed as on worlds with a known truth{cite}. {likely} {evidence}".strip(),
        "blind": f"{known} {_many(f'Not visible here: {said(spot)}{cite}' for spot in found.blind_spots)} {likely}",
        "owner": f"{owner or 'Who is to be called is not known.'} Single customers are never shown. {_many(moved)}".strip(),
    }


def _history(facts: Facts, question: Question) -> dict[str, str]:
    result = facts.need(HistoryResult)
    known, cite, ends = result.history, source(result), {None: "was cut off", True: "passed the gate", False: "failed the gate"}
    waits, last = known.waiting, known.last_triage
    serving = [f"Version {one.version} (digest `{one.digest}`) serves since {one.since:%Y-%m-%d} ({cell(one.how)})" for one in known.served]
    moved = (f"version {one.version} by {cell(one.by)}, “{cell(one.reason)}”" for one in known.served if one.by)
    decided = (f"{one.status} by {cell(one.decided_by or '')}, “{cell(one.reason or '')}” (case {one.case_id})" for one in known.decisions)
    others = (one.case_id for one in known.open_cases if waits is None or one.case_id != waits.case_id)
    trained = (f"{one.at:%Y-%m-%d} in case {one.case_id}, {ends[one.passed]}" for one in known.trainings)
    triage = f"{last.case_id}, {last.opened_at:%Y-%m-%d}: {cause_name(last.cause)}, {STATUSES[last.status]}" if last else "none"
    approved = _many(moved, f"Approved{cite}") or f"Nobody has approved a model: the first needs no approval{cite}."
    decide = f": `churnops reports show {waits.case_id}`, then `churnops reports approve {waits.case_id}`" if waits else ""
    return {
        "production": f"{serving[0]}{cite}." if serving else "No model serves yet.",
        "approver": f"{approved} {_many(decided, f'Decided{cite}')}",
        "waiting": f"{f'Version {waits.version} waits' if waits else 'Nothing waits'} for approval{cite}{decide}. {_many(others, f'Open cases{cite}')}",
        "retrained": _many(trained, f"Trainings, newest first{cite}") or f"No training since the first model{cite}.",
        "changed": f"Last triage{cite}: {triage}. {_many((f'{one.at:%Y-%m-%d}: {cell(one.said)}' for one in known.told), f'Noted{cite}')}",
        "deploy": "I cannot: only a person deploys, with `churnops reports approve CASE`, or rejects, or takes it back with `churnops rollback`.",
    }


def _column(facts: Facts, question: Question) -> list[str]:
    drift, result, seen = facts.need(DriftResult), facts.need(DiagnosisResult), facts.of(FeatureResult)
    found, cite = result.diagnosis, source(result)
    feature, faulty = question.features[0], found.cause == "data_fault"
    lines = [f"**No fault was found in {_named(feature)}**{cite}."]
    if faulty and found.column == feature:
        lines = [f"**{_named(feature)} is broken**, as far as the data show: {said(found.said)} To do: **fix data**{cite}."]
    lines += [f"- {said(one.said)}{cite}" for one in found.findings if one.column == feature and one.said and one.said not in found.said]
    lines += [f"- The data are broken elsewhere: {said(found.said)}{cite}"] if faulty and found.column != feature else []
    for one in (one for one in drift.drift.features if one.name == feature):
        verdict = "drifted" if one.drifted else "moved, below the threshold of drift," if one.calibrated else "did not drift"
        lines.append(f"- {_named(feature)} {verdict}: {cell(one.change)}{source(drift)}")
    lines += [f"- {cell(line(seen))}{source(seen)}"] if seen else []
    return [*lines, "", "`/drift` with its name shows its values then and now."]


def _drift(facts: Facts, question: Question) -> list[str]:
    result = facts.need(DriftResult)
    moved = sorted((one for one in result.drift.features if one.drifted or one.calibrated), key=lambda one: -one.moved_share)
    lines = [f"- {_named(one.name)} moved {one.moved_share:.1%}: {cell(one.change)}" for one in moved[:_LISTED]]
    nothing = "" if moved or result.drift.share is None else "**Nothing drifted.** "
    return [f"{nothing}Against the reference {said(line(result))}{source(result)}", *lines]


def _health(facts: Facts, question: Question) -> list[str]:
    metrics, case, lead = facts.of(MetricsResult), _case(facts, question), "How it does now is not known."
    if metrics is not None and metrics.window is not None:
        high, then = metrics.window.roc_auc.high, metrics.gate.roc_auc.value
        lead = f"**{'No, worse' if high is not None and high < then else 'Not clearly worse'} than when it was accepted.**"
    told = f" The {said(line(metrics))}{source(metrics)}" if metrics is not None else ""
    return [f"{lead}{told}", *(f"- {case[name]}" for name in ("wrong", "evidence", "advice") if case[name])]


def _churn(facts: Facts, question: Question) -> list[str]:
    weeks, result, lead = facts.of(QueryResult), facts.need(DiagnosisResult), "The diagnosis shows no change of the rate."
    for one in (one for one in result.diagnosis.findings if one.name == "level_change" and one.said):
        lead = f"**{'More' if one.strength > 0 else 'Fewer'} leave than before**: {said(one.said or '')}{source(result)}"
    groups = [one for one in weeks.found.groups if one.value is not None] if weeks else []
    head = f"By week in which they were scored, where the outcome is known{source(weeks)}:" if groups else "The rate by week is not known."
    told = [f"- {cell(one.cut[-1])}: {one.value:.1%} of {one.customers} customers" for one in groups]
    return [lead, "", head, *told, *(["There is no week to compare it with."] if len(told) == 1 else [])]


def _onset(facts: Facts, question: Question) -> list[str]:
    case, cut = _case(facts, question)["wrong"], facts.of(QueryResult)
    column = question.features[0] if question.features else facts.need(DiagnosisResult).diagnosis.column
    if facts.need(DiagnosisResult).diagnosis.cause == "none" and column is None:
        return ["**Nothing broke, as far as the data show**, so there is no day to name.", "", case]
    groups = [one for one in cut.found.groups if one.value is not None] if cut is not None else []
    if groups and column is not None:
        measure = measure_by_day(facts, column)
        head = f"{_named(column)}, {measure} by day{source(cut)}; where the first is bad already, it began then or earlier:"
        told = [f"{one.value:.1%}" if measure == "missing" else f"{one.value:.4g}" for one in groups]
        days = [f"- {cell(one.cut[-1])}: {value} of {one.customers} customers" for one, value in zip(groups, told, strict=True)]
        return [head, *days, "", case]
    if groups:
        told = [f"- {cell(one.cut[-1])}: {one.value:+.3f} of {one.customers}" for one in groups]
        return [f"Churn rate less mean score, by week in which they were scored{source(cut)}:", *told, "", case]
    return ["When it began is not known: there are no times, or they could not be read.", "", case]


def measure_by_day(facts: Facts, column: str) -> MeasureName:
    """What shows when `column` began to be wrong: its mean, where it is a number that the diagnosis does not call missing."""
    drift, known = facts.of(DriftResult), facts.of(DiagnosisResult)
    number = drift is not None and any(one.name == column and one.kind == "numerical" for one in drift.drift.features)
    gone = known is not None and any(one.column == column and "missing" in one.name for one in known.diagnosis.findings)
    return "mean" if number and not gone else "missing"


def _predictions(facts: Facts, question: Question) -> list[str]:
    result = facts.need(HistoryResult)
    logged, cite = result.history.predictions, source(result)
    if logged is None or logged.newest is None:
        return ["No prediction is logged here." if logged else "Predictions are in your own log, which is not counted here."]
    days = {word: f"{facts.now - timedelta(days=ago):%Y-%m-%d}" for ago, word in enumerate(("today", "yesterday")) if word in question.text}
    lead = [f"**{word.capitalize()}: {logged.per_day.get(day, 'none')}**{cite}." for word, day in days.items()]
    lines = [f"- {day}: {count}{cite}" for day, count in reversed(logged.per_day.items())]
    return [*lead, f"{logged.rows} predictions are logged, the newest of {logged.newest:%Y-%m-%d}{cite}. By day (UTC):", *lines]


def _compared(facts: Facts, question: Question) -> list[str]:
    result = facts.of(ComparedModels)
    if result is None or not result.candidates:
        return ["No candidate was trained in this case, so a comparison is unavailable; `/compare` shows the champion then and now."]
    lines = [f"On the same held-out rows, from the case's record{source(result)}:"]
    for one in result.candidates:
        against = f", the champion's {one.champion['roc_auc']:.4f}" if one.champion else ""
        ends = "passed the gate" if one.passed else f"failed the gate: {_many(map(said, one.failed))}"
        lines.append(f"- {cell(one.estimator)}, mode {one.mode}: the candidate's ROC-AUC {one.candidate['roc_auc']:.4f}{against}; {ends}")
    return [*lines, *([f"Version {result.waiting} waits; a person decides with `{result.next_command}`."] if result.waiting else [])]


def _outcomes(facts: Facts, question: Question) -> list[str]:
    drift, result = facts.need(DriftResult), facts.need(HistoryResult)
    known = result.history.outcomes
    newest = f", the newest told on {known.newest:%Y-%m-%d}" if known.newest else ""
    told = f"{drift.labelled_rows} labelled rows with {drift.labelled_churners} labelled churners{source(drift)}. {said(drift.dates)}"
    return [f"The window has {told}", f"Outcomes of {known.customers} customers are on record{newest}{source(result)}."]


_ANSWERS: dict[str, Callable[[Facts, Question], list[str] | dict[str, str]]] = {
    "case": _case, "history": _history, "column": _column, "drift": _drift, "health": _health, "churn": _churn, "onset": _onset,
    "predictions": _predictions, "outcomes": _outcomes, "compare": _compared,
    "report": lambda facts, question: [*islice(_case(facts, question).values(), 2), "", "The whole report, where the case has one: `/report`."],
    "help": lambda facts, question: ["I answer:", "", *(f"- {one.about}: “{one.phrasings[0]}”" for one in TOPICS)],
}  # fmt: skip
