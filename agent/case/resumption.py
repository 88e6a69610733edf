"""Going on with a case that a kill, or a bound, left unfinished: what is known, what was tried, and what of the bounds is left."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from agent.case.bounds import Used
from agent.case.events import Event, Spent, Started, Stopped, TurnStarted
from agent.conversation.messages import Earlier, Spend
from pipeline.errors import ChurnopsError
from pipeline.record.cases import Call, Case
from pipeline.record.champion import require_champion
from pipeline.record.opened_workspace import Opened
from pipeline.words import STATUSES
from tools.archive import measured_drift

_BRIEFED = ("get_drift_summary", "get_current_model_metrics", "diagnose")
_EVENTS: TypeAdapter[Event] = TypeAdapter(Event)


def resumable(opened: Opened, beginning: str) -> Case:
    """The unfinished case whose id is, or begins with, `beginning`.

    Raises:
        ChurnopsError: there is none, it is closed, or what it was opened on has changed.
    """
    case = opened.cases.find(beginning)
    if case.status not in {"open", "partial"}:
        raise ChurnopsError(
            f"Case {case.case_id} has status “{STATUSES[case.status]}”: there is nothing to resume.",
            f"`churnops reports show {case.case_id}` shows its report; `churnops triage` looks at the current window.",
        )
    if case.kind != "triage" or case.drift is None or case.window is None:
        raise ChurnopsError(f"Case {case.case_id} is no triage.", f"Run `churnops {case.started_by}` again: it goes on by itself.")
    if require_champion(opened.workspace, opened.ledger).digest != case.champion.digest:
        raise ChurnopsError(f"The champion moved since case {case.case_id} was opened.", "Run `churnops triage`: it opens a new case.")
    if opened.policy.version != case.policy_version:
        raise ChurnopsError(f"The policy changed since case {case.case_id} was opened.", "Run `churnops triage`: it opens a new case.")
    return case


def known_results(case: Case, calls: Iterable[Call]) -> dict[str, Mapping[str, Any]]:
    """What the case's record holds of the results that an operator is briefed with, by tool."""
    found: dict[str, Mapping[str, Any]] = {"get_drift_summary": measured_drift(case).model_dump(mode="json")}
    found.update({call.tool: call.result for call in calls if call.tool in _BRIEFED and call.outcome == "ok"})
    return found


def earlier_calls(calls: Iterable[Call]) -> tuple[Earlier, ...]:
    """What was looked at and tried in a case beyond the briefing."""
    return tuple(
        Earlier(name=call.tool, arguments=call.arguments, structured=call.result)
        for call in calls
        if call.outcome == "ok" and call.tool not in _BRIEFED and call.tool != "save_remediation_report"
    )


def used_before(transcript: Path) -> Used:
    """What runs that were killed have used of the bounds: all since the last run that came to its end. Half a line at the end is left out."""
    turns, spend, seconds, running = 0, Spend(), 0.0, Spend()
    began: datetime | None = None
    last: datetime | None = None
    for event in _events(transcript):
        if isinstance(event, Stopped):
            turns, spend, seconds, running, began = 0, Spend(), 0.0, Spend(), None
            continue
        if isinstance(event, Started):
            seconds += _span(began, last)
            spend, running, began = spend + running, Spend(), event.at
        elif isinstance(event, TurnStarted):
            turns, running = event.turn, event.reserved
        elif isinstance(event, Spent):
            spend, running = event.total, Spend()
        last = event.at
    return Used(turns, spend + running, seconds + _span(began, last))


def _events(transcript: Path) -> Iterable[Event]:
    if not transcript.is_file():
        return
    for line in transcript.read_bytes().splitlines():
        try:
            yield _EVENTS.validate_json(line, extra="allow")  # its bounds are of the policy, which is strict elsewhere
        except ValidationError:
            continue  # torn by a kill, or written by another version


def _span(began: datetime | None, last: datetime | None) -> float:
    return (last - began).total_seconds() if began is not None and last is not None else 0.0
