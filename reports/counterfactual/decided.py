"""Decisions of people, each with what the other answer would have brought on the same customers."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Literal

from pydantic import BaseModel

from pipeline.clock import moment
from pipeline.diagnosis.attribution.attribution import POINTS, LossShare
from pipeline.measures.measure import Comparison
from pipeline.record.cases import Case, TrainingResult, concluded
from pipeline.record.entry import Entry
from pipeline.record.ledger import MOVES
from pipeline.record.opened_workspace import Opened
from pipeline.shadow.paired import Paired, paired, turned
from pipeline.shown_text import plain
from pipeline.words import counted

Given = Literal["approved", "rejected", "fix_data"]
_Z = 1.645  # standard errors of a 90% interval
_NEWEST = 40  # answers on challengers, and fixes of data; older ones have no scores any more
_TICK = timedelta(microseconds=1)  # as times are stored: `paired` leaves the first moment out, a month leaves the next one's out


class MonthBrought(BaseModel, frozen=True):
    """The decisions' customers of one month (UTC), as `DecisionOutcome.brought`."""

    month: str
    customers: int
    labelled: int
    brought: Comparison | None


class DecisionOutcome(BaseModel, frozen=True):
    """One decision. `promised` and `brought` are the challenger's campaign profit over that of the model that served before it, in points of the maximum: as its report
    said, and on `labelled` of the `customers` whom both scored since; None where nobody can tell. `other`: what the other answer would have brought
    more than the one that was given; below 0, it was the right one. `money`: the same for all those customers, in the team's currency, None where
    `[value]` is not set. A fix of data has no challenger: `fault` is what the broken column cost as the case measured it, and `other` is to leave it broken, in the unit of that share;
    `by` is empty where no person ruled or decided. `policy_version`: of the policy that the case was judged by."""

    case_id: str
    at: datetime
    given: Given
    by: str
    policy_version: str
    version: str | None
    promised: Comparison | None
    customers: int
    labelled: int
    brought: Comparison | None
    other: Comparison | None
    money: Comparison | None
    fault: LossShare | None
    months: tuple[MonthBrought, ...]
    said: str


def decision_outcomes(opened: Opened, since: datetime | None = None, until: datetime | None = None) -> tuple[DecisionOutcome, ...]:
    """The newest decisions, newest first; of customers scored in `since` <= time < `until` alone where these are given, and then only decisions that have any, or were made then.

    Raises:
        IntegrityError: the ledger does not hold.
    """
    entries = opened.ledger.entries()
    answers, fixes = list[DecisionOutcome](), list[DecisionOutcome]()
    for case in opened.cases.all():
        fix = case.action == "fix_data" and case.closed_at is not None
        found = _fixed(case) if fix else _answered(opened, case, entries, since, until)
        if found is None:
            continue
        made = (since is None or found.at >= since) and (until is None or found.at < until)
        if made or (since is not None and found.customers):
            (fixes if fix else answers).append(found)
    newest = (one for each in (answers, fixes) for one in sorted(each, key=_when, reverse=True)[:_NEWEST])
    return tuple(sorted(newest, key=_when, reverse=True))


def _when(one: DecisionOutcome) -> datetime:
    return one.at


def _answered(
    opened: Opened, case: Case, entries: Sequence[Entry], since: datetime | None, until: datetime | None
) -> DecisionOutcome | None:
    if case.decision is None or case.challenger is None or case.status not in ("approved", "rejected"):
        return None
    approved = case.status == "approved"
    # An approved model serves from its move on, beside the one it replaced; one that was not approved is asked from its case on.
    # By its place in the ledger: a signed decision has the time of whoever signed it, which may go wrong.
    answer = next(entry for entry in entries if entry.case_id == case.case_id and entry.kind == ("deployed" if approved else "rejected"))
    begin = moment(answer.at) if approved else case.opened_at
    end = min([opened.clock(), *(moment(entry.at) for entry in entries if entry.kind in MOVES and entry.seq > answer.seq)])
    first, last = max(begin, since - _TICK if since else begin), min(end, until - _TICK if until else end)
    shadow = case.champion.digest if approved else case.challenger.digest

    def between(after: datetime, before: datetime) -> Paired | None:
        return paired(opened, shadow, after, before, _Z) if after < before else None

    found, result = between(first, last), _result(opened, case)
    brought = _brought(found, approved=approved)
    promised = result.margins.profit if result is not None and result.margins is not None else None
    other = None if brought is None else turned(brought) if approved else brought
    months = tuple(_monthly(first, last)) if since is None else ()
    told = [(name, between(after, before)) for name, after, before in months]
    return DecisionOutcome(
        case_id=case.case_id,
        at=case.decision.at,
        given="approved" if approved else "rejected",
        by=plain(case.decision.reviewer, 80),
        policy_version=case.policy_version,
        version=case.challenger.version,
        promised=promised,
        customers=found.customers if found else 0,
        labelled=found.labelled if found else 0,
        brought=brought,
        other=other,
        money=_money(opened, other, found, result),
        fault=None,
        months=tuple(
            MonthBrought(month=name, customers=one.customers, labelled=one.labelled, brought=_brought(one, approved=approved))
            for name, one in told
            if one is not None
        ),
        said=_said(case, other, found, approved=approved),
    )


