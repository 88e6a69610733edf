"""A provider's answer as bytes, within bounds: however it is sent, reading it ends, and a deadline is heard in between."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import anyio.lowlevel
import httpx2

if TYPE_CHECKING:
    from httpx2 import AsyncByteStream

LARGEST_ANSWER = 4 << 20  # bytes; 8,000 tokens, each an event of its own, take half of it
# The SDK copies all that it has of an event for each further line, so both are bounded.
_LARGEST_EVENT = 256 << 10  # bytes; the arguments of a call in one piece, each character escaped
_MOST_LINES = 1_000
_EVENT_ENDS = (b"\n\n", b"\r\r", b"\r\n\r\n")
NO_COMPRESSION = {"Accept-Encoding": "identity"}  # a few bytes can be made to unpack into gigabytes


class AnswerNotRead(Exception):
    """An answer that is beyond its bounds, told in a sentence."""


async def bounded(response: httpx2.Response) -> None:
    """Bound how `response` will be read; nothing is read yet, so what raises, raises where the answer is read."""
    assert isinstance(response.stream, httpx2.AsyncByteStream)
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    response.headers.pop("content-encoding", None)
    response.stream = _Bounded(response.stream, compressed=encoding != "identity")


class _Bounded(httpx2.AsyncByteStream):
    def __init__(self, stream: "AsyncByteStream", *, compressed: bool) -> None:
        self._stream, self._compressed = stream, compressed

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self._compressed:
            raise AnswerNotRead("The provider sent a compressed answer, which was not asked for.")
        size, begun = 0, bytearray()
        async for piece in self._stream:
            # What is there already is read without a pause, in which a deadline would not be heard.
            await anyio.lowlevel.checkpoint()
            size += len(piece)
            begun += piece
            del begun[: max(begun.rfind(end) + len(end) if end in begun else 0 for end in _EVENT_ENDS)]
            if size > LARGEST_ANSWER or len(begun) > _LARGEST_EVENT or begun.count(b"\n") + begun.count(b"\r") > _MOST_LINES:
                raise AnswerNotRead("The provider's answer is larger than any answer can be.")
            yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()
