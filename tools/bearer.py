"""The door of the MCP server over HTTP: who has a live token gets in, as often as the rate allows; nobody else reaches the protocol."""

import asyncio
import logging
import time
from collections import Counter

from mcp.server.auth.middleware.auth_context import AuthContextMiddleware
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipeline.errors import ChurnopsError
from pipeline.workspace.tokens import Token, TokenBook
from tools.rate_limit import RateLimit

HOLDER = "churnops.token"  # where in the ASGI scope the token that opened the door lies
_LOG = logging.getLogger(__name__)


class BearerDoor:
    """An ASGI application before another, which lives at `path`: it asks everybody for a bearer token. Elsewhere there is nothing.

    The token goes to `scope["churnops.token"]`, and to the SDK as its user, which binds a session to the token that opened it.
    """

    def __init__(self, app: ASGIApp, path: str, tokens: TokenBook, rate: RateLimit, *, under_way: int, body_seconds: float) -> None:
        self._app = AuthContextMiddleware(app)
        self._path = path
        self._tokens = tokens
        self._rate = rate
        self._most_under_way, self._body_seconds = under_way, body_seconds
        self._under_way: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request through, or answer 401, 403, 404, 429 or 503."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif refused := self._admit(scope):
            await refused(scope, receive, send)
        else:
            holder: Token = scope[HOLDER]
            self._under_way[holder.sha256] += 1
            try:
                await self._app(scope, _within(receive, self._body_seconds), send)
            finally:
                self._under_way[holder.sha256] -= 1

    def _admit(self, scope: Scope) -> Response | None:
        if scope["path"] != self._path:
            return _refusal(404, f"The tools are at {self._path}.")
        kind, _, secret = Headers(scope=scope).get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or not secret:
            return _refusal(401, "A bearer token is needed; a person makes one with `churnops mcp token create`.", challenge="")
        try:
            token = self._tokens.holder(secret.strip())
        except (ChurnopsError, OSError) as error:
            _LOG.error("the tokens cannot be read: %s", error, exc_info=error)
            return _refusal(503, "The server cannot read its tokens; its log says why.")
        if token is None:
            return _refusal(401, "This token is unknown, expired or revoked.", challenge=', error="invalid_token"')
        if token.scope == "approve":  # what approves stays out of a client's configuration, where a model may come by it
            return _refusal(403, "A token with scope approve is for a person at the review page; make another one for this client.")
        if wait := self._rate.wait(token.sha256):
            return _refusal(429, f"Too many requests; try again in {wait} s.", retry_after=wait)
        if self._under_way[token.sha256] >= self._most_under_way:
            return _refusal(503, f"This token has {self._most_under_way} requests under way, as many as one may.", retry_after=1)
        scope[HOLDER] = token
        scope["user"] = AuthenticatedUser(_access(token))
        return None


def _within(receive: Receive, seconds: float) -> Receive:
    """The request's messages; a client whose body is not whole after so many seconds counts as gone."""
    until = time.monotonic() + seconds
    whole = False

    async def timely() -> Message:
        nonlocal whole
        if whole:
            return await receive()
        try:
            async with asyncio.timeout(max(0.0, until - time.monotonic())):
                message = await receive()
        except TimeoutError:
            message = {"type": "http.disconnect"}
        whole = not message.get("more_body", False)
        return message

    return timely


def _access(token: Token) -> AccessToken:
    return AccessToken(
        token=token.token_id,
        client_id=token.token_id,
        scopes=[token.scope],
        expires_at=int(token.expires_at.timestamp()),
        subject=token.name,
    )


def _refusal(status: int, said: str, *, challenge: str | None = None, retry_after: int | None = None) -> Response:
    response = PlainTextResponse(f"{said}\n", status)
    if challenge is not None:
        response.headers["WWW-Authenticate"] = f'Bearer realm="churnops"{challenge}'
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    return response
