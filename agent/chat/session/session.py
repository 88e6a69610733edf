"""A session as its events tell it: a fold over them, so that a session that was killed goes on exactly where it stood."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from agent.chat.session import events
from agent.conversation.messages import Asked, Message, Nudge, OperatorTurn, Spend, ToolCall, ToolReturn

FRESH = timedelta(minutes=10)  # how long an answer stands for itself: predictions and outcomes keep arriving
QUESTION_CHARACTERS = 20_000  # of one question that an operator is handed; a table belongs into a file
_LABELS = 12  # calls that are named to somebody who named one that is not there
# These look, or put on record what they saw. Whatever else a server may offer asks the human first.
LOOKS = frozenset(
    {
        "get_drift_summary",
        "get_current_model_metrics",
        "diagnose",
        "inspect_feature",
        "compare_models",
        "get_history",
        "query",
        "preview_repair",
        "inspect_outcomes",
        "inspect_pair",
        "read_result",
    }
)


@dataclass
class Result:
    """A call of the session and what came of it; `ended` is None while it runs."""

    number: int
    call: ToolCall
    started: datetime
    ended: events.CallEnded | None = None


@dataclass
class Exchange:
    """A question, and everything up to its end. `stopped` is None while it is open."""

    number: int
    asked: str
    messages: list[Message]
    by: set[str] = field(default_factory=set)
    calls: list[int] = field(default_factory=list)
    decisions: list[str] = field(default_factory=list)
    answer: str = ""
    ended: events.QuestionEnded | None = None


class Session:
    """The state of a session. `apply` takes the next event; `record` also hands it to whoever keeps and shows it. `shown` is what its
    commands showed, `folded` the number of questions that are handed on in short."""

    def __init__(self, keep: Callable[[events.Event], None], clock: Callable[[], datetime]) -> None:
        self._keep = keep
        self.now = clock
        self.session_id = ""
        self.operator = ""
        self.window = ""
        self.exchanges: list[Exchange] = []
        self.results: dict[int, Result] = {}
        self.shown: list[str] = []
        self.queue: list[str] = []
        self.spend = Spend()
        self.folded = 0
        self._exact: set[str] = set()
        self._always: set[str] = set()
        self._fresh: dict[str, int] = {}
        self._cited: dict[int, int] = {}

    def record(self, event: events.Event) -> None:
        """The event happened: it is kept first, then it counts."""
        self._keep(event)
        self.apply(event)

    def apply(self, event: events.Event) -> None:
        """Take in an event that has been kept."""
        match event:
            case events.SessionOpened():
                self.session_id, self.operator, self.window = event.session_id, event.operator, event.window
            case events.Queued():
                self.queue.append(event.text)
            case events.QuestionAsked():
                self._waited(event.queued)
                self.exchanges.append(Exchange(event.number, event.text, [Asked(text=_handed(event.text))]))
            case events.OperatorSaid():
                self._said(event)
            case events.OperatorGaveUp():
                self.spend += event.spend
            case events.CallStarted():
                self.results[event.number] = Result(event.number, event.call, event.at)
                self.exchanges[-1].calls.append(event.number)
            case events.ConsentGiven():
                self._consented(event)
            case events.CallEnded():
                self._answered(event)
            case events.QuestionEnded():
                self._ended(event)
            case events.CommandRan():
                self._waited(event.queued)
                self.spend += event.spend
                self.shown.append(event.markdown)
                if event.changes:
                    self._new_ground(f"the human ran {event.line[:100]}, which showed: {' '.join(event.markdown.split())[:300]}")
            case events.Changed():
                self._changed(event)
            case events.Folded():
                self.folded = event.upto

    @property
    def open(self) -> Exchange | None:
        """The question that is being answered, or was when the session was cut off."""
        return self.exchanges[-1] if self.exchanges and self.exchanges[-1].ended is None else None

    @property
    def answered(self) -> bool:
        """Whether all that lacks to the end of the open question is the record of it."""
        last = self.exchanges[-1].messages[-1]
        return isinstance(last, OperatorTurn) and not last.calls and not last.paused

    def unanswered(self) -> tuple[ToolCall, ...]:
        """Calls of the open question that have no answer yet."""
        messages = self.exchanges[-1].messages
        for answered, message in enumerate(reversed(messages)):
            if isinstance(message, OperatorTurn):
                return message.calls[answered:]
        return ()

    def known(self, call: ToolCall) -> Result | None:
        """The earlier call whose answer still stands for `call`: the same tool and arguments, nothing changed since, not long ago."""
        number = self._fresh.get(exact(call)) if call.name in LOOKS else None
        found = None if number is None else self.results[number]
        return found if found is not None and found.ended is not None and self.now() - found.ended.at < FRESH else None

    def called(self, label: str) -> Result | None:
        """The answered call that is shown as `label`: the newest with that number, for `#4` the session's fourth."""
        ours = label.startswith("#")
        digits = label.removeprefix("#")
        if not (digits.isascii() and digits.isdecimal() and len(digits) < 10):
            return None
        found = self.results.get(int(digits) if ours else self._cited.get(int(digits), 0))
        return found if found is not None and found.ended is not None else None

    def label(self, result: Result) -> str:
        """What `called` takes for an answered call; of two with one number, of two cases, only the newer one has it."""
        assert result.ended is not None  # there is nothing to show of a call before it ended
        known = result.ended.cited
        if known is None or self._cited[known] not in {result.number, result.ended.cached_from}:
            return f"#{result.number}"
        return str(known)

    def labels(self) -> tuple[str, ...]:
        """The newest answered calls, as `called` takes them, the oldest of them first."""
        answered = [self.label(result) for result in self.results.values() if result.ended is not None]
        return tuple(dict.fromkeys(answered))[-_LABELS:]

    def consented(self, call: ToolCall, bounds: str) -> bool:
        """Whether the human has allowed this very call, or all within the same bounds."""
        return exact(call) in self._exact or bounds in self._always

    def _said(self, event: events.OperatorSaid) -> None:
        exchange = self.exchanges[-1]
        self.spend += event.spend
        exchange.messages.append(event.turn)
        exchange.by.add(event.by)
        exchange.answer = event.turn.text or exchange.answer

    def _consented(self, event: events.ConsentGiven) -> None:
        if event.answer == "yes":
            self._exact.add(event.exact)
        elif event.answer == "always":
            self._always.add(event.bounds)
        self.exchanges[-1].decisions.append(f"the human said {event.answer} to {event.exact[:300]}")

    def _answered(self, event: events.CallEnded) -> None:
        result = self.results[event.number]
        result.ended = event
        if event.cited is not None and event.cached_from is None:
            self._cited[event.cited] = event.number
        call = result.call
        answer = ToolReturn(call_id=call.id, name=call.name, is_error=event.is_error, text=event.shown, structured=event.structured)
        self.exchanges[-1].messages.append(answer)
        if call.name not in LOOKS:
            self.exchanges[-1].decisions.append(f"call {event.label}, {call.name}: {event.line}")
            self._fresh.clear()
        elif not event.is_error and event.cached_from is None:
            self._fresh[exact(call)] = event.number

    def _ended(self, event: events.QuestionEnded) -> None:
        exchange = self.exchanges[-1]
        exchange.ended = event
        if event.stopped != "finished":
            said = f" after saying: “{event.partial.strip()[-500:]}”" if event.partial.strip() else ""
            exchange.messages.append(Nudge(text=f"This question was stopped ({event.stopped.replace('_', ' ')}){said}."))

    def _changed(self, event: events.Changed) -> None:
        if event.what == "operator":
            self.operator = event.to
        else:
            self.window = event.to
            self._new_ground(f"from here on the human looks at another window: {event.to}")

    def _new_ground(self, why: str) -> None:
        """What was read is about something else, or how things were: it is handed on in short, and looked at anew."""
        self._fresh.clear()
        self.folded = len(self.exchanges)
        if self.exchanges:
            self.exchanges[-1].decisions.append(why)

    def _waited(self, queued: bool) -> None:
        if queued:
            self.queue.pop(0)


def exact(call: ToolCall) -> str:
    """The call as one line of JSON: the same tool and arguments, the same line."""
    return f"{call.name} {json.dumps(call.arguments, sort_keys=True, ensure_ascii=False, separators=(',', ':'))}"


def _handed(text: str) -> str:
    if len(text) <= QUESTION_CHARACTERS:
        return text
    return f"{text[:QUESTION_CHARACTERS]}\n(… {len(text) - QUESTION_CHARACTERS:,} more characters were left out)"
