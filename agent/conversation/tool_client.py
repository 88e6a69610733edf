"""The operator's way to the tools: an MCP client in the same process, whose errors come out as they went in."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mcp import Client
    from mcp.server import MCPServer


@asynccontextmanager
async def reach(server: "MCPServer") -> "AsyncIterator[Client]":
    """A client connected to `server`. An error inside the block leaves it bare, not wrapped in the client's task groups."""
    from mcp import Client

    try:
        async with Client(server) as client:
            yield client
    except BaseExceptionGroup as group:
        raise _bare(group) from None


def _bare(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error
