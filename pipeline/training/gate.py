"""The quality gate: what a candidate must show on rows it never saw before a person is asked about it."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import NormalDist

from pipeline.measures.fairness import RATE_NAMES, Fairness
from pipeline.measures.measure import Comparison, GateCheck, GateResult, Margins, Measure, Metrics
from pipeline.measures.segments import SegmentLoss, Segments
from pipeline.shown_text import plain
from pipeline.workspace.fairness_settings import FairnessSettings
from pipeline.workspace.policy import Band, GateRules, Policy

TOO_GOOD = 0.99  # an ROC-AUC above which churn is known rather than foretold
CHANCE = 0.5
_NAMED = 3  # kinds of customers in a sentence
_MUST_BE_BETTER: tuple[Band, ...] = (
    "monitor",
    "evaluate",
    "not_enough_data",
)  # the share of drifted features alone asks for no new model there


@dataclass(frozen=True)
class Treatment:
    """How the candidate treats groups of customers, and how far they may differ."""

    found: Fairness
    rules: FairnessSettings


def treatment_of(found: Fairness | None, rules: FairnessSettings) -> Treatment | None:
    """Both together, where groups are named."""
    return None if found is None else Treatment(found, rules)


def judge(
    metrics: Metrics,
    comparison: Comparison | None,
    band: Band | None,
    policy: Policy,
    margins: Margins | None = None,
    recalibrated: Margins | None = None,
    segments: Segments | None = None,
    treatment: Treatment | None = None,
) -> GateResult:
    """The gate's verdict on a model that was trained.

    Args:
        metrics: the candidate on the test set.
        comparison: candidate against champion on the same rows; None for a first model.
        band: the drift band the training answers; below `retrain` a candidate is kept only if it is better. None outside a triage.
        policy: its `gate` rules are applied. Numbers that are not finite pass no check.
        margins: over the champion; they too may show that the candidate is better.
        segments: kinds of customers whom it ranks worse; None where that was not asked.
        treatment: of the groups of [fairness]; None where none are named.
        recalibrated: over the champion recalibrated on recent rows: what a new model must be worth more than. None where there are none.
    """
    rules = policy.gate
    checks = [_floor(metrics, rules.min_roc_auc)]
    if comparison is not None:
        checks.append(_not_worse(comparison, rules.max_auc_drop))
        if recalibrated is not None:
            checks += _not_below_recalibration(recalibrated, rules)
        if band in _MUST_BE_BETTER:
            checks.append(_better(comparison, margins, rules.confidence))
    if segments is not None and segments.looked:
        checks.append(_no_segment_collapses(segments, rules))
    if treatment is not None:
        checks.append(_alike(treatment))
    return _verdict(checks)


def judge_recalibrated(
    metrics: Metrics, comparison: Comparison | None, margins: Margins | None, policy: Policy, treatment: Treatment | None = None
) -> GateResult:
    """The gate's verdict on the recalibrated champion: its ranks are the champion's, so its losses decide.

    Arguments as for `judge`.
    """
    rules = policy.gate
    checks = [_floor(metrics, rules.min_roc_auc)]
    if comparison is not None:
        checks.append(_not_worse(comparison, rules.max_auc_drop))
    if margins is not None:
        checks.append(_smaller_losses(margins, rules))
    if treatment is not None:
        checks.append(_alike(treatment))
    return _verdict(checks)


def _verdict(checks: list[GateCheck]) -> GateResult:
    return GateResult(passed=all(check.passed for check in checks), checks=tuple(checks))


def _floor(metrics: Metrics, floor: float) -> GateCheck:
    auc = metrics.roc_auc
    broken = [name for name, found in metrics if isinstance(found, Measure) and not math.isfinite(found.value)]
    if broken:
        said = f"Not a finite number on {auc.n:,} rows: {', '.join(broken)}."
        return GateCheck(rule="gate.min_roc_auc", passed=False, said=said)
    passed = auc.value >= floor
    interval = "" if auc.low is None or auc.high is None else f"interval {auc.low:.4f} to {auc.high:.4f}, "
    if passed:
        doubt = "" if auc.value <= TOO_GOOD else "; above 0.99 it is too good to be true: look for a column that is known only afterwards"
        verdict = f"reaches the floor of {floor:g}{doubt}."
    elif no_better_than_chance(auc):
        verdict = f"is no better than chance, because its interval includes 0.5, and below the floor of {floor:g}."
    else:
        verdict = f"is below the floor of {floor:g}; where data cannot reach it, set another."
    return GateCheck(rule="gate.min_roc_auc", passed=passed, said=f"ROC-AUC {auc.value:.4f} ({interval}{auc.n:,} rows) {verdict}")


def no_better_than_chance(auc: Measure) -> bool:
    """Whether an ROC-AUC's interval includes 0.5."""
    return auc.low is not None and auc.low <= CHANCE


