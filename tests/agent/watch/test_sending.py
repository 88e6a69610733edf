"""A message arrives at a real web server and a real mail server: signed, with a key that a repetition shares, and with nothing of a secret."""

import hashlib
import hmac
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

import pytest

from agent.watch.sending import Message, NotDelivered, send
from tests.agent.watch.destinations_of import mail_server, web_server

MESSAGE = Message(
    key="ab" * 32,
    alert=7,
    kind="people_must_act",
    severity="warning",
    phase="first",
    case_id="2026-11-21-abcdef",
    workspace="/srv/churn",
    title="[churn] The data are broken (column tenure)",
    body="All values are ‹0›.\nTo call: Ada",
    sent_at=1_795_262_400,
)


def test_a_webhook_is_signed_and_the_signature_is_of_its_bytes() -> None:
    with web_server() as server:
        send(f"hook://127.0.0.1:{server.port}/in?team=churn&secret=s3cret%26more", MESSAGE)
    (came,) = server.requests
    assert came.path == "/in?team=churn"
    assert json.loads(came.body)["title"] == MESSAGE.title
    assert came.headers["idempotency-key"] == MESSAGE.key
    expected = hmac.new(b"s3cret&more", f"{MESSAGE.sent_at}.".encode() + came.body, hashlib.sha256).hexdigest()
    assert came.headers["x-churnops-signature"] == f"sha256={expected}"
    assert came.headers["x-churnops-time"] == str(MESSAGE.sent_at)


def test_without_a_secret_nothing_is_signed() -> None:
    with web_server() as server:
        send(f"hook://127.0.0.1:{server.port}/in", MESSAGE)
    assert "x-churnops-signature" not in server.requests[0].headers


@pytest.mark.parametrize("answer", [302, 404, 500])
def test_a_webhook_that_refuses_is_a_message_that_did_not_arrive(answer: int) -> None:
    with web_server() as server:
        server.answer = answer
        with pytest.raises(NotDelivered, match=f"it answered {answer}"):
            send(f"hook://127.0.0.1:{server.port}/in?secret=s3cret", MESSAGE)
    assert len(server.requests) == 1


def test_a_server_that_is_down_is_said_without_the_secret() -> None:
    with web_server() as server:
        pass
    with pytest.raises(NotDelivered) as failed:
        send(f"hook://127.0.0.1:{server.port}/in?secret=s3cret", MESSAGE)
    assert "does not answer" in str(failed.value)
    assert "s3cret" not in repr(failed.value) + str(failed.value.__cause__)


def test_apprise_reaches_a_web_server() -> None:
    with web_server() as server:
        send(f"json://127.0.0.1:{server.port}/in", MESSAGE)
    told = json.loads(server.requests[0].body)
    assert (told["title"], told["type"]) == (MESSAGE.title, "warning")
    assert MESSAGE.body in told["message"] and MESSAGE.key[:16] in told["message"]


def test_a_mail_arrives() -> None:
    with mail_server() as server:
        send(server.url, MESSAGE)
    (mail,) = server.mails
    assert mail["Subject"] == MESSAGE.title and mail["To"] == "ada@example.com"
    text = mail.as_string()
    assert "To call: Ada" in text and MESSAGE.key[:16] in text


def test_a_mail_server_that_is_down_is_said() -> None:
    with mail_server() as server:
        pass
    with pytest.raises(NotDelivered, match="it does not answer, or refused the message"):
        send(server.url, MESSAGE)


def test_a_title_cannot_add_headers_to_a_mail() -> None:
    with mail_server() as server:
        send(server.url, replace(MESSAGE, title="Fine\r\nBcc: eve@example.com"))
    assert "Bcc" not in server.mails[0] and server.mails[0]["To"] == "ada@example.com"


def test_what_is_no_destination_is_said() -> None:
    with pytest.raises(NotDelivered, match="no destination that Apprise knows"):
        send("nonsense://here", MESSAGE)


@contextmanager
def talking(first: bytes) -> Iterator[int]:
    """Port of a server that says so much, and then a byte now and then until it is no longer wanted."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as door:
        door.settimeout(60)

        def talk() -> None:
            caller, _ = door.accept()
            with caller, suppress(OSError):
                caller.sendall(first)
                while not over.wait(0.01):
                    caller.sendall(b"x")

        thread = threading.Thread(target=talk)
        thread.start()
        try:
            yield door.getsockname()[1]
        finally:
            over.set()
            thread.join()


def test_what_a_webhook_says_without_end_is_not_read() -> None:
    with talking(b"HTTP/1.1 200 OK\r\n\r\n") as port:
        send(f"hook://127.0.0.1:{port}/in", MESSAGE)


@pytest.mark.parametrize("scheme", ["hook", "json"], ids=["ours", "Apprise's"])
def test_an_answer_that_never_begins_is_waited_for_only_so_long(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    monkeypatch.setattr("agent.watch.sending._AT_MOST_SECONDS", 0.3)
    with talking(b"HTTP/1.1 200 OK\r\nX: ") as port, pytest.raises(NotDelivered, match="did not answer within"):
        send(f"{scheme}://127.0.0.1:{port}/in", MESSAGE)


def test_an_address_that_is_none_is_said() -> None:
    with pytest.raises(NotDelivered, match="cannot be read"):
        send("hook://[", MESSAGE)
