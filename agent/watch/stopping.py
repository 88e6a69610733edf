"""How a watch ends: told to, it parks what it works on, within seconds; a second longer and it is gone, as if killed."""

import asyncio
import os
import signal
import threading
import time
from collections.abc import Awaitable, Callable
from types import FrameType
from typing import TypeVar

import anyio

T = TypeVar("T")
GRACE_SECONDS = 8.0  # systemd and Kubernetes wait longer, and a person less
GONE = 143  # exit code of what SIGTERM ended


class Stopping:
    """Whether the watch is to end. The main thread runs its work through `run`, so that it can be cut off in order."""

    def __init__(self, grace_seconds: float = GRACE_SECONDS) -> None:
        self.requested = threading.Event()
        self._grace = grace_seconds
        self._cancel: Callable[[], object] | None = None

    def listen(self) -> None:
        """From now on SIGTERM and SIGINT ask for the end. Only the main thread can listen."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._asked)

    def request(self) -> None:
        """Ask for the end: no work begins any more, what runs is cancelled."""
        self.requested.set()
        self.cut_off()

    def cut_off(self) -> None:
        """Cancel what runs, and go on."""
        if (cancel := self._cancel) is not None:
            cancel()

    def run(self, work: Callable[[], Awaitable[T]]) -> T:
        """The result of `work`.

        Raises:
            asyncio.CancelledError: it was cut off and had no result.
        """

        async def cancellable() -> T:
            loop, task = asyncio.get_running_loop(), asyncio.current_task()
            assert task is not None
            self._cancel = lambda: loop.call_soon_threadsafe(task.cancel)
            try:
                if self.requested.is_set():
                    raise asyncio.CancelledError
                return await work()
            finally:
                self._cancel = None

        return anyio.run(cancellable)

    def _asked(self, _signal: int, _frame: FrameType | None) -> None:
        # In a thread: a handler that sets an event for which its own thread waits may lock up.
        threading.Thread(target=self._end, name="stopping", daemon=True).start()

    def _end(self) -> None:
        self.request()
        time.sleep(self._grace)
        os._exit(GONE)  # the state database takes it as a kill, which loses nothing
