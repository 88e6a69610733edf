"""Recorded answers of the Messages API, keyed by a hash of the whole request: a request that changed finds none, and says what changed.

A cassette is a JSON file of {hash: {"request": …, "events": […]}}. It is played by a loopback server under the real SDK; a test that records
(`Cassette(path, script=…)`) takes the answers from a script instead and writes them down. No request leaves the machine either way.
"""

import difflib
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tests.messages_server import MessagesServer, Reply


def key_of(request: Mapping[str, Any]) -> str:
    """The hash of the whole request: model, system, tools, every message, every setting."""
    return hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()


class Cassette(MessagesServer):
    """Plays the answers recorded at `path`; with a `script`, records its answers there first."""

    def __init__(self, path: Path, script: Sequence[Reply] | None = None) -> None:
        super().__init__(())
        self._path = path
        self._recording = None if script is None else iter(script)
        self._tape: dict[str, dict[str, Any]] = {} if script is not None else json.loads(path.read_text(encoding="utf-8"))
        self.played: list[str] = []
        self.missed: list[str] = []

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)
        if self._recording is not None:
            self._path.parent.mkdir(exist_ok=True)
            self._path.write_text(json.dumps(self._tape, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        if error[0] is None:
            assert not self.missed, self.missed[0]
            unplayed = set(self._tape) - set(self.played)
            assert not unplayed, f"{len(unplayed)} recorded answers were not asked for"

    async def _messages(self, request: Request) -> Response:
        body = json.loads(await request.body())
        self.requests.append(body)
        key = key_of(body)
        if self._recording is not None:
            self._tape[key] = {"request": body, "events": list(next(self._recording).events())}
        if key not in self._tape:
            self.missed.append(self._difference(body))
            return JSONResponse({"type": "error", "error": {"type": "invalid_request_error", "message": "not on the cassette"}}, 400)
        self.played.append(key)
        events = self._tape[key]["events"]
        return Response("".join(_lines(events)), media_type="text/event-stream")

    def _difference(self, body: Mapping[str, Any]) -> str:
        """What changed against the recorded request that is most like this one."""
        now = json.dumps(body, indent=1, sort_keys=True).splitlines()
        recorded = [json.dumps(one["request"], indent=1, sort_keys=True).splitlines() for one in self._tape.values()]
        nearest = max(recorded, key=lambda lines: difflib.SequenceMatcher(None, lines, now).ratio(), default=[])
        changed = list(difflib.unified_diff(nearest, now, "recorded", "sent", lineterm="", n=1))
        return "\n".join(["This request is not on the cassette. What changed:", *(line[:300] for line in changed[:40])])


def _lines(events: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for event in events:
        yield f"event: {event['type']}\ndata: {json.dumps(event)}\n\n"
