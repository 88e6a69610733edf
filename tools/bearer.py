"""The door of the MCP server over HTTP: who has a live token gets in, as often as the rate allows; nobody else reaches the protocol."""

import logging

from mcp.server.auth.middleware.auth_context import AuthContextMiddleware
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from pipeline.errors import ChurnopsError
from tools.rate_limit import RateLimit
from tools.tokens import Token, TokenBook

HOLDER = "churnops.token"  # where in the ASGI scope the token that opened the door lies
_LOG = logging.getLogger(__name__)


class BearerDoor:
    """An ASGI application before another, which lives at `path`: it asks everybody for a bearer token. Elsewhere there is nothing.

    The token goes to `scope["churnops.token"]`, and to the SDK as its user, which binds a session to the token that opened it.
    """

    def __init__(self, app: ASGIApp, path: str, tokens: TokenBook, rate: RateLimit) -> None:
        self._app = AuthContextMiddleware(app)
        self._path = path
        self._tokens = tokens
        self._rate = rate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request through, or answer 401, 404, 429 or 503."""
        refused = self._admit(scope) if scope["type"] == "http" else None
        await (refused or self._app)(scope, receive, send)

    def _admit(self, scope: Scope) -> Response | None:
        if scope["path"] != self._path:
            return _refusal(404, f"The tools are at {self._path}.")
        kind, _, secret = Headers(scope=scope).get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or not secret:
            return _refusal(401, "A bearer token is needed; a person makes one with `churnops mcp token create`.", challenge="")
        try:
            token = self._tokens.holder(secret.strip())
        except (ChurnopsError, OSError) as error:
            _LOG.error("%s", error)
            return _refusal(503, "The server cannot read its tokens; its log says why.")
        if token is None:
            return _refusal(401, "This token is unknown, expired or revoked.", challenge=', error="invalid_token"')
        if wait := self._rate.wait(token.sha256):
            return _refusal(429, f"Too many requests; try again in {wait} s.", retry_after=wait)
        scope[HOLDER] = token
        scope["user"] = AuthenticatedUser(_access(token))
        return None


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
