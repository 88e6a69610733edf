"""Clients that send a head without end, or none at all, lose their connection; everybody else is served meanwhile."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from pipeline.serving import impatient_connections
from pipeline.serving.impatient_connections import LARGEST_HEAD, ImpatientH11, ImpatientHttp

GET = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n"


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """`/early` answers before it reads; elsewhere the body comes back."""
    body = b"" if scope["path"] == "/early" else await Request(scope, receive).body()
    await PlainTextResponse(body or b"read nothing")(scope, receive, send)


@contextmanager
def served(protocol: type) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(echo, http=protocol, lifespan="off", log_level="critical", timeout_keep_alive=60))
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        until = time.monotonic() + 30
        while not server.started:
            assert time.monotonic() < until, "the server did not start"
            time.sleep(0.005)
        yield listening.getsockname()[1]
        server.should_exit = True
        thread.join(timeout=10)


@pytest.fixture(params=[ImpatientHttp, ImpatientH11])
def port(request: pytest.FixtureRequest) -> Iterator[int]:
    with served(request.param) as port:
        yield port


def opened(port: int, first: bytes = b"") -> socket.socket:
    there = socket.create_connection(("127.0.0.1", port), timeout=30)
    there.sendall(first)
    return there


def is_cut(there: socket.socket) -> bool:
    """Whether the server ends the connection while nothing but single bytes of a head come."""
    there.settimeout(0.02)
    until = time.monotonic() + 20
    while time.monotonic() < until:
        try:
            if not there.recv(1 << 16):
                return True
        except TimeoutError:
            pass
        except ConnectionError:
            return True
        try:
            there.sendall(b"x")
        except OSError:
            return True
    return False


def asked(there: socket.socket) -> bytes:
    there.sendall(GET)
    return there.recv(1 << 16)


@pytest.mark.parametrize(
    "first",
    [b"", b"GET / HTTP/1.1\r\nx-", b"POST /early HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9999999\r\n\r\n", GET, GET + GET[:-1]],
    ids=["nothing", "a head without end", "a body after its answer", "nothing after an answer", "a second head without end"],
)
def test_a_head_that_does_not_arrive_is_cut(port: int, first: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(impatient_connections, "HEAD_WITHIN", 0.2)
    with opened(port, first) as slow, opened(port) as other:
        assert is_cut(slow)
        assert other.fileno() > 0
    with opened(port) as one:
        assert asked(one).startswith(b"HTTP/1.1 200 ")


def test_a_body_that_comes_slowly_is_not_a_head(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(impatient_connections, "HEAD_WITHIN", 0.1)
    with opened(port, b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 4\r\n\r\n") as slow:
        for byte in (b"s", b"l", b"o", b"w"):
            time.sleep(0.06)
            slow.sendall(byte)
        answer = b""
        while not answer.endswith(b"slow"):
            piece = slow.recv(1 << 16)
            assert piece, answer
            answer += piece


def test_who_waits_longest_makes_room_for_who_has_something_to_ask(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many connections as there may be, all half open, renewed as fast as they are cut: a client with a request is answered all the same."""
    monkeypatch.setattr(impatient_connections, "_MOST_WAITING", 20)
    with ExitStack() as hostile:
        with opened(port) as client:
            assert asked(client).startswith(b"HTTP/1.1 200 ")
            first = hostile.enter_context(opened(port, b"GET / HTTP/1.1\r\n"))
            for _ in range(60):
                hostile.enter_context(opened(port, b"GET / HTTP/1.1\r\n"))
        with opened(port) as late:
            assert asked(late).startswith(b"HTTP/1.1 200 ")
        assert is_cut(first)


def test_a_head_has_so_many_bytes(port: int) -> None:
    with opened(port, b"GET / HTTP/1.1\r\nhost: localhost\r\nx-long: ") as large:
        chunks = iter(range(1_000))
        with pytest.raises(OSError):  # reset, or a broken pipe
            any(large.sendall(b"x" * LARGEST_HEAD) for _ in chunks)
        assert next(chunks, None) is not None
