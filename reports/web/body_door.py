"""Where bodies come in: as large, as many and as slow as one client may send them, so that none keeps the others waiting."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from http import HTTPStatus
from weakref import WeakValueDictionary

from starlette.requests import Request

from reports.web.api_keys import ApiKeys

JSON_TYPE = "application/json"
LARGEST_BODY = 4 << 20  # bytes; a thousand customers with a hundred columns fit
ARRIVES_WITHIN = 20.0  # seconds for a whole body
_LONGEST_LENGTH = 20  # digits; of thousands, Python makes no number
_SMALL = 64 << 10  # bytes; one customer with some thousand columns
_UNDER_WAY_EACH, _UNDER_WAY = 1_024, 2_048  # requests; as many small bodies fit into 128 MiB
_LARGE_EACH, _LARGE = 4, 16  # lists and large bodies; a thousand customers keep a processor busy for a tenth of a second
_WAITS = 10.0  # seconds for the turn of a list: few milliseconds among lists that end
_RETRY_AFTER = 1  # seconds, until some of what is under way has ended


class BodyNotTaken(Exception):
    """A request that was not taken: the status that answers it, and after how many seconds it may be tried again, if that helps."""

    def __init__(self, status: HTTPStatus, said: str, retry_after: int | None = None) -> None:
        super().__init__(said)
        self.status, self.retry_after = status, retry_after


class BodyDoor:
    """Lets bodies into one process. A client is an address, so those behind one proxy share what one may have."""

    def __init__(self, keys: ApiKeys) -> None:
        self._keys = keys
        self._under_way: Counter[str] = Counter()
        # A semaphore is forgotten once nobody holds it or waits for it.
        self._large_each: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()
        self._large = asyncio.Semaphore(_LARGE)

    @asynccontextmanager
    async def taken(self, request: Request, *, is_list: bool = False) -> AsyncIterator[bytes]:
        """The whole body of a request, while it is worked on. JSON alone: a page of another origin cannot send that without asking first, and
        nobody says yes. A list, and whatever turns out to be large, waits for its turn; meanwhile no more of it is read.

        Raises:
            BodyNotTaken: with the status that says why.
        """
        if not self._keys.admit(request.headers):
            raise BodyNotTaken(HTTPStatus.UNAUTHORIZED, "An API key is needed: send it as `Authorization: Bearer KEY`.")
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != JSON_TYPE:
            raise BodyNotTaken(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"Send it as {JSON_TYPE}.")
        said = request.headers.get("content-length", "0")
        if said.isdecimal() and (len(said) > _LONGEST_LENGTH or int(said) > LARGEST_BODY):
            raise _too_large()
        client = request.client.host if request.client else ""
        self._enter(client)
        try:
            async with AsyncExitStack() as turns:
                if is_list:
                    await turns.enter_async_context(self._turn(client))
                body = bytearray()
                try:
                    async with asyncio.timeout(ARRIVES_WITHIN):
                        async for chunk in request.stream():
                            was_small = len(body) <= _SMALL
                            body += chunk
                            if len(body) > LARGEST_BODY:
                                raise _too_large()
                            if not is_list and was_small and len(body) > _SMALL:
                                await turns.enter_async_context(self._turn(client))
                except TimeoutError as error:
                    raise BodyNotTaken(HTTPStatus.REQUEST_TIMEOUT, f"The body did not arrive within {ARRIVES_WITHIN:g} seconds.") from error
                yield bytes(body)
        finally:
            self._leave(client)

    def _enter(self, client: str) -> None:
        if self._under_way[client] >= _UNDER_WAY_EACH:
            raise _too_many(f"{_UNDER_WAY_EACH:,} requests")
        if self._under_way.total() >= _UNDER_WAY:
            raise _overloaded()
        self._under_way[client] += 1

    def _leave(self, client: str) -> None:
        self._under_way[client] -= 1
        if not self._under_way[client]:
            del self._under_way[client]

    @asynccontextmanager
    async def _turn(self, client: str) -> AsyncIterator[None]:
        own = self._large_each.setdefault(client, asyncio.Semaphore(_LARGE_EACH))
        await _acquired(own, _too_many(f"{_LARGE_EACH} lists"))
        try:
            await _acquired(self._large, _overloaded())
            try:
                yield
            finally:
                self._large.release()
        finally:
            own.release()


async def _acquired(turns: asyncio.Semaphore, otherwise: BodyNotTaken) -> None:
    try:
        async with asyncio.timeout(_WAITS):
            await turns.acquire()
    except TimeoutError as error:
        raise otherwise from error


def _too_large() -> BodyNotTaken:
    return BodyNotTaken(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"A body has at most {LARGEST_BODY:,} bytes; send fewer customers at once.")


def _too_many(what: str) -> BodyNotTaken:
    return BodyNotTaken(
        HTTPStatus.TOO_MANY_REQUESTS, f"Your address has {what} under way, as many as one may; wait for answers.", _RETRY_AFTER
    )


def _overloaded() -> BodyNotTaken:
    return BodyNotTaken(HTTPStatus.SERVICE_UNAVAILABLE, "Too much is under way; try again.", _RETRY_AFTER)
