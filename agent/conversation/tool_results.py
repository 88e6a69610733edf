"""What our own code reads in the tools' results, and the one line it says about each to people."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from pipeline.words import DRIFT_LEVELS, STATUSES, action_name, cause_name, counted
from tools.results import (
    ComparedModels,
    Dated,
    DiagnosisResult,
    DriftResult,
    FeatureResult,
    HistoryResult,
    MetricsResult,
    OutcomeResult,
    PairResult,
    QueryResult,
    RepairResult,
    ReportReply,
    TrainingReply,
)

Reading = (
    DriftResult
    | MetricsResult
    | DiagnosisResult
    | FeatureResult
    | HistoryResult
    | QueryResult
    | RepairResult
    | OutcomeResult
    | PairResult
    | TrainingReply
    | ComparedModels
    | ReportReply
)

_BY_TOOL: dict[str, type[Reading]] = {
    "get_drift_summary": DriftResult,
    "get_current_model_metrics": MetricsResult,
    "diagnose": DiagnosisResult,
    "inspect_feature": FeatureResult,
    "get_history": HistoryResult,
    "query": QueryResult,
    "preview_repair": RepairResult,
    "inspect_outcomes": OutcomeResult,
    "inspect_pair": PairResult,
    "run_training": TrainingReply,
    "compare_models": ComparedModels,
    "save_remediation_report": ReportReply,
}


def read(tool: str, structured: Mapping[str, Any] | None) -> Reading | None:
    """The structured result of `tool` as its type; None when the tool is not one of ours or the result does not fit."""
    kind = _BY_TOOL.get(tool)
    if kind is None or structured is None:
        return None
    try:
        return kind.model_validate(structured)
    except ValidationError:
        return None


def line(reading: Reading) -> str:
    """A tool's result in one line, for people."""
    match reading:
        case DriftResult(drift=drift):
            if drift.share is None:
                return f"no verdict on drift: {drift.current_rows} rows are too few"
            return (
                f"{drift.drifted} of {drift.features_total} features drifted (share {drift.share:.3f}), drift level: {DRIFT_LEVELS[drift.band]}; "
                f"{drift.current_rows} rows, {reading.labelled_rows} labelled{_dated(reading)}"
            )
        case MetricsResult(gate=gate, window=window):
            now = f"{window.roc_auc.value:.3f} on {window.n} known outcomes" if window else "too few known outcomes"
            return f"champion's ROC-AUC {gate.roc_auc.value:.3f} on its test set, {now}{_dated(reading)}"
        case DiagnosisResult(diagnosis=found):
            where = f" in {found.column}" if found.column else ""
            return f"{cause_name(found.cause)}{where} (confidence {found.confidence:.2f}): {action_name(found.action)}"
        case FeatureResult(view=view):
            return (
                f"{view.feature}: missing {view.missing_reference:.1%} before, {view.missing_window:.1%} now; {view.sampled} rows looked at"
            )
        case QueryResult(found=found):
            folded = f", {counted(found.folded, 'customer')} in groups too small to tell of" if found.folded else ""
            return f"{counted(len(found.groups), 'group')}{folded}"
        case RepairResult(preview=preview):
            says = "the rows fit again" if preview.returns else "the rows do not fit again" if preview.told else "no other column tells"
            return f"with {preview.done}, {says}; {preview.changed:.1%} of the customers changed"
        case OutcomeResult(view=view):
            fits = view.hypotheses[0].explains.replace("_", " ")
            return f"{view.observed:.1%} churned, {view.expected:.1%} expected, of {view.customers}; fits best: {fits}"
        case PairResult(view=view):
            return f"{view.first} and {view.second}: {counted(len(view.cells), 'pair')} of values"
        case HistoryResult(history=history):
            serves = f"version {history.champion.version} serves" if history.champion else "no champion"
            waits = f"version {history.waiting.version} waits for a person" if history.waiting else "nothing waits"
            return f"{serves}, {waits}; {counted(len(history.open_cases), 'open case')}"
        case TrainingReply(gate=verdict, comparison=comparison):
            against = f" ({comparison.difference:+.4f} against the champion)" if comparison else ""
            failed = ", ".join(check.rule for check in verdict.checks if not check.passed)
            return f"ROC-AUC {reading.metrics.roc_auc.value:.4f}{against}, {'gate passed' if verdict.passed else f'gate failed: {failed}'}"
        case ComparedModels(candidates=candidates, waiting=waiting):
            passed = sum(candidate.passed for candidate in candidates)
            waits = f"; version {waiting} waits for a person" if waiting else ""
            return f"{counted(len(candidates), 'candidate')}, {passed} passed the gate{waits}"
        case ReportReply():
            return f"{action_name(reading.action)}, {STATUSES[reading.status]}; report {reading.report.path}"


def _dated(reading: Dated) -> str:
    """Of when it speaks, and what outcomes do not tell yet, as the rest of a line."""
    return f". {reading.dates}" if reading.dates else ""