def _not_worse(found: Comparison, drop: float) -> GateCheck:
    passed = found.difference >= -drop and found.high >= 0
    said = f"ROC-AUC {_against(found)}: {'not worse' if passed else 'worse'} (it may trail by {drop:g}, with an interval that reaches 0)."
    return GateCheck(rule="gate.max_auc_drop", passed=passed, said=said)


def _not_below_recalibration(margins: Margins, rules: GateRules) -> Iterator[GateCheck]:
    for rule, name, found, rise in (
        ("gate.max_log_loss_rise", "Log loss", margins.log_loss, rules.max_log_loss_rise),
        ("gate.max_brier_rise", "Brier score", margins.brier, rules.max_brier_rise),
    ):
        passed = found.low <= 0 or found.difference <= rise
        verdict = "not worse" if passed else "worse: to recalibrate does as well"
        said = f"{name} {_against(found, 'the recalibrated champion')}: {verdict} (passes unless a rise above {rise:g} is statistically significant)."
        yield GateCheck(rule=rule, passed=passed, said=said)


def _better(found: Comparison, margins: Margins | None, confidence: float) -> GateCheck:
    shown = {"ROC-AUC": found.low > 0}
    if margins is not None:
        shown |= {"log loss": margins.log_loss.high < 0, "profit": margins.profit.low > 0}
    better = [name for name, sure in shown.items() if sure]
    verdict = f"better by {' and '.join(better)}" if better else f"not shown to be better by {' or '.join(shown)}"
    said = f"ROC-AUC {_against(found)}: {verdict} (a whole {confidence:.0%} interval must lie on the better side of 0)."
    return GateCheck(rule="gate.confidence", passed=bool(better) and not math.isnan(found.difference), said=said)


def _no_segment_collapses(segments: Segments, rules: GateRules) -> GateCheck:
    drop, sure = rules.max_segment_auc_drop, f"{rules.confidence:.0%} sure over all {segments.looked} kinds of customers"
    rule = "gate.max_segment_auc_drop"
    if collapsed := segments.losing(drop, rules.confidence):
        said = f"ROC-AUC falls by more than {drop:g} among customers with {_kinds(collapsed)} ({sure})."
        return GateCheck(rule=rule, passed=False, said=said)
    if worse := segments.losing(0.0, rules.confidence):
        said = f"No kind of customers loses more than {drop:g} of ROC-AUC, but those with {_kinds(worse)} are ranked worse ({sure})."
        return GateCheck(rule=rule, passed=True, said=said, warns=True)
    return GateCheck(rule=rule, passed=True, said=f"No kind of customers is ranked worse beyond chance ({sure}).")


def _kinds(segments: tuple[SegmentLoss, ...]) -> str:
    told = (f"{plain(one.column)} {plain(one.value)} ({one.roc_auc.difference:+.3f}, {one.roc_auc.n:,} rows)" for one in segments[:_NAMED])
    more = len(segments) - _NAMED
    return ", ".join(told) + (f" and {more} more" if more > 0 else "")


def _alike(treatment: Treatment) -> GateCheck:
    rule, bound = "fairness.max_gap", treatment.rules.max_gap
    if not (wide := treatment.found.beyond(bound)):
        said = f"No two groups of {', '.join(map(plain, treatment.rules.columns))} differ by more than {bound:g}, beyond chance."
        return GateCheck(rule=rule, passed=True, said=said)
    told = ", ".join(
        f"{RATE_NAMES[gap.rate]} {gap.difference:.2f} higher with {plain(gap.column)} {plain(gap.higher)} than {plain(gap.lower)} ({gap.low:.2f} to {gap.high:.2f})"
        for gap in wide
    )
    blocks = treatment.rules.block
    return GateCheck(rule=rule, passed=not blocks, warns=not blocks, said=f"Groups differ by more than {bound:g}, beyond chance: {told}.")


def _smaller_losses(margins: Margins, rules: GateRules) -> GateCheck:
    loss, brier = margins.log_loss, margins.brier
    error = (loss.high - loss.low) / 2 / NormalDist().inv_cdf((1 + rules.confidence) / 2)
    passed = loss.difference < -rules.recalibration_z * error and brier.difference <= 0
    said = (
        f"Log loss {_against(loss)}, Brier score by {brier.difference:+.4f}: {'better' if passed else 'not shown to be better'} "
        f"(log loss by more than {rules.recalibration_z:g} standard errors of {error:.4f}, and Brier not worse)."
    )
    return GateCheck(rule="gate.recalibration_z", passed=passed, said=said)


def _against(found: Comparison, other: str = "the champion") -> str:
    return f"differs from {other}'s by {found.difference:+.4f} (interval {found.low:+.4f} to {found.high:+.4f}, {found.n:,} rows)"
