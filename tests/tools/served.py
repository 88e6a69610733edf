"""`churnops mcp --http` for tests: as the process a person starts, or on a thread of the test, where its clocks and bounds can be set."""

import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from time import monotonic, sleep

import httpx2
import uvicorn
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from pipeline.clock import utc_now
from pipeline.intake.windows import logged_window
from pipeline.record.opened_workspace import Opened
from pipeline.serving.impatient_connections import ImpatientH11
from pipeline.workspace.tokens import Scope, TokenBook
from tests.tools.desk import Desk
from tools.casework import Casework
from tools.http_server import BOUNDS, HttpBounds, Listening, http_app
from tools.scopes import mcp_client
from tools.server import build_server

CONSOLE_SCRIPT = Path(sys.executable).parent / "churnops"
ERAS = ("legacy", "2026-07-28")  # the handshake era's newest, 2025-11-25, and the stateless one
LIFE = timedelta(days=30)


def book(opened: Opened) -> TokenBook:
    """The workspace's tokens, as another process would open them."""
    return TokenBook(opened.workspace, opened.clock)


def issue(opened: Opened, scope: Scope, name: str = "ann") -> str:
    """The secret of a new token, live by the wall clock too, which is what a server process goes by."""
    return TokenBook(opened.workspace, utc_now).create(name, scope, LIFE, "a test").secret


def casework(opened: Opened) -> Casework:
    """The tools' work as the command sets it up."""
    return Casework(opened, partial(logged_window, opened), started_by="mcp", operator=mcp_client)


@asynccontextmanager
async def http_desk(address: str, secret: str, mode: str = "auto") -> AsyncIterator[Desk]:
    """A desk at the other end of the wire."""
    async with (
        httpx2.AsyncClient(headers=bearer(secret), timeout=120) as http,
        Client(streamable_http_client(address, http_client=http), mode=mode) as client,
    ):
        yield Desk(client)


def bearer(secret: str) -> dict[str, str]:
    """The header that carries a token."""
    return {"Authorization": f"Bearer {secret}"}


@contextmanager
def on_a_thread(opened: Opened, bounds: HttpBounds = BOUNDS, seconds_now: Callable[[], float] = monotonic) -> Iterator[str]:
    """The address of a server on a thread of this process."""
    door = socket.create_server(("127.0.0.1", 0))
    port = door.getsockname()[1]
    app = http_app(build_server(casework(opened), opened.policy), book(opened), Listening().security(port), bounds, seconds_now)
    server = uvicorn.Server(uvicorn.Config(app, http=ImpatientH11, ws="none", log_config=None, timeout_graceful_shutdown=1))
    thread = threading.Thread(target=partial(server.run, sockets=[door]))
    thread.start()
    try:
        until = monotonic() + 30
        while not server.started and thread.is_alive() and monotonic() < until:
            sleep(0.01)
        assert server.started
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        server.should_exit = True
        thread.join()


@dataclass(frozen=True)
class Served:
    """A running server process, and where it listens."""

    address: str
    process: subprocess.Popen[str]

    def stop(self, how: signal.Signals = signal.SIGTERM) -> tuple[int, str, str]:
        """Its exit code, and what it wrote on stdout and, after the address, on stderr."""
        self.process.send_signal(how)
        out, err = self.process.communicate(timeout=30)
        return self.process.returncode, out, err


@contextmanager
def as_a_process(command: list[str]) -> Iterator[Served]:
    """`command`, which serves, until the block ends."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        first = process.stderr.readline()
        address = re.search(r"http://\S+/mcp", first)
        assert address, first + process.stderr.read()
        yield Served(address.group(), process)
    finally:
        process.kill()
        process.communicate()


def churnops_mcp(root: Path) -> list[str]:
    """The command that serves the workspace at `root` on a free port."""
    return [str(CONSOLE_SCRIPT), "mcp", "--http", "--port", "0", "--workspace", str(root)]