def _brought(found: Paired | None, *, approved: bool) -> Comparison | None:
    """The challenger's profit over the other model's: it served where it was approved, else it was in the shadow."""
    if found is None or found.margins is None:
        return None
    return found.margins.profit if approved else turned(found.margins.profit)


def _money(opened: Opened, other: Comparison | None, found: Paired | None, result: TrainingResult | None) -> Comparison | None:
    if other is None or found is None or result is None or result.campaigns is None or not opened.settings.value.own:
        return None
    unit = result.campaigns.maximum / 100 * found.customers
    return Comparison(difference=other.difference * unit, low=other.low * unit, high=other.high * unit, n=other.n)


def _result(opened: Opened, case: Case) -> TrainingResult | None:
    digest = case.challenger.digest if case.challenger else None
    done = [one.result for one in opened.cases.trainings(case.case_id) if one.result is not None and one.result.digest == digest]
    return done[-1] if done else None


def _monthly(first: datetime, last: datetime) -> Iterator[tuple[str, datetime, datetime]]:
    """Months of what was scored in `first` < time <= `last`, each with such bounds of its own."""
    after = first
    while after < last:
        begun = after + _TICK
        following = begun.replace(day=1, hour=0, minute=0, second=0, microsecond=0) + timedelta(days=32)
        before = min(last, following.replace(day=1) - _TICK)
        yield f"{begun:%Y-%m}", after, before
        after = before


def _said(case: Case, other: Comparison | None, found: Paired | None, *, approved: bool) -> str:
    assert case.challenger is not None
    instead = f"Version {case.challenger.version} was {'approved' if approved else 'rejected'}"
    if found is None:
        return f"{instead}; no customer was scored by both models since, so what the other answer would have brought is not known."
    if other is None:
        return f"{instead}; {counted(found.labelled, 'outcome')} known of {counted(found.customers, 'customer')} whom both models scored: too few to tell."
    points = (
        f"{other.difference:+.1f} ({other.low:+.1f} to {other.high:+.1f}) points of the maximum on {counted(found.labelled, 'customer')}"
    )
    if other.high < 0:
        return f"{instead}, rightly: the other answer would have brought {points}."
    if other.low > 0:
        return f"{instead}; the other answer would have brought more: {points}."
    return f"{instead}; whether the other answer would have brought more is not sure: {points}."


def _fixed(case: Case) -> DecisionOutcome:
    assert case.closed_at is not None  # asked by the caller
    found = concluded(case)
    split = found.attribution if found else None
    shares = [one for one in split.shares if one.what == "broken_column"] if split and split.measure == "profit" else []
    fault = min(shares, key=lambda one: one.amount, default=None)
    other = None
    said = "The data were to be fixed; what leaving them broken would have cost is not known: no usable outcomes told."
    if fault is not None and split is not None:
        other = Comparison(difference=fault.amount, low=fault.low, high=fault.high, n=split.rows)
        unit = split.unit if split.unit == POINTS else f"in the team's currency {split.unit}"
        said = f"The data were to be fixed; leaving {plain(fault.where or 'them')} broken would have gone on to bring {fault.amount:+.1f} ({fault.low:+.1f} to {fault.high:+.1f}) {unit}."
    return DecisionOutcome(
        case_id=case.case_id,
        at=case.closed_at,
        given="fix_data",
        by=plain(case.decision.reviewer if case.decision else case.override.by if case.override else "", 80),
        policy_version=case.policy_version,
        version=None,
        promised=None,
        customers=0,
        labelled=split.rows if split else 0,
        brought=None,
        other=other,
        money=None,
        fault=fault,
        months=(),
        said=said,
    )
