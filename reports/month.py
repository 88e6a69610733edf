"""One month of a workspace, for people who were not there: which models served, what was found and decided, how well it went."""

from dataclasses import dataclass
from datetime import UTC, datetime

from pipeline.errors import ChurnopsError
from pipeline.record.cases import Case
from pipeline.record.opened_workspace import Opened
from pipeline.shown_text import plain
from pipeline.state.alerts import Alert, alerts_between
from pipeline.state.checks import Check, checks_between
from pipeline.state.predictions import LoggedDay, logged_per_day
from pipeline.words import STATUSES, action_name, cause_name, counted
from reports.counterfactual.decided import DecisionOutcome, decision_outcomes
from reports.deploys import DeployOutcome, deploy_outcomes
from reports.markdown_cells import cell
from reports.workspace_history import Served, in_short, served

_FIRST, _LAST = 1970, 9998  # years: a month has one before and one after it


@dataclass(frozen=True)
class Month:
    """What is on record of `since` <= time < `until` (UTC). `served`: the moves of the champion, and `before` who served when it began; `deploys` are
    those made in it, as they stand now, `decisions` those on whose customers of the month both answers can be compared, or that were made in it. Lists are oldest first."""

    name: str
    since: datetime
    until: datetime
    before: Served | None
    served: tuple[Served, ...]
    deploys: tuple[DeployOutcome, ...]
    decisions: tuple[DecisionOutcome, ...]
    cases: tuple[Case, ...]
    checks: tuple[Check, ...]
    alerts: tuple[Alert, ...]
    days: tuple[LoggedDay, ...]


def first_of(text: str) -> datetime:
    """When a month written like 2026-10 begins (UTC).

    Raises:
        ChurnopsError: it is none.
    """
    try:
        since = datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC)
    except ValueError:
        since = None
    if since is None or not _FIRST <= since.year <= _LAST:
        raise ChurnopsError(f"{plain(text)!r} is no month of {_FIRST} to {_LAST}.", "Write it like 2026-10.")
    return since


def span_of(text: str) -> tuple[datetime, datetime]:
    """When a month begins, and when the next one does (UTC). Errors as `first_of`."""
    since = first_of(text)
    return since, _next(since)


