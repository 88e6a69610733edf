"""Writing answers down before they are given: requests that come while a transaction is on its way to the disk share the next one."""

import asyncio
import queue
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pipeline.clock import stamp
from pipeline.errors import ChurnopsError
from pipeline.serving.request_counters import Measures
from pipeline.state.database import State, predictions

_MOST_TOGETHER = 2_000  # rows; a transaction of so many takes some 20 ms, and no request waits longer for its own


@dataclass(frozen=True, slots=True)
class LoggedPrediction:
    """One row of the log: a customer as it was scored (`features` by name, missing is None), when, by which version, and the score."""

    id: str
    at: datetime
    version: str
    score: float
    features: dict[str, float | str | None]


@dataclass(frozen=True, slots=True)
class _Waiting:
    rows: Sequence[LoggedPrediction]
    loop: asyncio.AbstractEventLoop
    done: "asyncio.Future[None]"

    def settle(self, error: Exception | None) -> None:
        self.loop.call_soon_threadsafe(self._settle, error)

    def _settle(self, error: Exception | None) -> None:
        if self.done.done():
            return  # whoever asked is gone
        if error is None:
            self.done.set_result(None)
        else:
            self.done.set_exception(error)


class PredictionWriter:
    """Appends to the log of predictions from a thread of its own, one per process."""

    def __init__(self, state: State, measures: Measures) -> None:
        self._state = state
        self._measures = measures
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="prediction writer", daemon=True)
        self._thread.start()

    async def write(self, rows: Sequence[LoggedPrediction]) -> None:
        """Append all rows or none; they are on the disk when this returns.

        Raises:
            WorkspaceError: the database does not answer.
        """
        loop = asyncio.get_running_loop()
        waiting = _Waiting(rows, loop, loop.create_future())
        self._queue.put(waiting)
        await waiting.done

    def close(self) -> None:
        """Write what is still waiting, then end."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (first := self._queue.get()) is not None:
            together, rows, last = [first], len(first.rows), False
            while rows < _MOST_TOGETHER and not self._queue.empty():
                more = self._queue.get()
                if more is None:
                    last = True
                    break
                together.append(more)
                rows += len(more.rows)
            self._write_together(together)
            if last:
                return

    def _write_together(self, together: Sequence[_Waiting]) -> None:
        try:
            self._commit([row for waiting in together for row in waiting.rows])
        except Exception as error:  # whatever the database or its driver raise: those who wait must hear of it
            if isinstance(error, ChurnopsError) or len(together) == 1:
                for waiting in together:
                    waiting.settle(error)
                return
            # A row that the database refuses is nobody else's failure.
            for waiting in together:
                self._write_together([waiting])
            return
        for waiting in together:
            waiting.settle(None)

    def _commit(self, rows: Sequence[LoggedPrediction]) -> None:
        with self._state.write() as connection:
            connection.execute(predictions.insert(), [_row(row) for row in rows])
        self._measures.committed(len(rows))


def _row(answered: LoggedPrediction) -> dict[str, Any]:
    return {
        "id": answered.id,
        "predicted_at": stamp(answered.at),
        "model_version": answered.version,
        "score": answered.score,
        "features": answered.features,
    }
