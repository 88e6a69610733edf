"""The MCP server over Streamable HTTP, both eras of the protocol: loopback by default, a token for everyone, lists of allowed names."""

import re
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

import uvicorn
from mcp.server import MCPServer
from mcp.server.transport_security import TransportSecuritySettings
from starlette.types import ASGIApp

from pipeline.errors import ChurnopsError
from pipeline.serving.impatient_connections import ImpatientH11
from pipeline.workspace.tokens import TokenBook
from tools.bearer import BearerDoor
from tools.rate_limit import RateLimit
from tools.scopes import within_scope

PATH = "/mcp"
_LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")
_HOST = re.compile(r"([A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(:\d{1,5})?")
_PORT = re.compile(r":\d+$")
_ORIGIN = re.compile(r"https?://" + _HOST.pattern)


@dataclass(frozen=True)
class HttpBounds:
    """What one server takes. Each is far above what a person with a few agents needs, and far below what hurts the machine."""

    body_bytes: int = 1_048_576  # the longest argument of a tool has 6,000 characters
    requests: int = 600  # per token in any `seconds`; a triage takes about ten
    seconds: float = 60.0
    sessions: int = 1000  # open at once, of the handshake era; they end after half an hour of silence
    under_way: int = 64  # requests of one token at once; without a token nothing is under way
    body_seconds: float = 20.0  # for a whole body
    goodbye_seconds: int = 5  # for calls that run when the server is told to end


BOUNDS = HttpBounds()


@dataclass(frozen=True)
class Listening:
    """Where the server listens and by which names it may be called. `allowed_hosts` and `allowed_origins` come on top of the loopback's."""

    host: str = "127.0.0.1"
    port: int = 8765
    allowed_hosts: tuple[str, ...] = ()
    allowed_origins: tuple[str, ...] = ()

    def check(self) -> None:
        """Refuse what would open more than was meant.

        Raises:
            ChurnopsError: another machine could reach it, and no list says by which names; or an entry is none.
        """
        for given, shape, example in (
            *((host, _HOST, "mcp.example.com or mcp.example.com:8765") for host in self.allowed_hosts),
            *((origin, _ORIGIN, "https://app.example.com") for origin in self.allowed_origins),
        ):
            if not shape.fullmatch(given):
                raise ChurnopsError(f"{given[:80]!r} is no name to allow.", f"Write it like {example}; patterns are not understood.")
        if not self.is_loopback and not self.allowed_hosts:
            raise ChurnopsError(
                f"{self.host} can be reached from other machines, and no name is allowed.",
                "Give --allow-host NAME for each name that clients use (and --allow-origin for each web page), or listen on 127.0.0.1.",
            )

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine reaches it."""
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False

    def security(self, port: int) -> TransportSecuritySettings:
        """The SDK's lists for a server on `port`. A browser's page counts as ours only when this very server gave it out, or a list has it."""
        own = [f"{name}:{port}" for name in _LOOPBACK_NAMES] if self.is_loopback else []
        given = [name for host in self.allowed_hosts for name in ((host,) if _PORT.search(host) else (host, f"{host}:*"))]
        return TransportSecuritySettings(
            allowed_hosts=[*own, *given], allowed_origins=[*(f"http://{name}" for name in own), *self.allowed_origins]
        )


def http_app(
    server: MCPServer[Any],
    tokens: TokenBook,
    security: TransportSecuritySettings,
    bounds: HttpBounds = BOUNDS,
    seconds_now: Callable[[], float] = time.monotonic,
) -> ASGIApp:
    """`server` behind its door. The server is this application's from now on: its tool calls ask for a token's scope."""
    server.middleware.append(within_scope)
    protocol = server.streamable_http_app(
        streamable_http_path=PATH, max_request_body_size=bounds.body_bytes, max_sessions=bounds.sessions, transport_security=security
    )
    rate = RateLimit(bounds.requests, bounds.seconds, seconds_now)
    return BearerDoor(protocol, PATH, tokens, rate, under_way=bounds.under_way, body_seconds=bounds.body_seconds)


def serve(server: MCPServer[Any], tokens: TokenBook, listening: Listening, ready: Callable[[str], None]) -> None:
    """Serve until SIGTERM or Ctrl-C; both end it with exit code 0. `ready` is told the address.

    Raises:
        ChurnopsError: see `Listening.check`; no live token exists; the port is taken.
    """
    listening.check()
    if all(token.scope == "approve" for token in tokens.live()):
        raise ChurnopsError(
            "No token opens this server, and it asks everyone for one.",
            "Make one: `churnops mcp token create --name NAME --scope read` (or `--scope train`).",
        )
    with _bound(listening) as door:
        port = door.getsockname()[1]
        app = http_app(server, tokens, listening.security(port))
        # h11, because httptools accepts headers that the protocol's checks must see refused.
        config = uvicorn.Config(
            app, http=ImpatientH11, ws="none", lifespan="on", log_config=None, access_log=False, server_header=False,
            timeout_graceful_shutdown=BOUNDS.goodbye_seconds,
        )  # fmt: skip
        ready(f"http://{f'[{listening.host}]' if ':' in listening.host else listening.host}:{port}{PATH}")
        # uvicorn raises the signal once more after it has closed everything; by then it has been obeyed.
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, lambda *_: None)
        uvicorn.Server(config).run(sockets=[door])


def _bound(listening: Listening) -> socket.socket:
    family = socket.AF_INET6 if ":" in listening.host else socket.AF_INET
    door = socket.socket(family)
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        door.bind((listening.host, listening.port))
        door.listen()  # from here on a client waits instead of being turned away
    except OSError as error:
        door.close()
        raise ChurnopsError(f"Cannot listen on {listening.host}:{listening.port} ({error.strerror}).", "Choose another --port.") from error
    return door
