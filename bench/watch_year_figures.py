"""What came of a year of `watch_year`: read from the record and from what arrived at the webhook, which know nothing of each other."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, pairwise
from textwrap import shorten

from sqlalchemy import select
from watch_year_life import Life
from watch_year_truth import START, Truth, there

from pipeline.record.cases import Case, concluded
from pipeline.shadow.deployed import deploys
from pipeline.state.alerts import newest_alerts
from pipeline.state.checks import checks_between
from pipeline.state.watch_tables import outbox
from pipeline.words import cause_name, counted
from reports.decisions.verification import verify

_ALL = 100_000


@dataclass(frozen=True)
class SeenCase:
    """A case that asked something of people: when, and what it said. `about` is what had happened, None where nothing had."""

    case_id: str
    day: int
    status: str
    cause: str
    column: str | None
    said: str
    about: str | None


@dataclass(frozen=True)
class Noticed:
    """One thing that happened: the day it began, and the day and words of the first case about it; None where there was none."""

    name: str
    kind: str
    begin: int
    day: int | None
    said: str


@dataclass(frozen=True)
class WatchedYear:
    """The figures of one year. `lost`: alerts whose first message never arrived; `doubled`: messages that arrived under two keys, or alerts that stood
    twice; `again`: messages that arrived twice under one key, as a kill makes them; `asked`: times each challenger's approval was asked for."""

    seed: int
    days: int
    every: int
    checks: int
    failed: int
    killed: int
    outages: tuple[tuple[int, int], ...]
    noticed: tuple[Noticed, ...]
    cases: tuple[SeenCase, ...]
    alerts: int
    false_alerts: int
    arrived: int
    refused: int
    again: int
    lost: int
    doubled: int
    asked: tuple[int, ...]
    deployed: tuple[int, ...]
    rolled_back: tuple[int, ...]
    drift: tuple[tuple[int, float], ...]
    measured: tuple[tuple[int, float, float, float], ...]
    verified: bool

    @property
    def false(self) -> int:
        return sum(case.about is None for case in self.cases)


def watched_year(life: Life, days: int, every: int) -> WatchedYear:
    """Read all of it once the year is over."""
    opened = life.opened
    checks = checks_between(opened.state, START, life.now)
    moved = deploys(opened)
    served = tuple(sorted((day_of(one.at), one.ended) for one in moved))
    deployed = tuple(day for day, _ in served)
    truths = tuple(truth for truth in life.year.truths if truth.begin < days)
    seen = [_seen(case, truths, deployed) for case in reversed(opened.cases.newest(_ALL)) if _asks(case)]
    alerts = newest_alerts(opened.state, _ALL, over=True)
    nothing = {case.case_id for case in seen if case.about is None}
    with opened.state.read() as connection:
        queued = {row.key: row for row in connection.execute(select(outbox))}
    keys = Counter(told["key"] for _, told in life.hook.arrived)
    firsts = Counter(
        told["alert"] for key, told in {told["key"]: told for _, told in life.hook.arrived}.items() if told["phase"] == "first"
    )
    asked = Counter(
        told["case_id"] for told in {told["key"]: told for _, told in life.hook.arrived}.values()
        if told["kind"] == "challenger_waits" and told["phase"] == "first"
    )  # fmt: skip
    twice = Counter((row.alert, row.phase, row.destination) for row in queued.values() if row.phase in {"first", "over"})
    return WatchedYear(
        seed=life.seed,
        days=days,
        every=every,
        checks=sum(check.status not in {"failed", "parked"} for check in checks),
        failed=sum(check.status == "failed" for check in checks),
        killed=life.killed,
        outages=tuple(outage for outage in life.year.outages if outage[0] < days),
        noticed=tuple(_noticed(truth, seen) for truth in truths),
        cases=tuple(seen),
        alerts=len(alerts),
        false_alerts=sum(alert.condition.case_id in nothing for alert in alerts),
        arrived=len(keys),
        refused=life.hook.refused,
        again=sum(many - 1 for many in keys.values()),
        lost=sum(firsts[alert.number] == 0 for alert in alerts) + sum(row.sent_at is None for row in queued.values()),
        doubled=sum(many > 1 for many in (*firsts.values(), *twice.values())) + _standing_twice(alerts),
        asked=tuple(asked.values()),
        deployed=deployed,
        rolled_back=tuple(life.rolled_back),
        drift=tuple((day_of(check.started_at), check.drift_share) for check in checks if check.drift_share is not None),
        measured=tuple(
            (day_of(check.started_at), one.value, one.low or one.value, one.high or one.value)
            for check in checks
            if check.figures is not None and (one := check.figures.measured) is not None
        ),
        verified=verify(opened).ok,
    )


