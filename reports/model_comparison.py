"""What differs between challenger and champion on the same rows, and whether an interval lets anybody say so."""

from dataclasses import dataclass
from typing import Literal

from pipeline.measures.measure import Comparison
from pipeline.record.cases import TrainingResult
from reports.comparison_notes import profit_label

Verdict = Literal["better", "worse", "no clear difference"]


@dataclass(frozen=True)
class Difference:
    """Challenger minus champion, paired, with its interval in words, and what that says."""

    label: str
    said: str
    verdict: Verdict


def differences(result: TrainingResult) -> tuple[Difference, ...]:
    """What differs between the two on the same rows; empty for a first model."""
    found = [] if result.comparison is None else [_difference("ROC-AUC", result.comparison, "{:+.3f}", better_above=True)]
    profit = None if result.profit is None else result.profit.difference
    if profit is not None and result.profit is not None and result.profit.currency:
        found.append(_difference(f"extra {profit_label(result.profit)}", profit, "{:+,.0f}", better_above=True))
    if result.margins is not None:
        found += [
            _difference("extra campaign profit, points of the maximum", result.margins.profit, "{:+.1f}", better_above=True),
            _difference("log loss", result.margins.log_loss, "{:+.3f}", better_above=False),
            _difference("Brier score", result.margins.brier, "{:+.3f}", better_above=False),
        ]
    if result.pr_auc is not None:
        found.append(_difference("PR-AUC", result.pr_auc, "{:+.3f}", better_above=True))
    return tuple(found)


def _difference(label: str, found: Comparison, style: str, *, better_above: bool) -> Difference:
    value, low, high = (style.format(number) for number in (found.difference, found.low, found.high))
    return Difference(label, f"{value} ({low} to {high})", verdict(found, better_above=better_above))


def verdict(found: Comparison, *, better_above: bool) -> Verdict:
    """What the interval of a difference says of the challenger: `better`, `worse` or `no clear difference`."""
    low, high = (found.low, found.high) if better_above else (-found.high, -found.low)
    return "better" if low > 0 else "worse" if high < 0 else "no clear difference"
