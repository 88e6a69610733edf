"""Answers to requests: a training and the next step are proposed as a call that the human must agree to; to deploy is declined."""

import re

from agent.conversation.messages import ToolCall
from agent.operators.chat_rulebook.answers_on_candidates import champion_beside, gate_checks, on_record
from agent.operators.chat_rulebook.answers_on_cause import undiagnosed, what_happened
from agent.operators.chat_rulebook.facts import Facts
from agent.operators.chat_rulebook.proposal import Proposal
from agent.operators.chat_rulebook.recognition import Question
from agent.operators.chat_rulebook.wording import cause_of, code, named, said, source, words
from pipeline.diagnosis.diagnosis import Mode
from pipeline.errors import Refusal
from pipeline.families import USUAL, Hyperparameter, family_named
from pipeline.record.failure import Failure
from pipeline.words import STATUSES, action_name
from tools.guard import check_hyperparameters
from tools.results import ReportReply, TrainingReply


def training(facts: Facts, question: Question) -> str | Proposal:
    """A training as asked for, what came of it, or why the tools would refuse it."""
    if (answer := facts.since.get("run_training")) is not None:
        return undone(answer.failure) if answer.failure else trained(facts.trainings[-1])
    if (why := _refusal(facts)) is not None:
        return why
    assert facts.drift is not None
    mode = _mode(facts, question)
    arguments: dict[str, object] = {"case_id": facts.drift.case_id, "mode": mode}
    if mode != "recalibrate":
        estimator = question.family
        chosen = _hyperparameters(facts, question, estimator)
        try:
            check_hyperparameters(estimator, chosen, facts.policy)
        except Refusal as refusal:
            return f"The tools refuse that: `{refusal.rule}` in the policy allows {refusal.allowed}"
        arguments |= {"estimator": estimator, **chosen}
    what = "The champion's probabilities set anew" if mode == "recalibrate" else f"A {words(str(arguments['estimator']))}, mode {mode},"
    text = f"{what} on the outcomes of this case's window, put before the gate. It waits for your word; nothing is deployed by it."
    if {"days", "recent"} & question.concepts:
        text += f" The window is the case's own{_span(facts)}, whatever days you name; `/window` chooses another one."
    return Proposal(text, ToolCall(id="", name="run_training", arguments=arguments))


def trained(reply: TrainingReply) -> str:
    """What a training came to, and what a person does next."""
    verdict = "**passed the gate**" if reply.gate.passed else "**failed the gate** and was discarded"
    following = (
        f"It waits as a challenger. “Close the case” writes the report; then a person decides with `churnops reports approve {reply.case_id}`."
        if reply.gate.passed
        else "The champion stays as it is. "
        + (f"Trainings left in this case: {reply.trainings_left}." if reply.trainings_left else "No training is left in this case.")
    )
    return "\n".join(
        [
            f"The candidate ({words(reply.estimator)}, mode {words(reply.mode)}) {verdict}: ROC-AUC {reply.metrics.roc_auc.value:.4f}{champion_beside(reply)} "
            f"on the same {reply.held_out_rows} held-out rows{source(reply)}.",
            *gate_checks(reply),
            "",
            following,
        ]
    )


def undone(failure: Failure) -> str:
    """A proposal that came to nothing: the human said no, or the tools did."""
    return "Nothing was done, as nobody agreed to it." if failure.kind == "declined" else f"Nothing was done: {said(failure.said)}"


def closed(reply: ReportReply) -> str:
    """A case that was closed."""
    following = f" A person decides with `{reply.next_command}`." if reply.next_command else ""
    following += f" {said(reply.second_opinion)}" if reply.second_opinion else ""
    return f"The case is closed with **{action_name(reply.action)}** ({STATUSES[reply.status]}); the report is {code(reply.report.path)}.{following}"


def closing(facts: Facts) -> Proposal | None:
    """The report of a case whose challenger passed the gate before this conversation; None where there is none."""
    passed = [] if facts.compared is None or facts.trainings else [one for one in facts.compared.candidates if one.passed]
    if not passed or facts.case_id is None:
        return None
    arguments = {
        "case_id": facts.case_id,
        "action": "recalibrate" if passed[-1].mode == "recalibrate" else "retrain",
        "summary": "A candidate passed the gate and waits for a person's approval.",
        "reasoning": f"{what_happened(facts, Question(text=facts.asked))}\n\n{on_record(facts)}",
    }
    return Proposal(
        "A challenger of this case waits; its report can be written.", ToolCall(id="", name="save_remediation_report", arguments=arguments)
    )


