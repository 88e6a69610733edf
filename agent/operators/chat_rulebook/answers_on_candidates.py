"""Answers about trainings: why there was none, what one came to beside the champion, and the report of the case."""

from collections.abc import Mapping

from agent.operators.chat_rulebook.answers_on_cause import measured, undiagnosed, what_happened, where
from agent.operators.chat_rulebook.facts import Facts
from agent.operators.chat_rulebook.obstacles import obstacle
from agent.operators.chat_rulebook.recognition import Question
from agent.operators.chat_rulebook.wording import cause_of, code, said, source, words
from pipeline.words import ACTIONS, STATUSES, action_name
from tools.results import TrainingReply


def why_not_retrained(facts: Facts, question: Question) -> str:
    """Why there was no training, or what became of it."""
    found = facts.found
    if found is None:
        return undiagnosed(facts)
    if facts.trainings:
        return compared(facts, question)
    why = f"{cause_of(found)}{where(found)}. {said(found.said)}{source(facts.diagnosis)}"
    if found.action in {"retrain", "recalibrate"}:
        if (against := obstacle(facts)) is not None:
            return f"{against}\n\nThe diagnosis asks for **{action_name(found.action)}**. It is {why}"
        return (
            f"{'Nothing stands against it' if 'why' in question.concepts else 'Nothing is trained without your word'}: the diagnosis asks for **{action_name(found.action)}**, and nobody asked for a training in this session yet. "
            f"It is {why}\n\nSay “retrain the model”, or run `/triage`."
        )
    return (
        f"Because the diagnosis does not ask for a training but for **{action_name(found.action)}**: {ACTIONS[found.action].means}. It is {why}\n\n"
        f"The tools refuse a training then; only a person overrules that, with `churnops case override {facts.case_id}`."
    )


def compared(facts: Facts, question: Question) -> str:
    """Candidates of this case beside the champion."""
    if not facts.trainings:
        return on_record(facts)
    told = [
        f"- {words(one.estimator)}, mode {words(one.mode)}: the candidate's ROC-AUC {one.metrics.roc_auc.value:.4f}"
        f"{champion_beside(one)}; {'passed the gate' if one.gate.passed else 'failed the gate'}{source(one)}"
        for one in facts.trainings
    ]
    return "\n".join(["On the same held-out rows:", *told, "", "The gate on the last one:", *gate_checks(facts.trainings[-1])])


def on_record(facts: Facts) -> str:
    """What was trained in the case before this session, if anything was."""
    found = facts.compared
    if found is not None and found.candidates:
        told = (
            f"- {words(one.estimator)}, mode {words(one.mode)}: the candidate's ROC-AUC {one.candidate['roc_auc']:.4f}"
            f"{_against(one.champion)}; {'passed the gate' if one.passed else 'failed the gate: ' + '; '.join(map(said, one.failed))}{source(found)}"
            for one in found.candidates
        )
        waits = (
            [f"\nVersion {found.waiting} waits; a person decides with `{found.next_command}`."]
            if found.waiting and found.next_command
            else []
        )
        return "\n".join(["On the same held-out rows, from the case's record:", *told, *waits])
    lines = [
        "No candidate was trained in this case, so there is no challenger to compare: a comparison is unavailable.",
        "“Retrain the model” asks for one, where the diagnosis does.",
    ]
    if facts.metrics is not None:
        champion = facts.metrics.champion
        since = f"adopted on {champion.trained_at:%Y-%m-%d}" if champion.adopted else f"trained on {champion.trained_at:%Y-%m-%d}"
        lines += [
            "",
            f"The champion alone, a {words(champion.estimator)} {since}: ROC-AUC "
            f"{measured(facts.metrics.gate.roc_auc)} on the test set{source(facts.metrics)}.",
        ]
    return "\n".join(lines)


def _against(champion: Mapping[str, float] | None) -> str:
    return "" if champion is None else f", the champion's {champion['roc_auc']:.4f}"


def the_report(facts: Facts, question: Question) -> str:
    """The report of this session, or what one would say."""
    found = facts.found
    if facts.report is None:
        lines = [
            "No report was written in this session; a case gets one when it is closed. Earlier ones: `/report`, or `churnops reports list`."
        ]
    else:
        report = facts.report
        lines = [
            f"The report {code(report.report.path)} closed the case with **{action_name(report.action)}**: {STATUSES[report.status]}{source(report)}."
        ]
        lines += [f"A person decides with `{report.next_command}`."] if report.next_command else []
    if found is None:
        return "\n".join(lines)
    return "\n".join([*lines, "", what_happened(facts, question)])


def gate_checks(training: TrainingReply) -> list[str]:
    """The gate's checks, one line each."""
    return [
        f"- {'passed' if one.passed else '**failed**'} `{one.rule}`: {said(one.said)}{source(training)}" for one in training.gate.checks
    ]


def champion_beside(training: TrainingReply) -> str:
    """The champion's ROC-AUC on the candidate's held-out rows, to go on with; nothing where it was not measured."""
    return "" if training.champion_metrics is None else f", the champion's {training.champion_metrics.roc_auc.value:.4f}"
