"""How requests fare, put on record each minute: counts by model version and hour, from a thread that no request waits for."""

import threading
from datetime import datetime

from pipeline.clock import Clock
from pipeline.state.database import State
from pipeline.state.serving_hours import BOUNDS, NO_REQUESTS, Requests, add_requests, hour_of

_EVERY_SECONDS = 60.0
_MOST_KEPT = 48  # versions and hours that wait for a database that is away; the oldest go first


class RequestRecord:
    """Counts of one worker since they were last put on record. What it counts in that minute is lost where it is killed."""

    def __init__(self, state: State, clock: Clock, every_seconds: float = _EVERY_SECONDS) -> None:
        self._state, self._clock = state, clock
        self._counted: dict[tuple[str, datetime], Requests] = {}
        self._lock, self._ended = threading.Lock(), threading.Event()
        self._thread = threading.Thread(target=self._run, args=(every_seconds,), name="request record", daemon=True)
        self._thread.start()

    def count(self, version: str, status: int, seconds: float) -> None:
        """One request that this version had, and the HTTP status of its answer; of refusals only those of what was sent are told."""
        kind = "failed" if status >= 500 else "refused" if status == 422 else "answered" if status < 400 else None
        if kind is None:
            return
        places = [0] * (len(BOUNDS) + 1)
        places[sum(seconds > bound for bound in BOUNDS)] = 1
        one = Requests(kind == "answered", kind == "refused", kind == "failed", tuple(places))
        self._add({(version, hour_of(self._clock())): one})

    def close(self) -> None:
        """Put the rest on record, and end."""
        self._ended.set()
        self._thread.join()

    def _run(self, every_seconds: float) -> None:
        last = False
        while not last:
            last = self._ended.wait(every_seconds)
            with self._lock:
                counted, self._counted = self._counted, {}
            try:
                if counted:
                    add_requests(self._state, counted)
            except Exception:  # the database is away, or whatever its driver raises: with the next minute
                self._add(counted)

    def _add(self, counted: dict[tuple[str, datetime], Requests]) -> None:
        with self._lock:
            for key, more in counted.items():
                self._counted[key] = self._counted.get(key, NO_REQUESTS) + more
            while len(self._counted) > _MOST_KEPT:
                del self._counted[min(self._counted, key=lambda key: key[1])]