def day_of(at: datetime) -> int:
    """The day of the year, from 0."""
    return (at - START).days


def _asks(case: Case) -> bool:
    """Whether a case that the watch made asked something of people."""
    return case.started_by == "watch" and case.status not in {"no_deploy_needed", "open"}


def _seen(case: Case, truths: Sequence[Truth], deployed: Sequence[int]) -> SeenCase:
    found, day = concluded(case), day_of(case.opened_at)
    cause, column = "deploy" if case.kind == "deploy" else found.cause if found else case.status, found.column if found else None
    about = [truth for truth in there(truths, day, deployed) if (truth.kind == "deploy") == (case.kind == "deploy")]
    # Of several that are there, the one whose cause and column were said goes first, then the oldest: a word that fits none is no sign of the newer one.
    about.sort(key=lambda truth: (cause not in truth.causes, column != truth.column, truth.begin))
    told = f"{cause_name(found.cause)}: {found.said}" if found else case.status
    said = "a rollback is recommended" if case.kind == "deploy" else told
    return SeenCase(case.case_id, day, case.status, cause, column, said, about[0].name if about else None)


def _noticed(truth: Truth, seen: Sequence[SeenCase]) -> Noticed:
    first = next((case for case in seen if case.about == truth.name), None)
    return Noticed(truth.name, truth.kind, truth.begin, first.day if first else None, first.said if first else "")


def _standing_twice(alerts: Sequence[object]) -> int:
    """Alerts of one cause that stood at the same time."""
    by_key: dict[str, list[tuple[datetime, datetime | None]]] = {}
    for alert in alerts:
        by_key.setdefault(alert.condition.key, []).append((alert.opened_at, alert.ended_at))  # type: ignore[attr-defined]
    spans = [sorted(each) for each in by_key.values()]
    return sum(end is None or end > begin for each in spans for (_, end), (begin, _) in pairwise(each))


def _line(alike: Sequence[SeenCase]) -> str:
    """Cases that follow each other and say the same."""
    first, last = alike[0], alike[-1]
    days = f"{first.day}" if first.day == last.day else f"{first.day} to {last.day}"
    return f"| {days} | {len(alike)} | {first.said.replace('|', '¦')} | {first.about or 'nothing: false'} |"


def lines_of(found: WatchedYear) -> list[str]:
    """The tables, as Markdown."""
    rows = ["| what happened | began | noticed | after | what was said |", "|---|---|---|---|---|"]
    for one in found.noticed:
        seen = "–" if one.day is None else f"day {one.day}"
        after = "–" if one.day is None else f"{one.day - one.begin} d"
        rows.append(f"| {one.name} | day {one.begin} | {seen} | {after} | {shorten(one.said, 130, placeholder=' …').replace('|', '¦')} |")
    asked = ", ".join(map(str, found.asked)) or "none was"
    return [
        *rows,
        "",
        f"Seed {found.seed}, {found.days} days, a check every {counted(found.every, 'day')}: {found.checks} checks, {found.failed} failed, {found.killed} watchers killed, "
        f"{len(found.outages)} outages of the destination ({found.refused} refusals).",
        f"Cases that asked something of people: {len(found.cases)}, false: {found.false}; alerts about those: {found.false_alerts}.",
        f"Alerts: {found.alerts}; notices lost: {found.lost}, doubled: {found.doubled}, arrived again under the same key after a kill: {found.again}.",
        f"Approvals asked for: {len(found.asked)}, times each: {asked}. Rolled back on day {', '.join(map(str, found.rolled_back)) or '–'}. "
        f"The ledger verifies: {'yes' if found.verified else 'no'}.",
    ]


def case_lines(found: WatchedYear) -> list[str]:
    """The cases as Markdown; too many for a page."""
    return [
        "| days | cases | the first said | about |",
        "|---|---|---|---|",
        *(_line(list(alike)) for _, alike in groupby(found.cases, lambda one: (one.cause, one.column, one.about))),
    ]
