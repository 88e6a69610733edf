"""The events of a run in the log (`--log-json`): who was asked, which tools were called and how it ended, without a word of what was said."""

import logging

from agent.case.events import Crashed, Event, OperatorChanged, Refused, Spent, Started, Stopped, ToolCalled, ToolReturned, TurnStarted
from pipeline.log_lines import case_id, log_event

_log = logging.getLogger(__name__)


def log_run_event(event: Event) -> None:
    """Log one event; from the first on, everything logged in this run carries the case's id."""
    match event:
        case Started():
            case_id.set(event.case_id)
            log_event(_log, event.kind, operator=event.operator)
        case TurnStarted():
            log_event(_log, event.kind, turn=event.turn, operator=event.operator)
        case ToolCalled():
            log_event(_log, event.kind, tool=event.name, number=event.number)
        case ToolReturned():
            log_event(_log, event.kind, tool=event.name, is_error=event.is_error)
        case Refused():
            log_event(_log, event.kind, tool=event.name, rule=event.rule)
        case Crashed():
            log_event(_log, event.kind, where=event.where)
        case Spent():
            log_event(_log, event.kind, turn=event.turn, usd=event.total.usd)
        case OperatorChanged():
            log_event(_log, event.kind, failed=event.failed, operator=event.operator)
        case Stopped():
            log_event(_log, event.kind, stopped=event.stopped, operator=event.operator, turns=event.turns, tool_calls=event.tool_calls)
