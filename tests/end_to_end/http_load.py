"""Load on a prediction server: clients that each keep one connection busy, light enough to share a machine with the server."""

import asyncio
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Answer:
    """One answer: the customer asked about, when it was asked (of `time.monotonic`), after how many seconds it came, and what it said."""

    id: str
    asked_at: float
    seconds: float
    status: int
    body: bytes


@dataclass
class Load:
    """Clients of one server. `customer` is sent again and again under ids of its own, or, where there are `ids`, an outcome of each in turn;
    set `stop` to end. `cut` names those asked about whose answer never came whole."""

    port: int
    customer: Mapping[str, object] = field(default_factory=dict)
    ids: Sequence[str] = ()
    answers: list[Answer] = field(default_factory=list)
    cut: list[str] = field(default_factory=list)
    stop: bool = False

    def run(self, clients: int, seconds: float = float("inf"), *, then: Callable[[], None] = lambda: None) -> None:
        """Keep so many clients busy for so long, or until `stop`; `then` runs in a thread meanwhile, and the clients stop after it."""
        asyncio.run(self._run(clients, seconds, then))

    def answered(self, count: int) -> None:
        """Wait, in a thread beside the clients, until so many were answered: a busy machine takes its time over the first."""
        deadline = time.monotonic() + 90
        while len(self.answers) < count and not self.cut and time.monotonic() < deadline:
            time.sleep(0.05)

    async def _run(self, clients: int, seconds: float, then: Callable[[], None]) -> None:
        busy = [asyncio.ensure_future(self._client(number)) for number in range(clients)]
        await asyncio.to_thread(then)
        if seconds != float("inf"):
            await asyncio.sleep(seconds)
        self.stop = True
        await asyncio.gather(*busy)

    async def _client(self, number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        asked = 0
        while not self.stop:
            id_, began = self.ids[asked % len(self.ids)] if self.ids else f"{number}-{asked}", time.monotonic()
            asked += 1
            try:
                writer.write(self._request(id_))
                head = await reader.readuntil(b"\r\n\r\n")
                body = await reader.readexactly(_length(head))
            except (asyncio.IncompleteReadError, ConnectionError):
                self.cut.append(id_)
                return
            self.answers.append(Answer(id_, began, time.monotonic() - began, int(head[9:12]), body))
            if b"connection: close" in head:
                return
        writer.close()

    def _request(self, id_: str) -> bytes:
        if self.ids:
            return _request("/outcomes", {"outcomes": [{"id": id_, "churned": True}]})
        return _request("/predict", {**self.customer, "customerID": id_})


def versions(answers: list[Answer]) -> list[Any]:
    """The model's version that each answer names."""
    return [json.loads(answer.body).get("model_version") for answer in answers]


def _request(path: str, said: Mapping[str, object]) -> bytes:
    body = json.dumps(said).encode()
    head = f"POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


def _length(head: bytes) -> int:
    start = head.lower().index(b"content-length:") + len("content-length:")
    return int(head[start : head.index(b"\r", start)])
