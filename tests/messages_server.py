"""A loopback HTTP server that speaks the Messages wire, so that the real SDK is tested with real sockets and no network.

Each request takes the next step of a script. A request beyond the script gets a 400; leaving the server with steps unplayed fails.
"""

import asyncio
import json
import socket
import threading
import time
import zlib
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Literal

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route


@dataclass(frozen=True)
class Tool:
    """A tool_use block; `raw` replaces the arguments' JSON text on the wire."""

    name: str
    arguments: Mapping[str, Any]
    id: str = "toolu_1"
    raw: str | None = None


@dataclass(frozen=True)
class Reply:
    """One streamed answer: a thinking block, then text and tools in order. `ending` is how the stream goes wrong, if it does; `chunk` sends it
    in pieces of so many bytes, wherever that cuts. Without `usage` nothing is counted."""

    blocks: Sequence[str | Tool] = ()
    stop_reason: str | None = None
    usage: Mapping[str, int] | None = field(default_factory=lambda: {"input_tokens": 1000, "output_tokens": 100})
    stop_details: Mapping[str, Any] | None = None
    ending: Literal["whole", "cut", "dropped", "error_event", "stalled", "garbage"] = "whole"
    chunk: int = 0

    def events(self) -> Iterator[dict[str, Any]]:
        message: dict[str, Any] = {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": "m",
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
        }
        yield {
            "type": "message_start",
            "message": {**message, **({} if self.usage is None else {"usage": {**self.usage, "output_tokens": 1}})},
        }
        yield from _block(0, {"type": "thinking", "thinking": "", "signature": ""}, "thinking_delta", thinking="I look at it. ")
        yield {"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "signed"}}
        yield {"type": "content_block_stop", "index": 0}
        for index, block in enumerate(self.blocks, 1):
            if isinstance(block, str):
                yield from _block(index, {"type": "text", "text": ""}, "text_delta", text=block)
            else:
                start = {"type": "tool_use", "id": block.id, "name": block.name, "input": {}}
                text = json.dumps(dict(block.arguments)) if block.raw is None else block.raw
                half = len(text) // 2
                yield from _block(index, start, "input_json_delta", partial_json=text[:half])
                yield {"type": "content_block_delta", "index": index, "delta": {"type": "input_json_delta", "partial_json": text[half:]}}
            yield {"type": "content_block_stop", "index": index}
        if self.ending != "whole":
            return
        asks = any(isinstance(block, Tool) for block in self.blocks)
        stop = self.stop_reason or ("tool_use" if asks else "end_turn")
        delta = {"stop_reason": stop, "stop_sequence": None, "stop_details": self.stop_details}
        counted = {} if self.usage is None else {"usage": {"output_tokens": self.usage["output_tokens"]}}
        yield {"type": "message_delta", "delta": delta, **counted}
        yield {"type": "message_stop"}


@dataclass(frozen=True)
class Fail:
    """An HTTP error before the first byte of an answer."""

    status: int
    kind: str
    headers: Mapping[str, str] = field(default_factory=lambda: {"retry-after-ms": "5"})
    message: str = ""


@dataclass(frozen=True)
class Endless:
    """An answer that goes on with the same bytes, in an `encoding` if one is given, until nobody reads it."""

    piece: bytes
    encoding: str = ""
    status: int = 200


Step = Reply | Fail | Endless


class MessagesServer:
    """Serves `POST /v1/messages` on a free loopback port while it is entered. `requests` holds the bodies as they arrived; one with
    a field that the endpoint `refuses` is answered 400 and takes no step."""

    def __init__(self, script: Iterable[Step], *, refuses: frozenset[str] = frozenset()) -> None:
        self._refuses = refuses
        self._finite = isinstance(script, Sequence)
        self._script = iter(script)
        self.requests: list[dict[str, Any]] = []
        self.headers: list[Mapping[str, str]] = []
        app = Starlette(routes=[Route("/v1/messages", self._messages, methods=["POST"])])
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off", timeout_graceful_shutdown=1))
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), daemon=True)

    def __enter__(self) -> "MessagesServer":
        self._thread.start()
        deadline = time.monotonic() + 10
        while not self._server.started:
            assert time.monotonic() < deadline, "the loopback server did not start"
            time.sleep(0.005)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.should_exit = True
        self._thread.join(timeout=10)
        if error is None and self._finite:
            unplayed = len(list(self._script))
            assert unplayed == 0, f"{unplayed} steps of the script were not asked for"

    async def _messages(self, request: Request) -> Response:
        self.requests.append(json.loads(await request.body()))
        self.headers.append(dict(request.headers))
        if self._refuses & self.requests[-1].keys():
            return JSONResponse({"type": "error", "error": {"type": "invalid_request_error", "message": "no"}}, 400)
        step = next(self._script, Fail(400, "invalid_request_error"))
        if isinstance(step, Fail):
            said = {"type": "error", "error": {"type": step.kind, "message": step.message or f"scripted {step.status}"}}
            return JSONResponse(said, step.status, dict(step.headers))
        if isinstance(step, Endless):
            headers = {"content-encoding": step.encoding} if step.encoding else {}
            return StreamingResponse(_endless(step), step.status, headers, media_type="text/event-stream")
        return StreamingResponse(_stream(step), media_type="text/event-stream")


def _block(index: int, start: dict[str, Any], kind: str, **delta: str) -> Iterator[dict[str, Any]]:
    yield {"type": "content_block_start", "index": index, "content_block": start}
    yield {"type": "content_block_delta", "index": index, "delta": {"type": kind, **delta}}


async def _endless(step: Endless) -> AsyncIterator[bytes]:
    packer = zlib.compressobj(wbits=31) if step.encoding == "gzip" else None
    while True:
        yield step.piece if packer is None else packer.compress(step.piece) + packer.flush(zlib.Z_SYNC_FLUSH)
        await asyncio.sleep(0)  # else it would not hear that nobody reads


async def _stream(reply: Reply) -> AsyncIterator[bytes]:
    for event in reply.events():
        line = f"event: {event['type']}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n".encode()
        for start in range(0, len(line), reply.chunk or len(line)):
            yield line[start : start + (reply.chunk or len(line))]
            if reply.chunk:
                await asyncio.sleep(0)  # a piece of its own on the wire
    if reply.ending == "error_event":
        yield b'event: error\ndata: {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}\n\n'
    elif reply.ending == "garbage":
        yield b"event: content_block_delta\ndata: {not json\n\n"
    elif reply.ending == "stalled":
        await asyncio.sleep(30)
    elif reply.ending == "dropped":
        raise ConnectionAbortedError("the script drops the connection here")
