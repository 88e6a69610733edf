"""The way from a chat to the tools: the MCP client in process, calls that can be left alone the moment the human says stop."""

import asyncio
import importlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from agent.chat.session.result_budget import READ_RESULT
from agent.conversation.messages import ToolCall, ToolReturn, ToolSpec
from agent.conversation.tool_calls import Progress, make_call

if TYPE_CHECKING:
    from mcp import Client

    from pipeline.intake.window_choice import WindowReader
    from pipeline.record.cases import Call
    from pipeline.record.opened_workspace import Opened
    from reports.second_opinion import SecondOpinion


class ToolConnection:
    """Calls tools through `client`. `tools` are the server's, and the one that reads earlier results of the session."""

    def __init__(self, client: "Client", tools: tuple[ToolSpec, ...]) -> None:
        self._client = client
        self.tools = (*tools, READ_RESULT)
        self._running: set[asyncio.Task[ToolReturn]] = set()

    async def call(self, call: ToolCall, on_progress: Progress) -> ToolReturn:
        """The answer to one call. Cancelled, it returns at once: the tool is told to stop, and ends when it can."""
        task = asyncio.create_task(make_call(self._client, call, on_progress))
        self._running.add(task)
        task.add_done_callback(self._left)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            task.cancel()
            raise

    def _left(self, task: asyncio.Task[ToolReturn]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # of a call nobody waits for any more, nobody wants to hear


class ConnectedTools:
    """Keeps a connection open in a task of its own, because it has to be closed where it was opened; a turn comes and goes."""

    def __init__(self, opened: "Opened", operator: Callable[[], str]) -> None:
        self._opened = opened
        self._operator = operator
        self._stop = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._connection: asyncio.Future[ToolConnection] = asyncio.get_running_loop().create_future()

    def open(self, read_window: "WindowReader") -> None:
        """Begin to open a connection on that window; the one of before is closed behind it."""
        self._stop.set()
        self._stop, self._connection = asyncio.Event(), asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._keep(read_window, self._connection, self._stop, self._task))

    async def connection(self) -> ToolConnection:
        """The connection, once it is open."""
        return await asyncio.shield(self._connection)

    async def close(self) -> None:
        """Close the connection; a tool that is still running ends first."""
        self._stop.set()
        if self._task is not None:
            await asyncio.wait({self._task})

    async def _keep(
        self,
        read_window: "WindowReader",
        connection: asyncio.Future[ToolConnection],
        stop: asyncio.Event,
        before: asyncio.Task[None] | None,
    ) -> None:
        if before is not None:
            await asyncio.wait({before})
        try:
            # Seconds of imports, which must not hold up what the human types.
            await anyio.to_thread.run_sync(importlib.import_module, "tools.server")
            async with connect_tools(self._opened, read_window, self._operator) as opened:
                connection.set_result(opened)
                await stop.wait()
        except Exception as error:  # whoever waits for the connection hears of it
            if not connection.done():
                connection.set_exception(error)
                connection.exception()


@asynccontextmanager
async def connect_tools(opened: "Opened", read_window: "WindowReader", operator: Callable[[], str]) -> AsyncIterator[ToolConnection]:
    """A connection to the tools of `opened`, whose cases are those of the window that `read_window` finds."""
    from agent.case.loop import tool_specs
    from agent.conversation.tool_client import reach
    from agent.operators.rulebook import Rulebook
    from tools.casework import Casework
    from tools.server import build_server

    rulebook = Rulebook(opened.policy)

    def second(calls: "Sequence[Call]") -> "SecondOpinion | None":
        return None if operator() == rulebook.name else rulebook.opinion(calls)

    casework = Casework(opened, read_window, started_by="chat", operator=operator, second=second)
    async with reach(build_server(casework, opened.policy)) as client:
        yield ToolConnection(client, await tool_specs(client))
