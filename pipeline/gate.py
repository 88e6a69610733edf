"""The quality gate: what a candidate must show on rows it never saw before a person is asked about it."""

import math

from pipeline.evidence import Comparison, GateCheck, GateResult, Measure, Metrics
from pipeline.policy import Band, Policy


def judge(metrics: Metrics, comparison: Comparison | None, band: Band | None, policy: Policy) -> GateResult:
    """The gate's verdict on a candidate.

    Args:
        metrics: the candidate on the gate rows.
        comparison: candidate against champion on the same rows; None for a first model.
        band: the drift band the training answers; in `evaluate` a candidate is kept only if it is better. None outside a triage.
        policy: its `gate` rules are applied. Numbers that are not finite pass no check.
    """
    checks = [_floor(metrics, policy.gate.min_roc_auc)]
    if comparison is not None:
        checks.append(_not_worse(comparison, policy.gate.max_auc_drop))
        if band == "evaluate":
            checks.append(_better(comparison, policy.gate.confidence))
    return GateResult(passed=all(check.passed for check in checks), checks=tuple(checks))


def _floor(metrics: Metrics, floor: float) -> GateCheck:
    auc = metrics.roc_auc
    broken = [name for name, found in metrics if isinstance(found, Measure) and not math.isfinite(found.value)]
    if broken:
        said = f"Not a finite number on {auc.n:,} rows: {', '.join(broken)}."
        return GateCheck(rule="gate.min_roc_auc", passed=False, said=said)
    passed = auc.value >= floor
    interval = "" if auc.low is None or auc.high is None else f"interval {auc.low:.4f} to {auc.high:.4f}, "
    said = f"ROC-AUC {auc.value:.4f} ({interval}{auc.n:,} rows) {'reaches' if passed else 'is below'} the floor of {floor:g}."
    return GateCheck(rule="gate.min_roc_auc", passed=passed, said=said)


def _not_worse(found: Comparison, drop: float) -> GateCheck:
    passed = found.difference >= -drop and found.high >= 0
    said = f"ROC-AUC {_against(found)}: {'not worse' if passed else 'worse'} (it may trail by {drop:g}, with an interval that reaches 0)."
    return GateCheck(rule="gate.max_auc_drop", passed=passed, said=said)


def _better(found: Comparison, confidence: float) -> GateCheck:
    passed = found.low > 0
    said = f"ROC-AUC {_against(found)}: {'better' if passed else 'not shown to be better'} (the whole {confidence:.0%} interval must lie above 0)."
    return GateCheck(rule="gate.confidence", passed=passed, said=said)


def _against(found: Comparison) -> str:
    return f"differs from the champion's by {found.difference:+.4f} (interval {found.low:+.4f} to {found.high:+.4f}, {found.n:,} rows)"