def deploying(facts: Facts, question: Question) -> str:
    """Declined: the command that a person runs."""
    waits = facts.report is not None and facts.report.next_command is not None
    passed = any(one.gate.passed for one in facts.trainings)
    state = (
        "A challenger waits for it."
        if waits
        else "A candidate passed the gate; “close the case” writes the report that is approved."
        if passed
        else "As far as this session knows, no challenger waits: one must pass the gate first, and its case be closed with a report."
    )
    case = facts.case_id or "CASE"
    return (
        f"I cannot: no tool deploys, approves, rejects or rolls back; only a person does. {state}\n\nThe commands are `churnops reports approve {case}`, "
        f"`churnops reports reject {case}`, and `churnops rollback`."
    )


def the_future(facts: Facts, question: Question) -> str:
    """Declined: a window says what was."""
    return (
        "That is not known: a window says what was, not what comes. What I can say is what happened (“what happened?”), and what is known of leaving "
        "things as they are (“what happens if I do nothing?”)."
    )


def _refusal(facts: Facts) -> str | None:
    """Why the tools' guard would refuse any training of this case, so that nobody is asked to agree to one."""
    found, drift = facts.found, facts.drift
    if drift is None or found is None:
        return f"Nothing is trained where it is not known what happened. {undiagnosed(facts)}"
    asks = found.action in {"retrain", "recalibrate"} or (found.cause == "unsure" and drift.drift.band == "retrain")
    if not asks or found.cause in {"data_fault", "label_fault"}:
        where = f" in {named(found.column)}" if found.column else ""
        return (
            f"The tools refuse a training here: the diagnosis is {cause_of(found)}{where} and asks for **{action_name(found.action)}**. "
            f"{said(found.said)}{source(facts.diagnosis)}\n\nOnly a person overrules that, with `churnops case override {drift.case_id}`."
        )
    rules = facts.policy.training
    if drift.labelled_rows < rules.min_labelled_rows or (
        min(drift.labelled_churners, drift.labelled_rows - drift.labelled_churners) < rules.min_labelled_churners
    ):
        return (
            f"The tools refuse a training here: {drift.labelled_rows} labelled rows with {drift.labelled_churners} labelled churners are fewer than "
            f"the policy's `training.min_labelled_rows` or `training.min_labelled_churners`{source(drift)}. Collect labels first."
        )
    if any(one.gate.passed for one in facts.trainings) or any(one.passed for one in (facts.compared.candidates if facts.compared else ())):
        return "A candidate of this case has passed the gate; the tools refuse another. “Close the case” writes its report."
    return None


def _mode(facts: Facts, question: Question) -> Mode:
    if "recalibrate" in question.concepts and "family" not in question.concepts:
        return "recalibrate"
    if "all" in question.concepts:
        return "combined"
    if {"recent", "days"} & question.concepts:
        return "recent"
    asked = None if facts.found is None else facts.found.mode
    if {"family", "retrain"} & question.concepts and asked == "recalibrate":
        return "combined"
    return asked or "combined"


def _hyperparameters(facts: Facts, question: Question, estimator: str) -> dict[str, int | float]:
    """Those that the person named; else where the policy starts, by the kinds of features that drifted."""
    allowed, known = facts.policy.hyperparameters[estimator], family_named(estimator).hyperparameters
    chosen: dict[str, int | float] = {}
    for name in allowed:
        if match := _number_of(name, known[name]).search(question.text):
            digits = match[1] or match[2]
            chosen[name] = int(digits) if known[name].whole else float(digits)
    if chosen or facts.drift is None or estimator != USUAL:
        return chosen
    drift, start = facts.drift.drift, facts.policy.start
    numerical, categorical = drift.drifted_numerical > 0, drift.drifted_categorical > 0
    usual = start.both if numerical == categorical else start.numerical if numerical else start.categorical
    return {name: round(value) for name, value in usual.items() if name in allowed}


def _number_of(name: str, known: Hyperparameter) -> re.Pattern[str]:
    """How a person gives it in lower case: "max_depth=11", "depth of 11", "250 trees"."""
    said = "|".join((name.casefold(), *(f"{word}s?" for word in known.words)))
    number = r"(\d{1,6})" if known.whole else r"(\d{1,6}(?:\.\d{1,6})?)"
    return re.compile(rf"\b(?:{said})(?: of)?[ =:]{{1,3}}{number}|\b{number} (?:{said})\b")


def _span(facts: Facts) -> str:
    assert facts.drift is not None
    drift = facts.drift.drift
    return "" if drift.since is None or drift.until is None else f", {drift.since:%Y-%m-%d} to {drift.until:%Y-%m-%d}"
