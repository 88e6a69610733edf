"""What people ruled of earlier cases, as evidence on this one: the same column broke before, or was found to have changed for good."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from pipeline.diagnosis.finding import Finding
from pipeline.record.cases import Case
from pipeline.shown_text import plain
from pipeline.words import cause_name

_MOST = 3  # rulings that are told; the newest ones


def past_rulings(cases: Sequence[Case], case_id: str | None, since: datetime | None) -> tuple[Finding, ...]:
    """Findings on earlier cases of which a person said what had happened, the newest first; those of `case_id` itself do not count.

    Only a person's word counts: what a diagnosis said of an earlier window is no evidence on this one.
    """
    ruled = [case for case in cases if case.override is not None and case.case_id != case_id and case.diagnosis and case.diagnosis.column]
    newest = sorted(ruled, key=lambda case: case.opened_at, reverse=True)[:_MOST]
    return tuple(_finding(case, since) for case in newest)


def _finding(case: Case, since: datetime | None) -> Finding:
    assert case.override is not None and case.diagnosis is not None  # asked before
    column, then = case.diagnosis.column or "", case.opened_at
    ago = 0.0 if since is None else (since - then) / timedelta(days=1)
    # Quotes inside would end the quotation.
    reason = plain(case.override.reason, 120).replace('"', "'")
    return Finding(
        family="history",
        name="ruled_before",
        column=column,
        strength=round(ago, 1),
        unit="days before the window",
        n=0,
        argues_for=(case.override.cause,),
        said=f"`{plain(column)}` was in question on {then:%Y-%m-%d} (case {case.case_id}): {plain(case.override.by, 40) or 'a person'} ruled "
        f'{cause_name(case.override.cause)}, "{reason}".',
    )