def _next(since: datetime) -> datetime:
    return since.replace(year=since.year + since.month // 12, month=since.month % 12 + 1)


def month(opened: Opened, since: datetime) -> Month:
    """The month that begins at `since`.

    Raises:
        ChurnopsError: it has not begun yet.
        IntegrityError: the ledger does not hold.
    """
    until = _next(since)
    if since > opened.clock():
        raise ChurnopsError(f"{since:%Y-%m} has not begun.", "Name a month that has.")

    def within(at: datetime) -> bool:
        return since <= at < until

    moves = served(opened)
    return Month(
        name=f"{since:%Y-%m}",
        since=since,
        until=until,
        before=next((one for one in moves if one.since < since), None),
        served=tuple(one for one in reversed(moves) if within(one.since)),
        deploys=tuple(one for one in reversed(deploy_outcomes(opened)) if within(one.since)),
        decisions=tuple(reversed(decision_outcomes(opened, since, until))),
        cases=tuple(case for case in reversed(opened.cases.all()) if within(case.opened_at)),
        checks=checks_between(opened.state, since, until),
        alerts=alerts_between(opened.state, since, until),
        days=logged_per_day(opened.state, since, until),
    )


def month_markdown(told: Month, workspace: str) -> str:
    """The month as Markdown. Names and values from data are escaped."""
    parts = [f"# {cell(workspace)}: {told.name}", _in_short(told)]
    parts += [
        "## Models",
        _models(told),
        "## Cases",
        _cases(told),
        "## Decisions",
        _decisions(told),
        "## How well it went",
        _figures(told),
        "## Alerts",
        _alerts(told),
    ]
    return "\n\n".join(parts) + "\n"


def _in_short(told: Month) -> str:
    failed = sum(check.status == "failed" for check in told.checks)
    rows = sum(day.rows for day in told.days)
    return (
        f"{counted(rows, 'prediction')} logged on {counted(len(told.days), 'day')}; {counted(len(told.checks), 'check')}"
        f"{f', {failed} of them failed' if failed else ''}; {counted(len(told.cases), 'case')} opened; {counted(len(told.deploys), 'deploy')}; "
        f"{counted(len(told.alerts), 'alert')}."
    )


def _models(told: Month) -> str:
    first = [f"- When the month began, version {told.before.version} served."] if told.before else []
    moves = [
        f"- {one.since:%Y-%m-%d}: version {one.version} serves ({one.how}{f' by {cell(plain(one.by, 80))}' if one.by else ''})"
        f"{f': {cell(plain(one.reason, 200))}' if one.reason else ''}"
        for one in told.served
    ]
    brought = [f"- Version {one.version}, deployed on {one.since:%Y-%m-%d}: {cell(one.said)}" for one in told.deploys]
    return "\n".join([*first, *moves, *brought]) or "No model served."


def _cases(told: Month) -> str:
    if not told.cases:
        return "None."
    lines = ["| case | opened | found | action | status | decided by |", "|---|---|---|---|---|---|"]
    for case in told.cases:
        short = in_short(case)
        lines.append(
            f"| {case.case_id} | {case.opened_at:%Y-%m-%d} | {cause_name(short.cause)} | {action_name(case.action)} | {STATUSES[case.status]} | "
            f"{cell(plain(short.decided_by or '', 80))} |"
        )
    return "\n".join(lines)


def _decisions(told: Month) -> str:
    if not told.decisions:
        return "None."
    lines = ["| decided | by | answer | customers, with outcome | the other answer, points (90%) |", "|---|---|---|---:|---:|"]
    for one in told.decisions:
        who, answer = cell(one.by) or "nobody", f"version {one.version} {one.given}" if one.version else "fix the data"
        shown = (
            "not known"
            if one.other is None or one.fault is not None
            else f"{one.other.difference:+.1f} ({one.other.low:+.1f} to {one.other.high:+.1f})"
        )
        lines.append(f"| {one.at:%Y-%m-%d} | {who} | {answer} | {one.customers:,}, {one.labelled:,} | {shown} |")
    return "\n".join(lines)


def _figures(told: Month) -> str:
    seen = [(check.started_at, check.figures) for check in told.checks if check.figures is not None]
    rows = [
        ("ROC-AUC, measured", [(at, one.measured.value) for at, one in seen if one.measured], ".3f"),
        ("ROC-AUC, expected without outcomes", [(at, one.expected.value) for at, one in seen if one.expected], ".3f"),
        ("churn rate of known outcomes", [(at, one.churn_rate) for at, one in seen if one.churn_rate is not None], ".1%"),
        ("features drifted", [(at, float(sum(ratio >= 1 for ratio in one.drift.values()))) for at, one in seen if one.drift], ".0f"),
        ("mean score of a day", [(day.at, day.mean_score) for day in told.days], ".1%"),
        ("predictions of a day", [(day.at, float(day.rows)) for day in told.days], ",.0f"),
    ]
    known = [(name, figures, written) for name, figures, written in rows if figures]
    if not known:
        return "Nothing was measured: `churnops watch` does so on a schedule."
    lines = ["| figure | first | last | lowest | highest |", "|---|---:|---:|---:|---:|"]
    for name, figures, written in known:
        values = [value for _, value in figures]
        shown = (figures[0][1], figures[-1][1], min(values), max(values))
        lines.append(f"| {name} | {' | '.join(f'{value:{written}}' for value in shown)} |")
    return "\n".join(lines)


def _alerts(told: Month) -> str:
    if not told.alerts:
        return "None."
    return "\n".join(
        f"- {alert.opened_at:%Y-%m-%d}: {cell(plain(alert.condition.title, 200))} ({alert.condition.severity}; "
        f"{f'{cell(plain(alert.acked_by, 80))} had it' if alert.acked_by else 'nobody took it on'})"
        for alert in told.alerts
    )
