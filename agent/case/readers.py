"""The readers of a run's events, and what they raise, which is never an operator's or a tool's failure."""

from collections.abc import Callable

from agent.case.event_log import log_run_event
from agent.case.event_spans import spans_where_asked
from agent.case.events import Event


class Readers:
    """Hands events on. What a reader raises is its own, wherever it comes up: it stays apart from what operators and tools raise."""

    def __init__(self, emit: Callable[[Event], None]) -> None:
        self._emit = emit
        self._spans = spans_where_asked()
        self.error: Exception | None = None

    def __call__(self, event: Event) -> None:
        log_run_event(event)
        if self._spans is not None:
            self._spans(event)
        try:
            self._emit(event)
        except Exception as error:
            self.error = error
            raise

    def check(self) -> None:
        """Raise what a reader raised, if one did."""
        if self.error is not None:
            raise self.error
