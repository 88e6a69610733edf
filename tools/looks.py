"""The looks at a case's window: each is what a tool was asked, and how to find it; none changes anything."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pipeline.diagnosis.feature_inspection import inspect_feature
from pipeline.diagnosis.observed import Observed
from pipeline.diagnosis.outcomes.inspection import OutcomeCut, inspect_outcomes
from pipeline.diagnosis.pair_inspection import inspect_pair
from pipeline.diagnosis.repairs.preview import Suspected, preview_repair
from pipeline.models.typical_value import typical_value
from pipeline.record.opened_workspace import Opened
from tools.question import Question
from tools.result_bounds import shown_name
from tools.results import FeatureResult, OutcomeResult, PairResult, QueryResult, RepairResult, Result

R = TypeVar("R", bound=Result)


@dataclass(frozen=True)
class Look(Generic[R]):
    """One look by `tool`. `arguments` go on record; `find` answers with the case's id, its window and the workspace."""

    tool: str
    arguments: Mapping[str, Any]
    find: Callable[[str, Observed, Opened], R]


def at_feature(feature: str) -> Look[FeatureResult]:
    """One feature from near."""

    def find(case_id: str, observed: Observed, _: Opened) -> FeatureResult:
        return FeatureResult(case_id=case_id, view=inspect_feature(observed, _own(feature, observed)))

    return Look("inspect_feature", {"feature": feature}, find)


def at_measure(question: Question) -> Look[QueryResult]:
    """One measure by group."""

    def find(case_id: str, observed: Observed, opened: Opened) -> QueryResult:
        asked = question.of(observed.columns.features)
        return QueryResult(case_id=case_id, found=asked.answer(observed, typical_value(opened.settings.value, observed.champion)))

    return Look("query", question.arguments, find)


def at_repair(fault: Suspected, column: str, value: str, other: str) -> Look[RepairResult]:
    """What undoing a suspected fault brings back."""

    def find(case_id: str, observed: Observed, opened: Opened) -> RepairResult:
        partner = _own(other, observed) if fault == "swap" else other
        preview = preview_repair(observed, opened.policy.evidence.data, fault, _own(column, observed), value, partner)
        return RepairResult(case_id=case_id, preview=preview)

    return Look("preview_repair", {"fault": fault, "column": column, "value": value, "other": other}, find)


def at_outcomes(by: OutcomeCut, feature: str) -> Look[OutcomeResult]:
    """Known outcomes from near."""

    def find(case_id: str, observed: Observed, opened: Opened) -> OutcomeResult:
        view = inspect_outcomes(observed, by, _own(feature, observed) or None, opened.settings.outcomes.horizon_length)
        return OutcomeResult(case_id=case_id, view=view)

    return Look("inspect_outcomes", {"by": by, "feature": feature}, find)


def at_pair(first: str, second: str) -> Look[PairResult]:
    """Two features together."""

    def find(case_id: str, observed: Observed, _: Opened) -> PairResult:
        return PairResult(case_id=case_id, view=inspect_pair(observed, _own(first, observed), _own(second, observed)))

    return Look("inspect_pair", {"first": first, "second": second}, find)


def _own(name: str, observed: Observed) -> str:
    """A feature's own name, where it was given as answers show it."""
    return shown_name(name, observed.columns.features)
