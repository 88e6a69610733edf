"""The prediction API beside clients that mean harm, over real sockets: they are refused, and everybody else is answered meanwhile."""

import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import uvicorn

from pipeline.record.opened_workspace import Opened
from pipeline.serving.impatient_connections import ImpatientHttp
from reports.web import body_door
from reports.web.app import web_app
from reports.web.body_door import LARGEST_BODY
from tests.reports.web.test_prediction_api import customer, logged

JSON_TYPE = {"content-type": "application/json"}
OTHER = "127.0.0.2"  # another client on the same machine


def filled(head: bytes, piece: bytes | Callable[[int], bytes], tail: bytes) -> bytes:
    """Pieces until the largest body is full."""
    of = piece if callable(piece) else lambda _: piece
    pieces, room = list[bytes](), LARGEST_BODY - len(head) - len(tail) - 16
    while room > 0:
        pieces.append(of(len(pieces)))
        room -= len(pieces[-1]) + 1
    return head + b",".join(pieces) + tail


LISTS = {"/predict/batch": b"customers", "/outcomes": b"outcomes", "/offers": b"offers"}
UNKNOWN_FIELDS = filled(b"{", lambda place: b'"x%d":1' % place, b"}")
EMPTY_LISTS = filled(b"[", b"[]", b"]")
ATTACKS = {
    "unknown fields": ("/predict", UNKNOWN_FIELDS),
    "empty lists": ("/predict", EMPTY_LISTS),
    "one long text": ("/predict", b'"' + b"," * (LARGEST_BODY - 2) + b'"'),
    "nesting": ("/predict", b"[" * LARGEST_BODY),
    **{
        f"unknown fields of {path}": (path, b'{"%s":[' % name + UNKNOWN_FIELDS[:-64].rpartition(b",")[0] + b"}]}")
        for path, name in LISTS.items()
    },
    **{f"empty lists of {path}": (path, b'{"%s":' % name + EMPTY_LISTS[:-65].rpartition(b",")[0] + b"]}") for path, name in LISTS.items()},
    **{f"empty rows of {path}": (path, b'{"%s":[' % name + b",".join([b"{}"] * 1_000) + b"]}") for path, name in LISTS.items()},
}
FAST = ("unknown fields", "empty lists of /outcomes")


@pytest.fixture
def port(trained: Opened) -> Iterator[int]:
    listening = socket.create_server(("127.0.0.1", 0))
    app = web_app(trained, local=True)
    server = uvicorn.Server(uvicorn.Config(app, http=ImpatientHttp, log_level="critical", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
    thread.start()
    deadline = time.monotonic() + 30
    while not server.started:
        assert time.monotonic() < deadline, "the server did not start"
        time.sleep(0.005)
    yield listening.getsockname()[1]
    server.should_exit = True
    thread.join(timeout=10)


def sent(port: int, path: str, body: bytes, source: str = "127.0.0.1") -> tuple[int, bytes, str | None]:
    """Status, body and Retry-After of the answer."""
    there = http.client.HTTPConnection("127.0.0.1", port, timeout=60, source_address=(source, 0))
    try:
        there.request("POST", path, body, JSON_TYPE)
        answer = there.getresponse()
        return answer.status, answer.read(), answer.getheader("retry-after")
    finally:
        there.close()


def health(port: int) -> float:
    """Seconds until the process said that it lives."""
    begun = time.monotonic()
    there = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    there.request("GET", "/healthz")
    assert there.getresponse().status == 200
    there.close()
    return time.monotonic() - begun


@pytest.mark.parametrize("name", [name if name in FAST else pytest.param(name, marks=pytest.mark.slow) for name in ATTACKS])
def test_an_attack_is_refused_in_few_words_while_the_process_says_that_it_lives(name: str, trained: Opened, port: int) -> None:
    path, body = ATTACKS[name]
    assert len(body) <= LARGEST_BODY
    waited = [0.0]
    with ThreadPoolExecutor(4) as four:
        attacks = [four.submit(sent, port, path, body) for _ in range(4)]
        while not all(attack.done() for attack in attacks):
            waited.append(health(port))
        answers = [attack.result() for attack in attacks]
    for status, said, _ in answers:
        assert status == 422
        assert len(said) < 100_000
        assert 1 <= len(json.loads(said)["detail"]) <= 100
    assert max(waited) < 1
    assert logged(trained) == []


def test_a_client_that_sends_slowly_keeps_its_own_lists_waiting_and_nobody_elses(
    trained: Opened, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(body_door, "_WAITS", 0.2)
    slow = [socket.create_connection(("127.0.0.1", port)) for _ in range(4)]
    for one in slow:
        one.sendall(b"POST /outcomes HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{")
    body = json.dumps({"customers": [customer(trained)]}).encode()
    health(port)
    status, said, later = sent(port, "/predict/batch", body)
    assert (status, later) == (429, "1"), said
    assert sent(port, "/predict/batch", body, OTHER)[0] == 200
    assert sent(port, "/predict", json.dumps(customer(trained)).encode())[0] == 200, "one customer waits for no list"
    for one in slow:
        one.close()
    health(port)
    assert sent(port, "/predict/batch", body)[0] == 200, "what went away gives its turn back"


def test_a_body_that_does_not_arrive_is_given_up(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_door, "ARRIVES_WITHIN", 0.1)
    with socket.create_connection(("127.0.0.1", port), timeout=30) as slow:
        slow.sendall(b"POST /predict HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{")
        assert slow.recv(100).startswith(b"HTTP/1.1 408 ")


def test_a_client_has_so_much_under_way_and_the_process_too(trained: Opened, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_door, "_UNDER_WAY_EACH", 1)
    body = json.dumps(customer(trained)).encode()
    with socket.create_connection(("127.0.0.1", port)) as slow:
        slow.sendall(b"POST /predict HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{")
        health(port)
        status, _, later = sent(port, "/predict", body)
        assert (status, later) == (429, "1")
        assert sent(port, "/predict", body, OTHER)[0] == 200
        monkeypatch.setattr(body_door, "_UNDER_WAY", 1)
        status, _, later = sent(port, "/predict", body, OTHER)
        assert (status, later) == (503, "1")
        assert health(port) < 1
    health(port)
    assert sent(port, "/predict", body)[0] == 200
