"""Each request in the log (`--log-json`): its id, the route it took, the status and the time; nothing of what was asked or answered."""

import logging
import re
import time
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipeline.log_lines import log_event, request_id

_log = logging.getLogger(__name__)
_HEADER = "x-request-id"
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class RequestLog:
    """Gives each request an id, the caller's own `X-Request-Id` where it has a plain one, answers with it, and logs the request by its route:
    addresses hold ids of sessions."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI asks for."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given, begun, status = Headers(scope=scope).get(_HEADER, ""), time.perf_counter(), 0
        own = given if _ID.fullmatch(given) else uuid4().hex
        request_id.set(own)

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[_HEADER] = own
            await send(message)

        try:
            await self._app(scope, receive, answer)
        finally:
            route = getattr(scope.get("route"), "path", "none")
            milliseconds = round((time.perf_counter() - begun) * 1_000, 1)
            log_event(_log, "request", method=scope["method"], route=route, status=status, milliseconds=milliseconds)
