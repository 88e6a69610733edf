"""Sending one message: through Apprise, to a topic of Amazon SNS, or as a webhook of our own that is signed and carries the message's key."""

import hashlib
import hmac
import json
import threading
from contextlib import closing
from dataclasses import asdict, dataclass
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

from agent.watch.destinations import HOOKS, TOPIC, notifier
from agent.watch.topic import NotPublished, publish

_PATIENCE_SECONDS = 10  # for each piece of an answer
_AT_MOST_SECONDS = 60.0  # for all of it: whoever sends a byte now and then keeps nobody waiting


class NotDelivered(Exception):
    """A destination did not take a message. The reason names no secret."""


@dataclass(frozen=True)
class Message:
    """A message as a webhook gets it, too. `key` is the same whenever it is sent again; `sent_at` is the time in seconds since 1970."""

    key: str
    alert: int
    kind: str
    severity: str
    phase: str
    case_id: str | None
    workspace: str
    title: str
    body: str
    sent_at: int


@dataclass(frozen=True)
class Picture:
    """A PNG that goes with a message where the destination takes one, and what is said under the text then."""

    png: bytes
    caption: str


def send(url: str, message: Message, picture: Picture | None = None) -> None:
    """Send a message, and wait until the destination took it. A webhook of our own and SNS get no picture.

    Raises:
        NotDelivered: it did not.
        SettingsError: Apprise is not installed.
    """
    deliver = _publish if url.startswith(TOPIC) else _post if is_hook(url) else partial(_notify, picture=picture)
    ended: SimpleQueue[BaseException | None] = SimpleQueue()

    def attempt() -> None:
        try:
            deliver(url, message)
        except BaseException as error:  # raised below, where somebody hears it
            ended.put(error)
        else:
            ended.put(None)

    threading.Thread(target=attempt, name="send alert", daemon=True).start()
    try:
        error = ended.get(timeout=_AT_MOST_SECONDS)
    except Empty:
        raise NotDelivered(f"it did not answer within {_AT_MOST_SECONDS:g} seconds") from None
    if error is not None:
        raise error


def _notify(url: str, message: Message, picture: Picture | None) -> None:
    found: Any = notifier(url)
    if found is None:
        raise NotDelivered("it is no destination that Apprise knows")
    kind = {"info": "info", "warning": "warning", "critical": "failure"}[message.severity]
    body = f"{message.body}\n(message {message.key[:16]})"
    # Where the picture is refused, the words arrive all the same, if need be twice.
    attempts = [{"attach": _attached(picture), "body": f"{body}\n{picture.caption}"}] if picture and found.attachment_support else []
    try:
        arrived = any(
            found.notify(
                title=message.title, notify_type="success" if message.phase == "over" else kind, body_format="text", **{"body": body, **how}
            )
            for how in [*attempts, {}]
        )
    except Exception as error:  # of some hundred plug-ins, each with its own
        raise NotDelivered(f"Apprise raised {type(error).__name__}") from error
    if not arrived:
        raise NotDelivered("it does not answer, or refused the message")


def _publish(topic: str, message: Message) -> None:
    attributes = {"kind": message.kind, "severity": message.severity, "phase": message.phase, "key": message.key}
    try:
        publish(topic, message.title, f"{message.body}\n(message {message.key[:16]})", attributes)
    except NotPublished as error:
        raise NotDelivered(str(error)) from error


def _attached(picture: Picture) -> object:
    from apprise import AppriseAttachment
    from apprise.attachment.memory import AttachMemory

    attached: object = AppriseAttachment(AttachMemory(content=picture.png, name="churnops.png", mimetype="image/png"))  # type: ignore[no-untyped-call]
    return attached


def is_hook(url: str) -> bool:
    """Whether it is a webhook of our own."""
    return url.partition("://")[0] in HOOKS


def _post(url: str, message: Message) -> None:
    post(url, json.dumps(asdict(message)).encode(), message.key, message.sent_at)


def post(url: str, body: bytes, key: str, at: int) -> None:
    """POST JSON, `at` in seconds since 1970. With `secret=` in the URL it is signed: hex HMAC-SHA256 over the time, a point, and the body's bytes.

    Raises:
        NotDelivered: it did not arrive; the reason names no secret.
    """
    import requests

    try:
        parts = urlsplit(url)
    except ValueError:
        raise NotDelivered("its URL cannot be read") from None
    query = parse_qs(parts.query, keep_blank_values=True)
    secret = "".join(query.pop("secret", []))
    headers = {"Content-Type": "application/json", "Idempotency-Key": key, "X-Churnops-Time": str(at)}
    if secret:
        signed = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
        headers["X-Churnops-Signature"] = f"sha256={signed}"
    target = urlunsplit((HOOKS[parts.scheme], parts.netloc, parts.path, urlencode(query, doseq=True), ""))
    try:
        # What it says beside its status is not read, however much that is.
        with closing(
            requests.post(target, data=body, headers=headers, timeout=_PATIENCE_SECONDS, allow_redirects=False, stream=True)
        ) as answer:
            status = answer.status_code
    except (requests.RequestException, ValueError) as error:
        raise NotDelivered(f"it does not answer ({type(error).__name__})") from None  # the message of the cause has the URL in it
    if not 200 <= status < 300:
        raise NotDelivered(f"it answered {status}")
