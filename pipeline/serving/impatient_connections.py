"""HTTP connections that do not wait for ever: a request's head has some seconds to arrive, and when too many connections wait, the oldest goes.

uvicorn itself waits without end for a head of which one byte came, and for a body that follows an answer.
"""

import asyncio
import resource
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary

from uvicorn.protocols.http.auto import AutoHTTPProtocol
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

HEAD_WITHIN = 10.0  # seconds for a whole head, from the connection's start or the answer before
LARGEST_HEAD = 64 << 10  # bytes, as h11 has it
_MOST_WAITING = 2_048  # connections of one process without a request under way

# By server, in the order in which they began to wait.
_waiting: WeakKeyDictionary[ServerState, dict["_Impatient", None]] = WeakKeyDictionary()


class _Impatient:
    """Mixed into one of uvicorn's protocols."""

    cycle: Any
    transport: asyncio.Transport
    loop: asyncio.AbstractEventLoop
    server_state: ServerState
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Wait for the first head; of too many that wait, the one that waits longest makes room."""
        super().connection_made(transport)  # type: ignore[misc]
        self._wait()
        while len(self._others) > min(_MOST_WAITING, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2):
            next(iter(self._others))._cut()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._stop_waiting()
        super().connection_lost(exc)  # type: ignore[misc]

    def data_received(self, data: bytes) -> None:
        """Bytes that complete a head end the wait; others do not lengthen it."""
        before = self.cycle
        super().data_received(data)  # type: ignore[misc]
        if self.cycle is not before and not self.cycle.response_complete:
            self._stop_waiting()
        elif self.cycle is None or self.cycle.response_complete:
            self._wait()

    def on_response_complete(self) -> None:
        """Wait for the next head, unless it came already."""
        super().on_response_complete()  # type: ignore[misc]
        if self.cycle.response_complete:
            self._wait()

    @cached_property
    def _others(self) -> dict["_Impatient", None]:
        return _waiting.setdefault(self.server_state, {})

    def _wait(self) -> None:
        if self._deadline is None and not self.transport.is_closing():
            self._deadline = self.loop.call_later(HEAD_WITHIN, self._cut)
            self._others[self] = None

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
            self._others.pop(self, None)

    def _cut(self) -> None:
        self._stop_waiting()
        # Not `close`, which would wait for a peer that reads nothing.
        self.transport.abort()


class ImpatientHttp(_Impatient, AutoHTTPProtocol):  # type: ignore[valid-type,misc]
    """By the fastest reader there is, which has no bound of its own for a head."""

    _in_head = False
    _head_bytes = 0

    def on_message_begin(self) -> None:
        """The first byte of a head."""
        self._in_head, self._head_bytes = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """A whole head."""
        self._in_head = False
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        """Count what a head has."""
        super().data_received(data)
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > LARGEST_HEAD:
                self._cut()


class ImpatientH11(_Impatient, H11Protocol):  # type: ignore[misc]
    """By h11, which refuses headers that httptools takes."""
