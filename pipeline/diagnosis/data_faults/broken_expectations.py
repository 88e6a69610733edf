"""What a person declared of the log and is not so: a fault by declaration, whatever statistics say."""

from collections.abc import Mapping, Sequence

from pipeline.diagnosis.data_faults.fault import fault
from pipeline.diagnosis.finding import Finding, Name
from pipeline.expectations.violation import ColumnViolation, FeedKind, FeedViolation, Violation
from pipeline.shown_text import FOLD_BELOW
from pipeline.workspace.evidence_policy import DataRules

_FEED: Mapping[FeedKind, Name] = {"late": "feed_late", "too_few": "too_few_rows", "too_many": "too_many_rows"}


def broken_expectations(violations: Sequence[Violation], rules: DataRules, rows: int) -> tuple[Finding, ...]:
    """The violations of a window of so many `rows` as findings; those of a handful of rows are said and argue for nothing. A feature that is not there at all, the check of
    the columns says."""
    return tuple(
        _of_feed(one, rows) if isinstance(one, FeedViolation) else _of_rows(one, rules) for one in violations if one.kind != "absent"
    )


def _of_rows(one: ColumnViolation, rules: DataRules) -> Finding:
    # Fewer than ten customers are never counted out: the bound is told instead.
    share = min(1.0, FOLD_BELOW / one.of) if one.few else one.share
    if one.few or one.share < rules.declared_share:
        return Finding(
            family="expectations", name="expectation_missed", column=one.feature, strength=share, unit="share of the rows", n=one.of, share=share, said=one.said,
        )  # fmt: skip
    return fault("expectation_broken", one.said, share, one.of, column=one.feature).model_copy(update={"began": one.began})


def _of_feed(one: FeedViolation, rows: int) -> Finding:
    return fault(_FEED[one.kind], one.said, 1.0, rows, unit="share of the log")
