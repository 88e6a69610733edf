"""What the guarded server costs a call over the bare SDK, in process, over stdio and over HTTP: a tool that does nothing, both eras.

Ours has strict arguments, and over HTTP the door (token, rate, host and origin, size) and the scopes. The bare server is the SDK's own with
the same tool, over HTTP as `MCPServer.streamable_http_app` makes it, on the same uvicorn and h11. The two are called in turn.
"""

import argparse
import asyncio
import logging
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from statistics import median

import httpx2
from mcp import Client
from mcp.client.stdio import StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp.server import MCPServer
from mcp.server.mcpserver.tools import Tool

from pipeline.clock import utc_now
from pipeline.workspace.folder import Workspace
from pipeline.workspace.tokens import TokenBook
from tools.argument_checks import seal
from tools.http_server import HttpBounds, Listening, http_app
from tools.strict_server import StrictServer

CALLS, WARM_UP = 150, 20
ERAS = {"legacy": "2025-11-25", "2026-07-28": "2026-07-28"}


async def nothing(case_id: str) -> str:
    """Does nothing."""
    return case_id


def server(kind: str) -> MCPServer:
    """Our server, or the bare one, with the one tool."""
    if kind == "ours":
        return StrictServer("bench", tools=[seal(Tool.from_function(nothing))], log_level="ERROR", more_resources=list)
    return MCPServer("bench", tools=[Tool.from_function(nothing)], log_level="ERROR")


def serve(kind: str, transport: str, workspace: Path) -> None:
    """Run as the other process: over stdio, or over HTTP with the address as the one line of stdout."""
    if transport == "stdio":
        server(kind).run("stdio")
        return
    import socket

    import uvicorn

    door = socket.create_server(("127.0.0.1", 0))
    port = door.getsockname()[1]
    if kind == "ours":
        unlimited = HttpBounds(requests=10**9)
        app = http_app(server(kind), TokenBook(Workspace(workspace), utc_now), Listening().security(port), unlimited)
    else:
        app = server(kind).streamable_http_app()
    print(f"http://127.0.0.1:{port}/mcp", flush=True)
    uvicorn.Server(uvicorn.Config(app, http="h11", ws="none", log_config=None, access_log=False)).run(sockets=[door])


async def one(client: Client) -> float:
    """Milliseconds of one call."""
    began = time.perf_counter()
    result = await client.call_tool("nothing", {"case_id": "2026-11-21-abcdef"})
    assert not result.is_error
    return (time.perf_counter() - began) * 1000


async def compare(clients: dict[str, Client]) -> dict[str, float]:
    """The median milliseconds of each, called in turn so that a busy moment meets both."""
    taken: dict[str, list[float]] = {kind: [] for kind in clients}
    for round_ in range(WARM_UP + CALLS):
        for kind, client in clients.items():
            ms = await one(client)
            if round_ >= WARM_UP:
                taken[kind].append(ms)
    return {kind: median(found) for kind, found in taken.items()}


async def main(workspace: Path) -> None:
    """Both servers by every way in both eras."""
    book = TokenBook(Workspace(workspace), utc_now)
    secret = book.create("bench", "train", timedelta(days=1), "bench").secret
    print(f"Median of {CALLS} calls of a tool that does nothing, in turn\n")
    print(f"{'':12}{'era':>12}{'bare SDK ms':>13}{'ours ms':>10}{'ratio':>8}")
    async with AsyncExitStack() as servers:
        addresses = {kind: await _start(servers, kind, workspace) for kind in ("bare", "ours")}
        for transport in ("in process", "stdio", "HTTP"):
            for mode, era in ERAS.items():
                async with AsyncExitStack() as stack:
                    clients = {}
                    for kind in ("bare", "ours"):
                        if transport == "in process":
                            target = server(kind)
                        elif transport == "stdio":
                            target = StdioServerParameters(command=sys.executable, args=[__file__, kind, "stdio", str(workspace)])
                        else:
                            http = await stack.enter_async_context(httpx2.AsyncClient(headers={"Authorization": f"Bearer {secret}"}))
                            target = streamable_http_client(addresses[kind], http_client=http)
                        clients[kind] = await stack.enter_async_context(Client(target, mode=mode))
                    ms = await compare(clients)
                print(f"{transport:12}{era:>12}{ms['bare']:13.2f}{ms['ours']:10.2f}{ms['ours'] / ms['bare']:8.2f}")


async def _start(servers: AsyncExitStack, kind: str, workspace: Path) -> str:
    process = await asyncio.create_subprocess_exec(sys.executable, __file__, kind, "http", str(workspace), stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None

    async def stop() -> None:
        if process.returncode is None:
            process.terminate()
        await process.wait()

    servers.push_async_callback(stop)
    return (await process.stdout.readline()).decode().strip()


if __name__ == "__main__":
    logging.basicConfig(level=logging.ERROR)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("serve", nargs="*", help="internal: KIND TRANSPORT WORKSPACE, to run as one of the servers")
    given = parser.parse_args().serve
    if given:
        serve(given[0], given[1], Path(given[2]))
    else:
        with tempfile.TemporaryDirectory() as folder:
            asyncio.run(main(Path(folder)))
