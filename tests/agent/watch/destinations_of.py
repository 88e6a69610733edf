"""Destinations of the tests' own: a web server and a mail server on this machine, both real, which keep what they are sent."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller


@dataclass
class Request:
    """What came: its headers, names in lower case, and the body."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class WebServer:
    """`answer` is the status of each answer; `on_request` is called ahead of it."""

    port: int = 0
    answer: int = 200
    requests: list[Request] = field(default_factory=list)
    on_request: Callable[[], None] = lambda: None


@contextmanager
def web_server() -> Iterator[WebServer]:
    """A server on a free port of the loopback."""
    kept = WebServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            kept.requests.append(Request(self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            kept.on_request()
            self.send_response(kept.answer)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_POST  # noqa: N815 — as the server calls it

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    kept.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield kept
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class MailServer:
    """`on_mail` is called when a mail has come, ahead of the answer."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    on_mail: Callable[[], None] = lambda: None

    @property
    def url(self) -> str:
        """The destination that reaches it."""
        return f"mailto://127.0.0.1:{self.port}?from=churnops@example.com&to=ada@example.com"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 — as aiosmtpd calls it
        """One mail."""
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))  # type: ignore[arg-type]
        self.on_mail()
        return "250 OK"


@contextmanager
def mail_server() -> Iterator[MailServer]:
    """An SMTP server on a free port of the loopback."""
    kept = MailServer()
    with socket.create_server(("127.0.0.1", 0)) as free:
        kept.port = free.getsockname()[1]
    controller = Controller(kept, hostname="127.0.0.1", port=kept.port)
    controller.start()
    try:
        yield kept
    finally:
        controller.stop()
